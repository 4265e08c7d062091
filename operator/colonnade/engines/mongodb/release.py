"""A resource is gone: what it owned is let go, goes to quarantine, or is dropped. What another one declares by now is
handed to that one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from colonnade.core.errors import Refused
from colonnade.core.gate import Drops
from colonnade.core.kind import Model, ObjectId
from colonnade.core.plan import Plan
from colonnade.engines.mongodb.census import census
from colonnade.engines.mongodb.desire import MongoDesired
from colonnade.engines.mongodb.evidence import Evidence
from colonnade.engines.mongodb.planner import Planner
from colonnade.engines.mongodb.read import state
from colonnade.engines.mongodb.records import Entry, Records
from colonnade.engines.mongodb.session import Session

_DROPS: Mapping[str, Drops] = {"Quarantine": "Quarantine", "Delete": "Drop"}


def hand_over(records: Records, owner: str) -> None:
    """A collection that others declare too becomes theirs, with all that belongs to it."""
    heirs = {
        oid.name[0]: min(line.claimed) for oid, line in records.ledger.items() if line.owner == owner and line.claimed
    }
    records.enter({
        oid: Entry(heirs[oid.name[0]], line.names)
        for oid, line in records.ledger.items() if line.owner == owner and oid.name[0] in heirs
    })  # fmt: skip


def forget(records: Records, owner: str) -> None:
    """What it owned belongs to nobody from now on."""
    records.enter({}, gone=owned(records, owner))


def owned(records: Records, owner: str) -> list[ObjectId]:
    return [oid for oid, line in records.ledger.items() if line.owner == owner]


def drops(name: str, session: Session, records: Records, owner: str, policy: str) -> Plan:
    """The steps that take away what a resource owned."""
    if session.policy.drops == "Refuse":
        raise Refused(
            f"{owner} is gone with deletionPolicy {policy}, and policy.drops of {name!r} is Refuse; set that to Quarantine or "
            "Drop, or the resource's deletionPolicy to Retain"
        )
    desired = MongoDesired(model=Model({}), owners={}, digest="", active=frozenset({owner}))
    there = state(census(session), desired, records.ledger)
    policies = replace(session.policy, drops=_DROPS[policy])
    return Planner(name, session.name, policies, Evidence(session, records), records).plan(there, desired)
