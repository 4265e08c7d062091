"""Views are changed in place, and replaced where they cannot be."""

import pytest

from colonnade.core.errors import InvalidSpec, Unsupported
from tests.live.mongodb.live import Mongo

BASE = "collections: [{name: c}]\nviews: [{name: v, viewOn: c, pipeline: [{$match: {a: 1}}, {$sort: {a: 1, b: -1}}]}]"


@pytest.mark.parametrize(
    "after",
    [
        BASE.replace("{a: 1}", "{a: 2}"),
        BASE.replace("{a: 1, b: -1}", "{b: -1, a: 1}"),
        BASE.replace("viewOn: c", "viewOn: elsewhere"),
        BASE[:-2] + ", collation: {locale: de}}]",
    ],
)
def test_a_view_changes(mongo: Mongo, after: str) -> None:
    mongo.apply(BASE)
    assert "BREAKS_CLIENTS" in mongo.hazards(after)
    mongo.apply(after)
    mongo.apply(BASE)


def test_a_view_that_is_spelt_otherwise_is_the_same(mongo: Mongo, writes: list[str]) -> None:
    mongo.db.create_collection("c")
    mongo.db.command("create", "v", viewOn="c", pipeline=[{"$match": {"a": 1.0}}, {"$sort": {"a": 1, "b": -1.0}}])
    writes.clear()
    mongo.apply(BASE)
    assert not [w for w in writes if not w.split()[1].startswith("colonnade.")]


def test_a_view_is_dropped_and_its_undo_makes_it_again(mongo: Mongo) -> None:
    mongo.apply(BASE)
    (step,) = mongo.plan("collections: [{name: c}]").steps
    assert step.undo is not None
    mongo.apply("collections: [{name: c}]")
    assert mongo.names() == {"c"}


def test_a_collection_does_not_become_a_view(mongo: Mongo) -> None:
    mongo.db.v.insert_one({})
    with pytest.raises(Unsupported, match="a collection of this name is there already"):
        mongo.plan(BASE)


def test_a_view_that_writes_is_refused(mongo: Mongo) -> None:
    with pytest.raises(InvalidSpec, match=r"pipeline\[0\]: \$out writes"):
        mongo.plan("views: [{name: v, viewOn: c, pipeline: [{$out: x}]}]")
