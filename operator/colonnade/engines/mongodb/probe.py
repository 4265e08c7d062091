"""What a Datastore's status says of its server: version, place, TLS, and what the user lacks, each with the command
that gives it.

Privileges are asked of the server (https://www.mongodb.com/docs/manual/reference/command/connectionStatus/), not tried
out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from colonnade.engines import Probe
from colonnade.engines.mongodb.errors import grant
from colonnade.engines.mongodb.rehearse import SCRATCH
from colonnade.engines.mongodb.session import CHANGES, Session

READS = ("listCollections", "listIndexes", "find")
RECORDS = ("find", "insert", "update", "remove", "createCollection")
OWN = ("colonnade.journal", "colonnade.ledger", "colonnade.lock", "colonnade.quarantine", "colonnade.state")
_MORE: Mapping[str, tuple[str, ...]] = {
    "drops": ("dropCollection", "renameCollectionSameDB"),
    "backfills": ("update",),
    "index usage": ("indexStats",),
}
_CLUSTER: Mapping[str, str] = {"progress": "inprog", "replica lag": "replSetGetStatus"}


def probe(session: Session, *, tls: bool) -> Probe:
    """Writes nothing."""
    hello = session.hello
    replica_set = str(hello.get("setName", ""))
    primary = bool(hello.get("isWritablePrimary"))
    problems = list(_missing(session))
    if not primary:
        problems.append(
            "the address leads to a member that takes no writes; name the replica set in it (replicaSet=…), without "
            "directConnection, so that the primary is found"
        )
    return Probe(
        version=".".join(map(str, session.version)),
        capabilities=tuple(_capabilities(session, replica_set)),
        problems=tuple(problems),
        read_only=session.read_only,
        tls=tls,
        facts={"topology": f"replica set {replica_set}" if replica_set else "standalone", "members": str(len(hello.get("hosts", [1])))},
    )  # fmt: skip


def _missing(session: Session) -> Iterator[str]:
    applies = session.policy.mode == "Apply"
    wanted = {"": (*READS, *(CHANGES if applies else ()))}
    if applies:
        wanted |= dict.fromkeys(OWN, RECORDS) | {SCRATCH: ("dropCollection",)}
    for collection, actions in wanted.items():
        if lacking := tuple(a for a in actions if not session.may(a, collection)):
            where = f"{session.name}.{collection}" if collection else f"the collections of {session.name}"
            yield f"the database user may not {', '.join(lacking)} on {where}; grant it: {grant(session.name, collection, lacking)}"


def _capabilities(session: Session, replica_set: str) -> Iterator[str]:
    if all(session.may(action) for action in CHANGES):
        yield "schema"
    yield from (name for name, actions in _MORE.items() if all(session.may(action) for action in actions))
    yield from (name for name, action in _CLUSTER.items() if session.may_on_cluster(action))
    if replica_set:
        yield "transactions"
