"""Every layout of a connection Secret that is promised, as its author really writes it."""

from __future__ import annotations

import base64
import stat
from pathlib import Path
from typing import Any

import pytest

from colonnade import log
from colonnade.cluster.target import Files, address, admit, hosts, target
from colonnade.core.errors import InvalidSpec, Refused, WaitingForDependency
from colonnade.resources import Datastore


def secret(labels: dict[str, str] | None = None, **texts: str) -> dict[str, Any]:
    data = {key.replace("__", "-"): base64.b64encode(value.encode()).decode() for key, value in texts.items()}
    return {"kind": "Secret", "metadata": {"name": "db", "namespace": "shop", "labels": labels}, "data": data}


def url(engine: str, found: dict[str, Any], **keys: str) -> str:
    return address(engine, "db", found, keys)


CLOUDNATIVEPG = secret(
    username="app", user="app", password="p@ss/w:rd", dbname="app", host="pg-rw", port="5432",
    uri="postgresql://app:p%40ss%2Fw%3Ard@pg-rw.shop:5432/app", jdbc__uri="jdbc:postgresql://pg-rw.shop:5432/app?user=app",
    pgpass="pg-rw:5432:app:app:p@ss/w:rd\n",
)  # fmt: skip
CRUNCHY = secret(
    dbname="hippo", host="hippo-primary.shop.svc", port="5432", user="hippo", password="x=y&z", verifier="SCRAM-SHA-256$4096:abc",
    uri="postgresql://hippo:x%3Dy%26z@hippo-primary.shop.svc:5432/hippo", pgbouncer__uri="postgresql://hippo:x@hippo-pgbouncer/hippo",
)  # fmt: skip
ZALANDO = secret(
    {"application": "spilo", "cluster-name": "acid-minimal", "team": "acid"}, username="zalando", password="geheim"
)
BINDING = secret(
    type="postgresql", provider="bitnami", host="h", port="5433", username="u", password="secret", database="d"
)
MONGODB_COMMUNITY = {
    "kind": "Secret",
    "metadata": {"name": "db", "namespace": "shop"},
    "data": {
        key: base64.b64encode(value.encode()).decode()
        for key, value in {
            "connectionString.standard": "mongodb://me:pw@m-0.m.shop.svc:27017,m-1.m.shop.svc:27017/shop?replicaSet=m",
            "connectionString.standardSrv": "mongodb+srv://me:pw@m.shop.svc/shop?replicaSet=m&ssl=false",
            "username": "me",
            "password": "pw",
        }.items()
    },
}
ATLAS = secret(
    connectionStringStandardSrv="mongodb+srv://cluster0.abc.mongodb.net/shop", username="me", password="a b@c"
)


@pytest.mark.parametrize(
    ("engine", "found", "wanted"),
    [
        ("Postgres", secret(uri="postgresql://u:p@h/d"), "postgresql://u:p@h/d"),
        ("Postgres", CLOUDNATIVEPG, "postgresql://app:p%40ss%2Fw%3Ard@pg-rw.shop:5432/app"),
        ("Postgres", CRUNCHY, "postgresql://hippo:x%3Dy%26z@hippo-primary.shop.svc:5432/hippo"),
        ("Postgres", ZALANDO, "postgresql://zalando:geheim@acid-minimal.shop.svc:5432/"),
        ("Postgres", BINDING, "postgresql://u:secret@h:5433/d"),
        ("MongoDB", MONGODB_COMMUNITY, "mongodb+srv://me:pw@m.shop.svc/shop?replicaSet=m&ssl=false"),
        ("MongoDB", ATLAS, "mongodb+srv://me:a%20b%40c@cluster0.abc.mongodb.net/shop"),
        ("MongoDB", BINDING, "mongodb://u:secret@h:5433/d?authSource=admin"),
        (
            "MongoDB",
            secret(host="h", database="d", username="u", password="p", authSource="d"),
            "mongodb://u:p@h:27017/d?authSource=d",
        ),
        ("MongoDB", secret(host="h", database="d"), "mongodb://h:27017/d"),
    ],
    ids=[
        "uri",
        "cloudnativepg",
        "crunchy",
        "zalando",
        "binding",
        "mongodb-community",
        "atlas",
        "mongodb-parts",
        "auth-source",
        "no-user",
    ],
)
def test_the_address_is_found_in_every_common_layout(engine: str, found: dict[str, Any], wanted: str) -> None:
    assert url(engine, found) == wanted


def test_keys_with_other_names_are_named_in_the_spec() -> None:
    found = secret(DB_HOST="h", DB_PORT="1", DB_NAME="d", DB_USER="u", DB_PASSWORD="p", uri="postgresql://not/this")
    keys = {
        "host": "DB_HOST",
        "port": "DB_PORT",
        "database": "DB_NAME",
        "username": "DB_USER",
        "password": "DB_PASSWORD",
    }
    assert url("Postgres", found, **keys) == "postgresql://u:p@h:1/d"
    assert url("Postgres", secret(DSN="postgresql://u:p@h/d"), uri="DSN") == "postgresql://u:p@h/d"


def test_whatever_stands_in_a_password_it_is_one_part_of_the_address() -> None:
    found = secret(host="h", database="da ta", username="u@x", password="a/b?c#d%e:f@g")
    assert url("Postgres", found) == "postgresql://u%40x:a%2Fb%3Fc%23d%25e%3Af%40g@h:5432/da%20ta"


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("h", "h:5432"),
        ("fd00::1", "[fd00::1]:5432"),
        ("[fd00::1]:1", "[fd00::1]:1"),
        ("a,b:1", "a:5432,b:1"),
        ("10.0.0.1", "10.0.0.1:5432"),
    ],
)
def test_a_host_gets_its_port_unless_it_has_one(host: str, wanted: str) -> None:
    assert url("Postgres", secret(host=host, database="d")) == f"postgresql://{wanted}/d"


