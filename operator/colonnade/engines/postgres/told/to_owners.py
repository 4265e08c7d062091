"""Rights declared for a role that owns the object, where nobody declares that it does: an owner has them all, and the server gives it none.

Where the declaration is loaded, the object is somebody else's, and the right is one beyond the owner's.
https://www.postgresql.org/docs/current/ddl-priv.html
"""

from __future__ import annotations

from collections.abc import Iterator

from colonnade.core.errors import Unsupported
from colonnade.core.kind import NOTHING, Model, ObjectId
from colonnade.engines.postgres.kind import RELATIONS
from colonnade.engines.postgres.kinds.owner import belongs_to
from colonnade.engines.postgres.statement import name, text


def refuse(wanted: Model) -> None:
    """Raises Unsupported with what is so, and how to say it instead."""
    owners = {t: (o, s.role) for o, s in wanted.objects.items() if o.kind == "owner" for t in wanted.parents[o]}
    for oid, spec in wanted.objects.items() if owners else ():
        if oid.kind != "privileges":
            continue
        for owner, role in (owners[t] for t in _owned_with(oid, wanted) if t in owners):
            if any(who in (role, text(name(role))) for who, *_ in spec.granted):
                raise Unsupported(
                    f"rights on {' '.join(oid.name)} are declared for {role}, who owns it in the database, which nobody declares: an "
                    f"owner has all rights, and is given none; declare {text(belongs_to(owner, role))} before them, or take "
                    "them out of the declaration; nothing was changed"
                )


def _owned_with(privileges: ObjectId, wanted: Model) -> Iterator[ObjectId]:
    """What they are about, and the table that this goes with."""
    for target in wanted.parents.get(privileges, NOTHING):
        yield target
        of_table = wanted.objects.get(ObjectId("sequence owner", target.name)) if target.kind == "sequence" else None
        home = of_table.column if of_table else target.name if target.kind == "column" else ()
        yield from (ObjectId(kind, home[:2]) for kind in RELATIONS if home)
