"""Whatever is declared comes back as it was declared: random specs, made, read again, and no difference left."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient

from colonnade.core.gate import Policy
from tests.live.mongodb.live import Mongo

NAMES = st.sampled_from(["a", "b", "c.d", "e_f", "größe", "sp ace"])
SCALARS = st.one_of(st.integers(-5, 5), st.sampled_from([1.5, 2.0, "x", "y", True, None]))
COLLATIONS = st.fixed_dictionaries(
    {"locale": st.sampled_from(["en", "de", "fr_CA", "simple", "sv"])},
    optional={"strength": st.integers(1, 5), "numericOrdering": st.booleans(), "backwards": st.booleans(), "normalization": st.booleans(),
              "caseFirst": st.sampled_from(["upper", "lower", "off"]), "alternate": st.sampled_from(["shifted", "non-ignorable"])},
)  # fmt: skip
CONDITIONS = st.one_of(
    SCALARS,
    st.fixed_dictionaries({}, optional={"$gt": st.integers(0, 3), "$lte": st.integers(4, 9)}).filter(bool),
    st.builds(lambda v: {"$in": v}, st.lists(SCALARS, min_size=1, max_size=3)),
    st.just({"$exists": True}),
    st.builds(lambda t: {"$type": t}, st.sampled_from(["string", 2, ["int", "long"]])),
)
FILTERS = st.recursive(
    st.dictionaries(NAMES, CONDITIONS, min_size=1, max_size=2),
    lambda inner: st.builds(
        lambda op, parts: {op: parts}, st.sampled_from(["$and", "$or"]), st.lists(inner, min_size=1, max_size=2)
    ),
    max_leaves=3,
)
PLAIN_KEYS = st.lists(NAMES, min_size=1, max_size=3, unique=True).flatmap(
    lambda names: st.tuples(
        *[st.builds(lambda o, n=n: {"field": n, "order": o}, st.sampled_from([1, -1])) for n in names]
    )
)


def _index(keys: Any, more: dict[str, Any]) -> dict[str, Any]:
    if len(keys) > 1:
        more.pop("expireAfter", None)
    if "partialFilter" in more:
        more.pop("sparse", None)
    return {"keys": list(keys), **more}


BTREE = st.builds(
    _index,
    PLAIN_KEYS,
    st.fixed_dictionaries(
        {},
        optional={
            "unique": st.booleans(),
            "sparse": st.booleans(),
            "hidden": st.booleans(),
            "expireAfter": st.sampled_from(["1s", "720h", "90s"]),
            "partialFilter": FILTERS,
            "collation": COLLATIONS,
        },
    ),
)
SPECIAL = st.sampled_from([
    {"keys": [{"field": "t", "type": "text"}], "collation": {"locale": "simple"}},
    {"keys": [{"field": "x", "order": 1}, {"field": "t", "type": "text"}, {"field": "u", "type": "text"}], "weights": {"u": 7},
     "defaultLanguage": "german", "collation": {"locale": "simple"}},
    {"keys": [{"field": "g", "type": "2dsphere"}]},
    {"keys": [{"field": "g", "type": "2dsphere"}, {"field": "a", "order": -1}], "sparse": True},
    {"keys": [{"field": "h", "type": "hashed"}]},
    {"keys": [{"field": "$**", "order": 1}]},
    {"keys": [{"field": "$**", "order": 1}], "wildcardProjection": {"a": 1, "b": {"c": 1}}},
    {"keys": [{"field": "n.$**", "order": 1}]},
])  # fmt: skip


def _name(field: dict[str, Any]) -> str:
    return str(field["name"])


def _named(indexes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": f"i{n}", **index} for n, index in enumerate(indexes)]


def _fields(children: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    members = st.lists(children, max_size=3, unique_by=lambda f: f["name"])
    arrays = st.builds(lambda n, i: {"name": n, "type": "array", "items": {k: v for k, v in i.items() if k not in ("name", "required")}},
                       st.sampled_from("pqr"), children)  # fmt: skip
    return st.builds(lambda n, m: {"name": n, "type": "object", "fields": m}, st.sampled_from("pqr"), members) | arrays


FIELDS: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.builds(lambda n, more: {"name": n, **more}, st.sampled_from("abcxyz"), st.one_of(
        st.fixed_dictionaries({"type": st.just("string")}, optional={"required": st.booleans(), "maxLength": st.integers(1, 9),
                              "enum": st.lists(st.sampled_from(["u", "v", "w"]), min_size=1, unique=True), "nullable": st.booleans()}),
        st.fixed_dictionaries({"type": st.sampled_from(["int", "long", "double", "number"])}, optional={"minimum": st.sampled_from([0, 1.5])}),
        st.fixed_dictionaries({"type": st.sampled_from(["bool", "date", "objectId", "any", "decimal"])}),
    )),
    _fields, max_leaves=6,
)  # fmt: skip
FIELD_LISTS: st.SearchStrategy[list[dict[str, Any]]] = st.lists(FIELDS, min_size=1, max_size=4, unique_by=_name)
COLLECTIONS = st.fixed_dictionaries(
    {},
    optional={
        "fields": FIELD_LISTS,
        "validation": st.fixed_dictionaries({}, optional={"level": st.sampled_from(["Strict", "Moderate", "Disabled"]),
                                            "action": st.sampled_from(["Error", "Warn"]), "query": FILTERS}),
        "indexes": st.builds(lambda plain, special: _named([*plain, *special]), st.lists(BTREE, max_size=4), st.lists(SPECIAL, max_size=1)),
        "options": st.fixed_dictionaries({}, optional={"prePostImages": st.just(True), "collation": COLLATIONS}),
    },
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(collections=st.lists(COLLECTIONS, min_size=1, max_size=2))
def test_what_is_made_is_what_was_declared(make_mongo: Callable[[], str], collections: list[dict[str, Any]]) -> None:
    named = [{"name": f"c{n}", **collection} for n, collection in enumerate(collections)]
    body = json.dumps({"collections": named})
    url = make_mongo()
    with MongoClient[dict[str, Any]](url) as client:
        mongo = Mongo(url, client.get_default_database())
        result = mongo.reconcile(body)
        if result.desired.errors:  # a twin index, a text index under a collation: told, and nothing made
            assert mongo.names() == set()
            event(str(next(iter(result.desired.errors.values())))[-60:])
            return
        assert mongo.steps(body) == []
        assert mongo.steps(body, Policy(mode="Plan")) == []
        assert mongo.reconcile(body).plan is None
        client.drop_database(mongo.db.name)
