import pytest
from pymongo.errors import (
    AutoReconnect,
    ConfigurationError,
    InvalidURI,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from colonnade.core.errors import (
    ColonnadeError,
    DataViolation,
    Failed,
    InvalidSpec,
    Stale,
    Unauthorized,
    Unreachable,
    Unsupported,
    WaitingForLock,
)
from colonnade.engines.mongodb.errors import translated


def failure(code: int, text: str = "it went wrong, full error: {'long': 1}") -> OperationFailure:
    return OperationFailure(text, code, {"errmsg": text})


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (failure(13), Unauthorized),
        (failure(18), Unauthorized),
        (failure(8000), Unauthorized),
        (failure(50), WaitingForLock),
        (failure(12587), WaitingForLock),
        (failure(10107), Unreachable),
        (failure(11000), DataViolation),
        (failure(121), DataViolation),
        (failure(359), DataViolation),
        (failure(9), InvalidSpec),
        (failure(67), InvalidSpec),
        (failure(85), Unsupported),
        (failure(26), Stale),
        (failure(99999), Failed),
        (ServerSelectionTimeoutError("no"), Unreachable),
        (AutoReconnect("lost"), Unreachable),
        (ConfigurationError("odd"), InvalidSpec),
        (InvalidURI("odd"), InvalidSpec),
        (PyMongoError("odd"), Failed),
    ],
)
def test_each_error_has_its_class_and_a_way_out(error: PyMongoError, kind: type[ColonnadeError]) -> None:
    found = translated(error, {"collMod": "orders"}, "shop")
    assert type(found) is kind
    assert "full error" not in str(found)


def test_a_missing_privilege_is_told_with_its_grant() -> None:
    assert str(translated(failure(13), {"collMod": "orders"}, "shop")) == (
        "the database user may not run collMod on shop.orders: it lacks the action collMod; grant it: "
        'db.getSiblingDB("admin").grantPrivilegesToRole("colonnade", [{resource: {db: "shop", collection: ""}, actions: ["collMod"]}])'
    )


def test_nothing_that_could_be_a_credential_is_told() -> None:
    found = translated(failure(99999, "cannot reach mongodb://user:s3cret@host/db"), {"find": "c"}, "shop")
    assert "s3cret" not in str(found)
    assert "user" not in str(found)
