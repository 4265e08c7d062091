"""From a document to a resource, and from pydantic's errors to sentences: which field, which value, why, what to do.

A document comes from the API server, which has checked its structure already and may have stored it when the model was
another, or from a file, which nobody has checked: `strict` is for files and refuses fields that are not known.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from colonnade.core.errors import InvalidSpec
from colonnade.resources.common import GROUP, VERSION, Frozen, Resource
from colonnade.resources.datastore import Datastore
from colonnade.resources.migration_plan import MigrationPlan
from colonnade.resources.mongo_schema import MongoSchema
from colonnade.resources.postgres_schema import PostgresSchema

RESOURCES: dict[str, type[Datastore | PostgresSchema | MongoSchema | MigrationPlan]] = {
    "Datastore": Datastore,
    "PostgresSchema": PostgresSchema,
    "MongoSchema": MongoSchema,
    "MigrationPlan": MigrationPlan,
}
AnyResource = Datastore | PostgresSchema | MongoSchema | MigrationPlan

Path = tuple[str | int, ...]
_SHOWN = 10
_SECRET_PLACES = ("connection", "shadow")


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a document: where (as keys and indexes, as a person reads it, and in which line of what) and what."""

    path: Path
    place: str
    text: str
    source: str = ""
    line: int | None = None

    def __str__(self) -> str:
        at = f"{self.source}:{self.line}" if self.line else self.source
        return ": ".join(part for part in (at, self.place, self.text) if part)


class InvalidResource(InvalidSpec):
    """A document that is no valid resource; `problems` has each thing that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        shown = [str(problem) for problem in problems[:_SHOWN]]
        if len(problems) > _SHOWN:
            shown.append(f"and {len(problems) - _SHOWN} more")
        super().__init__("\n".join(shown))
        self.problems = tuple(problems)


def load(document: Mapping[str, Any], *, strict: bool) -> AnyResource:
    """The resource in a document. Raises InvalidResource with all that is wrong.

    `strict` refuses fields that are not known, naming the nearest one. Without it they are ignored (see `unknown_fields`),
    and so is a status that another version wrote in another form.
    """
    model = model_of(document)
    try:
        return model.model_validate_json(_as_json(document), strict=True, extra="forbid" if strict else "ignore")
    except ValidationError as error:
        problems = _problems(error, model, document)
    if not strict and all(problem.path[:1] == ("status",) for problem in problems):
        return load({**document, "status": {}}, strict=False)
    raise InvalidResource(problems)


def unknown_fields(document: Mapping[str, Any]) -> tuple[str, ...]:
    """A sentence for each field of the document's spec that this version does not know, and so ignores."""
    model = model_of(document)
    try:
        model.model_validate_json(_as_json({**document, "status": {}}), strict=True, extra="forbid")
    except ValidationError as error:
        found = [problem for problem in error.errors(include_url=False) if problem["type"] == "extra_forbidden"]
        told = (_problem(problem, model, document) for problem in found if problem["loc"][0] != "metadata")
        return tuple(f"{problem.place}: {problem.text}" for problem in told)
    return ()


def build() -> None:
    """Build every validator now: pydantic does it at first use, and that must not happen in two threads at once."""
    waiting: list[type[Frozen]] = [Frozen]
    while waiting:
        model = waiting.pop()
        model.model_rebuild()
        waiting += model.__subclasses__()


def model_of(document: Mapping[str, Any]) -> type[AnyResource]:
    """The model of the document's apiVersion and kind."""
    api_version, kind = document.get("apiVersion"), document.get("kind")
    if api_version != f"{GROUP}/{VERSION}":
        why = f"{api_version!r} is not known; write {GROUP}/{VERSION}"
        raise InvalidResource([Problem(("apiVersion",), "apiVersion", why)])
    if not isinstance(kind, str) or kind not in RESOURCES:
        why = f"{kind!r} is not known{nearest(str(kind), RESOURCES)}; write one of {', '.join(RESOURCES)}"
        raise InvalidResource([Problem(("kind",), "kind", why)])
    return RESOURCES[kind]


def nearest(word: str, known: Iterable[str]) -> str:
    """A question whether the nearest known word was meant, or nothing where none is near."""
    by_lower = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return f" (did you mean {by_lower[found[0]]}?)" if found else ""


