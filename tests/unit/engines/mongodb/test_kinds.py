"""What every kind has to keep to, found by looking into the folder."""

from colonnade.engines.mongodb.kinds import KINDS
from colonnade.engines.mongodb.kinds.index import Index, successor, temporary


def test_the_kinds_are_those_that_are_documented() -> None:
    assert list(KINDS) == ["collection", "validator", "index", "view"]
    assert KINDS["collection"].holds_data


def test_names_that_are_made_up_fit_and_differ() -> None:
    long = Index(keys=(("a", 1),), name="x" * 127)
    assert len(successor(long)) <= 127
    assert len(temporary(long)) <= 127
    for named in (successor, temporary):
        assert named(long) != named(Index(keys=(("b", 1),), name="x" * 127))
