"""Whether a new rule lets through all that an old one let through: then nobody's writes can begin to fail.

Decided for the changes that teams make (a field, a type, an enum value more; a field no longer required; a wider
bound); for anything else the answer is no, which costs an approval and never safety.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from colonnade.engines.mongodb import canon

Schema = Mapping[str, Any]
_PLAIN = frozenset({"title", "description", "bsonType", "required", "properties", "additionalProperties"})
_TOLD_ONLY = frozenset({"title", "description"})


def accepts_all_of(new: Schema, old: Schema) -> bool:
    """Whether each document that matches the validator `old` matches `new` too, as far as that can be told."""
    rest = [canon.query({k: v for k, v in validator.items() if k != "$jsonSchema"}) for validator in (new, old)]
    return rest[0] in ("", rest[1]) and _wider(new.get("$jsonSchema", {}), old.get("$jsonSchema", {}))


def is_silent_about(rule: Schema, fields: Iterable[str]) -> bool:
    """Whether a rule lets these fields be anything, and be missing, as far as that can be told."""
    schema = rule.get("$jsonSchema", {})
    names = {path.split(".")[0] for path in fields}
    plain = set(rule) <= {"$jsonSchema"} and set(schema) <= _PLAIN and schema.get("additionalProperties", True) is True
    return plain and not names & {*schema.get("properties", {}), *schema.get("required", ())}


def _wider(new: Any, old: Any) -> bool:
    if not isinstance(new, Mapping) or not isinstance(old, Mapping):
        return bool(canon.schema(new) == canon.schema(old))
    return all(_keyword(key, new, old) for key in new)


def _keyword(key: str, new: Schema, old: Schema) -> bool:
    if key in _TOLD_ONLY or (key in old and canon.schema({key: new[key]}) == canon.schema({key: old[key]})):
        return key != "additionalProperties" or new[key] is True or _no_fewer_fields(new, old)
    check = _CHECKS.get(key)
    return check is not None and check(new, old)


def _no_fewer_fields(new: Schema, old: Schema) -> bool:
    """A field that is no longer declared would fall under `additionalProperties`."""
    patterns = [canon.schema(schema.get("patternProperties", {})) for schema in (new, old)]
    return patterns[0] == patterns[1] and set(old.get("properties", {})) <= set(new.get("properties", {}))


def _listed(value: Any) -> set[str]:
    return {canon.literal(v) for v in (value if isinstance(value, list | tuple) else [value])}


def _more_of(key: str) -> Callable[[Schema, Schema], bool]:
    return lambda new, old: key in old and _listed(new[key]) >= _listed(old[key])


def _fewer_required(new: Schema, old: Schema) -> bool:
    return _listed(new["required"]) <= _listed(old.get("required", []))


def _lower(key: str) -> Callable[[Schema, Schema], bool]:
    return lambda new, old: key in old and new[key] <= old[key]


def _higher(key: str) -> Callable[[Schema, Schema], bool]:
    return lambda new, old: key in old and new[key] >= old[key]


def _properties(new: Schema, old: Schema) -> bool:
    """A field that was not declared could hold anything, unless undeclared fields were refused."""
    declared = old.get("properties", {})
    closed = old.get("additionalProperties") is False and not old.get("patternProperties")
    return all(_wider(part, declared[name]) if name in declared else closed for name, part in new["properties"].items())


def _additional(new: Schema, old: Schema) -> bool:
    return new["additionalProperties"] is True


def _items(new: Schema, old: Schema) -> bool:
    return "items" in old and _wider(new["items"], old["items"])


_CHECKS: Mapping[str, Callable[[Schema, Schema], bool]] = {
    "required": _fewer_required,
    "enum": _more_of("enum"),
    "bsonType": _more_of("bsonType"),
    "type": _more_of("type"),
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "minimum": _lower("minimum"),
    "minLength": _lower("minLength"),
    "minItems": _lower("minItems"),
    "minProperties": _lower("minProperties"),
    "maximum": _higher("maximum"),
    "maxLength": _higher("maxLength"),
    "maxItems": _higher("maxItems"),
    "maxProperties": _higher("maxProperties"),
}
