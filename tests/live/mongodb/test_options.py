"""Options of collections: changed in place where MongoDB can, refused with the way out where it cannot."""

from datetime import UTC, datetime

import pytest

from colonnade.core.errors import Unsupported
from tests.live.mongodb.live import Mongo


def with_options(options: str, more: str = "") -> str:
    return f"collections: [{{name: c, options: {options}{more}}}]"


@pytest.mark.parametrize(
    "options",
    [
        "{}",
        "{collation: {locale: de, strength: 1}}",
        "{collation: {locale: fr_CA}}",
        "{collation: {locale: simple}}",
        "{capped: {size: 5000}}",
        "{capped: {size: 4096, max: 10}}",
        "{timeseries: {timeField: t}}",
        "{timeseries: {timeField: t, metaField: m, granularity: Hours}, expireAfter: 720h}",
        "{clustered: {}}",
        "{clustered: {name: mine}, expireAfter: 1h}",
        "{prePostImages: true}",
    ],
)
def test_each_option_comes_back_as_it_was_declared(mongo: Mongo, options: str) -> None:
    mongo.apply(with_options(options))


@pytest.mark.parametrize(
    ("before", "after", "hazards"),
    [
        ("{prePostImages: true}", "{}", []),
        ("{}", "{prePostImages: true}", []),
        ("{capped: {size: 4096}}", "{capped: {size: 8192}}", []),
        ("{capped: {size: 8192}}", "{capped: {size: 4096}}", ["NARROWS_DATA"]),
        ("{capped: {size: 4096}}", "{capped: {size: 4096, max: 5}}", ["NARROWS_DATA"]),
        ("{capped: {size: 4096, max: 5}}", "{capped: {size: 4096, max: 6}}", []),
        ("{capped: {size: 4096, max: 5}}", "{capped: {size: 4096}}", []),
        ("{timeseries: {timeField: t}}", "{timeseries: {timeField: t, granularity: Minutes}}", []),
        ("{timeseries: {timeField: t}}", "{timeseries: {timeField: t, granularity: Hours}}", []),
        ("{timeseries: {timeField: t}}", "{timeseries: {timeField: t}, expireAfter: 1h}", ["EXPIRES_DATA"]),
        ("{timeseries: {timeField: t}, expireAfter: 1h}", "{timeseries: {timeField: t}, expireAfter: 2h}", []),
        ("{timeseries: {timeField: t}, expireAfter: 1h}", "{timeseries: {timeField: t}}", []),
        ("{clustered: {}}", "{clustered: {}, expireAfter: 1h}", ["EXPIRES_DATA"]),
        ("{clustered: {}, expireAfter: 1h}", "{clustered: {}}", []),
    ],
)
def test_what_changes_in_place(mongo: Mongo, before: str, after: str, hazards: list[str]) -> None:
    mongo.apply(with_options(before))
    assert mongo.hazards(with_options(after)) == hazards
    mongo.apply(with_options(after))


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("{}", "{collation: {locale: de}}", "collation"),
        ("{collation: {locale: de}}", "{collation: {locale: de, strength: 1}}", "collation"),
        ("{}", "{capped: {size: 4096}}", "capped"),
        ("{capped: {size: 4096}}", "{}", "capped"),
        ("{}", "{clustered: {}}", "clustered"),
        ("{}", "{timeseries: {timeField: t}}", "timeseries.timeField"),
        ("{timeseries: {timeField: t}}", "{timeseries: {timeField: u}}", "timeseries.timeField"),
        ("{timeseries: {timeField: t}}", "{timeseries: {timeField: t, metaField: m}}", "timeseries.metaField"),
    ],
)
def test_what_cannot_change_is_refused_with_the_way_out(mongo: Mongo, before: str, after: str, named: str) -> None:
    mongo.apply(with_options(before))
    with pytest.raises(Unsupported, match=rf"collection c: MongoDB cannot change {named} .*\$merge"):
        mongo.plan(with_options(after))


def test_a_granularity_does_not_become_finer(mongo: Mongo) -> None:
    mongo.apply(with_options("{timeseries: {timeField: t, granularity: Hours}}"))
    with pytest.raises(Unsupported, match="only ever becomes coarser"):
        mongo.plan(with_options("{timeseries: {timeField: t, granularity: Minutes}}"))


def test_what_expires_in_a_clustered_collection_is_counted(mongo: Mongo) -> None:
    mongo.apply(with_options("{clustered: {}}"))
    mongo.db.c.insert_one({"_id": datetime(2020, 1, 1, tzinfo=UTC)})
    (hazard,) = mongo.plan(with_options("{clustered: {}, expireAfter: 1h}")).hazards
    assert "1 document older than 3600 s" in hazard.message


def test_indexes_of_a_time_series(mongo: Mongo) -> None:
    spec = with_options(
        "{timeseries: {timeField: t, metaField: m}}", ", indexes: [{name: by_m, keys: [{field: m.a, order: 1}]}]"
    )
    mongo.apply(spec)
    assert "by_m" in mongo.indexes("c")


def test_an_option_that_no_kind_manages_is_named_and_left(mongo: Mongo) -> None:
    mongo.db.create_collection("c", storageEngine={"wiredTiger": {"configString": "block_compressor=zlib"}})
    state = mongo.apply(with_options("{}")).state
    assert state is not None
    assert state.unmanaged == ("option c.storageEngine",)
    assert "storageEngine" in mongo.options("c")
