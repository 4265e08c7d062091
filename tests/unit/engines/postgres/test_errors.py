"""What the server's errors mean for us, and that their texts give nothing away."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors as server

from colonnade.core.errors import ColonnadeError, DataViolation, Failed, Unauthorized, Unreachable, WaitingForLock
from colonnade.engines import Target
from colonnade.engines.postgres.errors import MEANINGS, meaning, translated
from colonnade.engines.postgres.session import parameters


@pytest.mark.parametrize("state", MEANINGS)
def test_each_code_is_one_that_the_server_has(state: str) -> None:
    assert issubclass(server.lookup(state), psycopg.Error)


@pytest.mark.parametrize(("state", "wanted"), [(k, v[0]) for k, v in MEANINGS.items()])
def test_each_code_becomes_our_error_with_what_to_do(state: str, wanted: type[ColonnadeError]) -> None:
    told = meaning(server.lookup(state)("secret text"), "shop")
    assert type(told) is wanted
    assert str(told).startswith("shop: ")
    assert MEANINGS[state][1] in str(told)
    assert "secret" not in str(told), "only the primary message of the server is shown"


@pytest.mark.parametrize(
    ("said", "wanted", "part"),
    [
        ('connection failed: FATAL:  password authentication failed for user "a"', Unauthorized, "password"),
        ("fe_sendauth: no password supplied", Unauthorized, "password"),
        ('FATAL:  role "a" does not exist', Unauthorized, "does not know the user"),
        (
            'FATAL:  no pg_hba.conf entry for host "::1", user "a", database "b", no encryption',
            Unauthorized,
            "pg_hba.conf",
        ),
        ('FATAL:  database "b" does not exist', Unreachable, "create it"),
        ("SSL error: certificate verify failed", Unreachable, "TLS"),
        ("server does not support SSL, but SSL was required", Unreachable, "TLS"),
        (
            'connection failed: connection to server at "127.0.0.1", port 1 failed: Connection refused',
            Unreachable,
            "Connection refused",
        ),
        ("[Errno -2] Name or service not known", Unreachable, "does not answer"),
        ("connection timeout expired", Unreachable, "tried again"),
        ("", Unreachable, "OperationalError"),
    ],
)
def test_why_there_is_no_connection(said: str, wanted: type[ColonnadeError], part: str) -> None:
    told = meaning(psycopg.OperationalError(said), "shop")
    assert type(told) is wanted
    assert part in str(told)
    assert told.retry is not None, "a Secret can be rotated, a server come back"


def test_an_error_that_nobody_foresaw_is_a_failure() -> None:
    assert type(meaning(server.DivisionByZero("x"), "shop")) is DataViolation, "a value does not do"
    assert type(meaning(server.InternalError_("x"), "shop")) is Failed
    assert type(meaning(psycopg.InterfaceError("x"), "shop")) is Failed


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (server.LockNotAvailable, WaitingForLock),
        (server.UniqueViolation, DataViolation),
        (server.InsufficientPrivilege, Unauthorized),
    ],
)
def test_a_block_is_translated(error: type[psycopg.Error], wanted: type[ColonnadeError]) -> None:
    with pytest.raises(wanted) as told, translated("shop"):
        raise error("x")
    assert isinstance(told.value.__cause__, error)


def test_other_errors_of_a_block_pass() -> None:
    with pytest.raises(ZeroDivisionError), translated("shop"):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [
        ("VerifyFull", "verify-full"),
        ("VerifyCA", "verify-ca"),
        ("Require", "require"),
        ("Prefer", "prefer"),
        ("Disable", "disable"),
    ],
)
def test_tls_is_asked_for_in_the_words_of_libpq(mode: str, wanted: str) -> None:
    assert parameters(Target("shop", "x", tls_mode=mode))["sslmode"] == wanted


def test_files_and_time_limits_go_with_the_address() -> None:
    found = parameters(Target("shop", "x", ca_file="/ca", certificate_file="/cert", key_file="/key"))
    assert {k: found.get(k) for k in ("sslrootcert", "sslcert", "sslkey", "sslmode")} == {
        "sslrootcert": "/ca",
        "sslcert": "/cert",
        "sslkey": "/key",
        "sslmode": None,
    }
    assert found["connect_timeout"] == 5
    assert found["application_name"] == "colonnade"


def test_a_target_shows_no_secrets() -> None:
    shown = repr(Target("shop", "postgresql://u:hunter2@h/d", "postgresql://u:hunter3@h/d", key_file="/hunter4"))
    assert "hunter" not in shown
