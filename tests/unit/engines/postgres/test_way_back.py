"""What drops says how it is taken back, or why it is not."""

from __future__ import annotations

from collections.abc import Mapping

from colonnade.core.errors import Unsupported
from colonnade.core.kind import Model, ObjectId
from colonnade.engines.postgres.planning import way_back
from colonnade.engines.postgres.planning.work import Act, Work
from colonnade.engines.postgres.statement import q, step

VIEW = ObjectId("view", ("public", "v"))
DROP = Act("drop", VIEW)


def told(again: way_back.MadeAgain) -> tuple[str | None, str]:
    """The reverse of dropping a view, and what is said of it."""
    work = Work(Model({VIEW: None}), Model({}), 180000)
    work.dropped = {VIEW}
    (made,) = way_back.told(work, {DROP: [step(VIEW, q("DROP VIEW v"))]}, again)[DROP]
    return made.undo, made.undo_note


def test_what_is_dropped_is_made_again() -> None:
    assert told(lambda groups: {VIEW: ["CREATE VIEW v AS SELECT 1"]}) == ("CREATE VIEW v AS SELECT 1", "")


def test_where_no_order_would_do_the_circle_is_told() -> None:
    def refused(groups: Mapping[ObjectId, ObjectId]) -> Mapping[ObjectId, list[str]]:
        raise Unsupported("these objects need one another in a circle: create view v -> create view w; break it up")

    why = "no way back is known: these objects need one another in a circle: create view v -> create view w"
    assert told(refused) == (None, why)
