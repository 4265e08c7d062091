"""One spelling for values, queries and schemas that the server takes for the same.

The server stores validators word for word and compares partial filters by meaning; numbers are equal by value, whatever
their type. Canonical forms are texts: two of them are equal exactly where the server would see no difference. Order
counts only where it does for the server: inside literal documents, and in the keys of an index.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bson.decimal128 import Decimal128

from colonnade.engines.mongodb.statement import text

_TYPES = {
    1: "double", 2: "string", 3: "object", 4: "array", 5: "binData", 6: "undefined", 7: "objectId", 8: "bool", 9: "date", 10: "null",
    11: "regex", 12: "dbPointer", 13: "javascript", 14: "symbol", 15: "javascriptWithScope", 16: "int", 17: "timestamp", 18: "long",
    19: "decimal", -1: "minKey", 127: "maxKey",
}  # fmt: skip
"""https://www.mongodb.com/docs/manual/reference/bson-types/"""

_COLLATION = {
    "caseLevel": False,
    "caseFirst": "off",
    "strength": 3,
    "numericOrdering": False,
    "alternate": "non-ignorable",
    "maxVariable": "punct",
    "normalization": False,
    "backwards": False,
}
_BACKWARDS = ("fr_CA",)
"""The one locale whose defaults differ: asked of the server for each locale that it knows."""


def plain(value: Any) -> Any:
    """The value with each number in one type; the order of keys stays."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return number(value)


def number(value: Any) -> Any:
    """1, 1.0, Int64(1) and Decimal128(1) are one number; anything else is itself."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal128):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    exact = value.to_decimal()
    if exact.is_finite() and exact == exact.to_integral_value():
        return int(exact)
    return Decimal128(exact.normalize()) if exact.is_finite() else value


def literal(value: Any) -> str:
    """A value as a text; documents differ where their order does."""
    return text(plain(value))


def collation(spec: Mapping[str, Any] | None) -> str:
    """A collation with all its defaults and without the server's ICU version; the simple one is the empty text."""
    if not spec or spec.get("locale") == "simple":
        return ""
    defaults = {**_COLLATION, "backwards": spec.get("locale") in _BACKWARDS}
    full = {**defaults, **{k: v for k, v in spec.items() if k != "version"}}
    return text({k: number(full[k]) for k in sorted(full)})


def query(spec: Mapping[str, Any] | None) -> str:
    """A query as its sorted conditions: what partial filters and validators are compared by."""
    return "" if not spec else _all(_conditions(spec))


def rule(spec: Mapping[str, Any]) -> str:
    """A validator: word for word, as the server keeps it, but for a JSON schema in it."""
    return text(_worded(spec))


def _worded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): schema(v) if k == "$jsonSchema" else _worded(v) for k, v in value.items()}
    return [_worded(v) for v in value] if isinstance(value, list | tuple) else number(value)


def _all(conditions: Iterable[str]) -> str:
    return " and ".join(sorted(set(conditions)))


def _conditions(spec: Mapping[str, Any]) -> Iterable[str]:
    for key, value in spec.items():
        if key == "$and":
            for part in value:
                yield from _conditions(part)
        elif key in ("$or", "$nor"):
            yield from _branches(key, value)
        elif key == "$jsonSchema":
            yield f"$jsonSchema {schema(value)}"
        elif key.startswith("$"):
            yield f"{key} {literal(value)}"
        elif isinstance(value, Mapping) and value and all(k.startswith("$") for k in value):
            yield from _operators(key, value)
        else:
            yield _condition(key, "$eq", value)


def _branches(key: str, parts: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    branches = sorted({query(part) for part in parts})
    if key == "$or" and len(branches) == 1:
        yield from _conditions(parts[0])
    else:
        yield f"{key} [{', '.join(f'({b})' for b in branches)}]"


def _operators(path: str, operators: Mapping[str, Any]) -> Iterable[str]:
    if "$regex" in operators:
        whole = {k: operators[k] for k in ("$regex", "$options") if k in operators}
        yield f"{literal(path)} {literal(whole)}"
    for op, value in operators.items():
        if op == "$in" and len(value) == 1 and isinstance(value[0], str | int | float | bool):
            yield _condition(path, "$eq", value[0])
        elif op not in ("$regex", "$options"):
            yield _condition(path, op, value)


def _condition(path: str, op: str, value: Any) -> str:
    if op in ("$in", "$nin", "$all"):
        told = f"[{', '.join(sorted({literal(v) for v in value}))}]"
    elif op == "$exists":
        told = text(bool(number(value)))
    elif op == "$type":
        told = text(_types(value))
    elif op == "$not" and isinstance(value, Mapping):
        told = f"({_all(_operators(path, value))})"
    elif op == "$elemMatch":
        told = f"({query(value)})"
    else:
        told = literal(value)
    return f"{literal(path)} {op} {told}"


def _types(value: Any) -> list[str]:
    listed = value if isinstance(value, list | tuple) else [value]
    return sorted({_TYPES.get(n, str(n)) if isinstance(n := number(one), int) else str(one) for one in listed})


def schema(spec: Any) -> str:
    """A JSON schema as a text, whatever the order of its keys, required fields, enum values and types."""
    return text(_schema(spec))


_SETS = ("required", "enum", "bsonType", "type")
_NAMED = ("properties", "patternProperties")
_ONE = ("not", "additionalProperties", "additionalItems")
_MANY = ("allOf", "anyOf", "oneOf")


def _schema(spec: Any) -> Any:
    if not isinstance(spec, Mapping):
        return number(spec)
    return {key: _keyword(key, spec[key]) for key in sorted(spec)}


def _keyword(key: str, value: Any) -> Any:
    if key in _SETS:
        return sorted({literal(v) for v in (value if isinstance(value, list | tuple) else [value])})
    if key in _NAMED and isinstance(value, Mapping):
        return {name: _schema(value[name]) for name in sorted(value)}
    if key in _ONE:
        return _schema(value)
    if key in _MANY and isinstance(value, list | tuple):
        return sorted((_schema(v) for v in value), key=text)
    if key == "items":
        return [_schema(v) for v in value] if isinstance(value, list | tuple) else _schema(value)
    if key == "dependencies" and isinstance(value, Mapping):
        return {name: _dependency(value[name]) for name in sorted(value)}
    return plain(value)


def _dependency(value: Any) -> Any:
    return sorted(map(literal, value)) if isinstance(value, list | tuple) else _schema(value)