def _as_json(document: Mapping[str, Any]) -> str:
    try:
        return json.dumps(document, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidResource([Problem((), "", f"the document is not plain data as JSON has it: {error}")]) from None


def _problems(error: ValidationError, model: type[Resource], document: Mapping[str, Any]) -> list[Problem]:
    found = error.errors(include_url=False)
    return [_problem(each, model, document) for each in found if not _echo(each, found)]


def _echo(each: ErrorDetails, found: Sequence[ErrorDetails]) -> bool:
    """Whether a list is called too short only because its items are wrong themselves."""
    size = len(each["loc"])
    return each["type"] == "too_short" and any(o["loc"][:size] == each["loc"] and len(o["loc"]) > size for o in found)


def _problem(found: ErrorDetails, model: type[Resource], document: Mapping[str, Any]) -> Problem:
    path = found["loc"]
    tell = _TELL.get(found["type"], _in_other_words)
    text = _unknown(path, model) if found["type"] == "extra_forbidden" else tell(found)
    return Problem(path, place(path, document), text)


def place(path: Path, document: Any) -> str:
    """A path as a person reads it: items of lists by their names where they have one, else by their index."""
    out, here = "", document
    for step in path:
        here = _inside(here, step)
        if isinstance(step, int):
            name = here.get("name") if isinstance(here, Mapping) else None
            out += f"[{name if isinstance(name, str) and name else step}]"
        else:
            out += f".{step}" if out else step
    return out


def _inside(here: Any, step: str | int) -> Any:
    if isinstance(here, Mapping):
        return here.get(step)
    if isinstance(here, Sequence) and isinstance(step, int) and step < len(here):
        return here[step]
    return None


def _value(found: ErrorDetails) -> str:
    """The offending value, unless it may be a secret or is too large to show."""
    value = found["input"]
    if any(part in _SECRET_PLACES for part in found["loc"]) or isinstance(value, dict | list):
        return "the value"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:76]}…"


_Tell = Callable[[ErrorDetails], str]


def _unknown(path: Path, model: type[BaseModel]) -> str:
    name, known = str(path[-1]), _known_fields(model, path[:-1])
    if name in ("true", "false"):
        return f"is what YAML makes of a bare on, off, yes or no; write {', '.join(known)}"
    return f"is not a known field{nearest(name, known)}; known here: {', '.join(known)}"


def _known_fields(model: type[BaseModel], path: Path) -> list[str]:
    for step in path:
        if isinstance(step, str) and (inner := _model_at(model, step)) is not None:
            model = inner
    return [info.alias or name for name, info in model.model_fields.items()]


def _model_at(model: type[BaseModel], alias: str) -> type[BaseModel] | None:
    """The model of a field, or of the items of a field that is a list."""
    for info in model.model_fields.values():
        if info.alias == alias:
            return next(_models_in(info.annotation), None)
    return None


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _not_a_choice(found: ErrorDetails) -> str:
    choices = _choices(found)
    hint = nearest(found["input"], choices) if isinstance(found["input"], str) else ""
    return f"{_value(found)} is not a choice{hint}; write one of {', '.join(choices)}"


def _choices(found: ErrorDetails) -> list[str]:
    expected = str(found.get("ctx", {}).get("expected", ""))
    return [choice.strip("'") for choice in expected.replace(" or ", ", ").split(", ")]


def _type(wanted: str) -> _Tell:
    def tell(found: ErrorDetails) -> str:
        return f"{_value(found)} is not {wanted}"

    return tell


def _not_text(found: ErrorDetails) -> str:
    plain = isinstance(found["input"], bool | int | float) and not isinstance(found["input"], str)
    return f"{_value(found)} is not text; " + ("write it in quotes" if plain else "write a string")


def _pattern(found: ErrorDetails) -> str:
    return f"{_value(found)} does not match {found.get('ctx', {}).get('pattern')}; write it in that form"


def _own_words(found: ErrorDetails) -> str:
    why = str(found.get("ctx", {}).get("why"))
    return why if isinstance(found["input"], dict | list) else f"{_value(found)} {why}"


def _in_other_words(found: ErrorDetails) -> str:
    return f"{_value(found)} cannot stand here: {found['msg'][:1].lower()}{found['msg'][1:]}"


_TELL: dict[str, _Tell] = {
    "bool_type": _type("true or false; write one of these, without quotes"),
    "dict_type": _type("a mapping; write fields under it, as name: value"),
    "int_type": _type("a whole number; write one, without quotes"),
    "literal_error": _not_a_choice,
    "missing": lambda _: "is required and not given; add it",
    "model_type": _type("a mapping; write fields under it, as name: value"),
    "string_pattern_mismatch": _pattern,
    "string_type": _not_text,
    "tuple_type": _type("a list; write its items with a dash before each"),
    "wrong": _own_words,
}