def test_a_trailing_newline_of_a_file_is_no_part_of_a_value() -> None:
    assert (
        url("Postgres", secret(host="h\n", database="d\n", username="u\n", password="p\n"))
        == "postgresql://u:p@h:5432/d"
    )


@pytest.mark.parametrize(
    ("found", "keys", "message"),
    [
        (secret(username="u", password="p"), {}, "neither an address .* it has password, username"),
        (secret(), {}, "Secret db is empty"),
        (secret(host="h"), {"password": "PASS"}, "has no key 'PASS'; it has host"),
    ],
)
def test_what_a_secret_lacks_is_named_with_what_it_has(
    found: dict[str, Any], keys: dict[str, str], message: str
) -> None:
    with pytest.raises(WaitingForDependency, match=message):
        url("Postgres", found, **keys)


def test_a_password_that_is_not_encoded_is_refused_before_a_part_of_it_is_taken_for_the_host() -> None:
    with pytest.raises(InvalidSpec, match="in Secret db: there is an @ where none may be") as caught:
        url("Postgres", secret(uri="postgresql://u:hunter@22tail@h/d"))
    assert "22tail" not in str(caught.value)


def test_the_address_of_another_engine_is_refused_without_being_shown() -> None:
    with pytest.raises(InvalidSpec, match="begins with 'mysql'") as caught:
        url("Postgres", secret(uri="mysql://u:hunter22@h/d"))
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    ("address_", "found"),
    [
        ("postgresql://u:p@a:1,b/d", ["a", "b"]),
        ("postgresql://u@[fd00::1]:5432/d", ["fd00::1"]),
        ("postgresql:///d?host=evil&hostaddr=10.0.0.1", ["", "evil", "10.0.0.1"]),
        ("postgresql:///d?host=a,b", ["", "a", "b"]),
        ("postgresql:///d?host=/var/run", ["", "/var/run"]),
        ("mongodb+srv://u:p@cluster.example.org/d", ["cluster.example.org"]),
    ],
)
def test_every_host_of_an_address_is_known(address_: str, found: list[str]) -> None:
    assert list(hosts(address_)) == found


def test_only_allowed_hosts_are_connected_to() -> None:
    admit("postgresql://db.shop.svc/d", ["*.svc"])
    admit("postgresql://anything/d", [])
    for evil in (
        "postgresql://169.254.169.254/d",
        "postgresql://db.shop.svc,evil/d",
        "postgresql://db.shop.svc/d?hostaddr=10.0.0.1",
    ):
        with pytest.raises(Refused, match="--allowed-hosts"):
            admit(evil, ["*.svc"])
    with pytest.raises(Refused, match="service file"):
        admit("postgresql://db.shop.svc/d?service=x", ["*.svc"])


def test_passwords_are_never_logged_again() -> None:
    url("Postgres", secret(host="h", database="d", username="someone", password="tr0ub4dor &3"))
    url("Postgres", secret(uri="postgresql://someone:c0rrect%20horse@h/d"))
    text = log.scrub(
        "tr0ub4dor &3, tr0ub4dor%20%263, tr0ub4dor+%263 and c0rrect horse, c0rrect%20horse of someone at h"
    )
    assert text == "[hidden], [hidden], [hidden] and [hidden], [hidden] of someone at h"


def datastore(**connection: Any) -> Datastore:
    spec = {"engine": "Postgres", "connection": {"secretRef": {"name": "db"}, **connection}}
    body = {
        "apiVersion": "colonnade.dev/v1alpha1",
        "kind": "Datastore",
        "metadata": {"name": "shop", "namespace": "shop"},
        "spec": spec,
    }
    return Datastore.model_validate(body)


def test_certificates_become_private_files_and_the_same_content_the_same_file() -> None:
    tls = {"mode": "VerifyFull", "caSecretRef": {"name": "ca"}, "certificateSecretRef": {"name": "client"}}
    data = {
        key: base64.b64encode(value.encode()).decode()
        for key, value in {"ca.crt": "CA", "tls.crt": "C", "tls.key": "K"}.items()
    }
    pems = {"kind": "Secret", "metadata": {"name": "x", "namespace": "shop"}, "data": data}
    found = {"db": secret(uri="postgresql://u:p@h/d"), "ca": pems, "client": pems}
    files = Files()
    one, two = (target(datastore(tls=tls), found, files) for _ in range(2))
    assert one == two
    assert one.tls_mode == "VerifyFull"
    for path, content in ((one.ca_file, "CA"), (one.certificate_file, "C"), (one.key_file, "K")):
        assert path is not None
        assert Path(path).read_text() == content
        assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    files.close()
    assert one.ca_file is not None
    assert not Path(one.ca_file).exists()


def test_a_missing_secret_and_a_missing_certificate_are_named() -> None:
    files = Files()
    with pytest.raises(WaitingForDependency, match="Secret db is not there"):
        target(datastore(), {}, files)
    tls = {"mode": "VerifyCA", "caSecretRef": {"name": "db", "key": "root.pem"}}
    with pytest.raises(WaitingForDependency, match=r"has no key 'root.pem'; it has uri"):
        target(datastore(tls=tls), {"db": secret(uri="postgresql://u:p@h/d")}, files)
    files.close()


def test_a_target_never_shows_its_secrets() -> None:
    files = Files()
    assert "swordfish" not in repr(target(datastore(), {"db": secret(uri="postgresql://u:swordfish@h/d")}, files))
    files.close()
