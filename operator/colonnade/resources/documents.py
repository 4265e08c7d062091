"""YAML text with several documents: read as Kubernetes reads it, with the line of everything that is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import yaml

from colonnade.resources.common import GROUP
from colonnade.resources.parse import AnyResource, InvalidResource, Path, Problem, load

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The loader of libyaml where there is one; the same in Python is fifty times slower."""


class _Loader(_Base):  # type: ignore[misc]
    """YAML as the Kubernetes tools take it: dates stay text, and a key may not come twice."""

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
        for first, found in _Base.yaml_implicit_resolvers.items()
    }


@dataclass(frozen=True)
class Document:
    """One document of a file: its number from 1, the line it begins on, its content."""

    number: int
    line: int
    content: dict[str, Any]
    node: yaml.Node

    @property
    def ours(self) -> bool:
        """Whether it is a resource of this API group, of whatever version and kind."""
        return str(self.content.get("apiVersion", "")).split("/")[0] == GROUP

    def line_of(self, path: Path) -> int:
        """The line on which the value at this path begins, or the nearest thing around it."""
        node = self.node
        for step in path:
            inner = _child(node, step)
            if inner is None:
                break
            node = inner
        return int(node.start_mark.line) + 1

    def line_at(self, told: str) -> int | None:
        """The line of the place that a message begins with, written as `parse.place` does; None where it begins with none."""
        path: list[str | int] = []
        here: Any = self.content
        while (found := _step(here, told)) is not None:
            step, size = found
            path.append(step)
            here, told = here[step], told[size:]
        return self.line_of(tuple(path)) if path else None


def _step(here: Any, told: str) -> tuple[str | int, int] | None:
    """The key or index that a text begins with, and how long it is there."""
    if isinstance(here, dict):
        written = [(key, rf"\.?{re.escape(str(key))}(?!\w)") for key in here]
    elif isinstance(here, list):
        names = [item.get("name") if isinstance(item, dict) else item for item in here]
        written = [(at, rf"\[{re.escape(str(name))}\]") for at, name in enumerate(names)]
        written += [(at, rf"\[{at}\]") for at in range(len(here))]
    else:
        written = []
    return next(((step, found.end()) for step, pattern in written if (found := re.match(pattern, told))), None)


def documents(text: str, source: str = "YAML") -> Iterator[Document]:
    """The documents of a text; those of a List one by one. Raises InvalidResource where it is no YAML, or no mapping."""
    try:
        for number, node in enumerate(_nodes(text), 1):
            yield from _unrolled(number, node, source)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        why = f"{error.problem or error.context}; mend the YAML"
        raise InvalidResource([Problem((), "", why, source, line)]) from None
    except (yaml.YAMLError, ValueError) as error:  # a number of more digits than one may have
        raise InvalidResource([Problem((), "", f"is no YAML: {error}", source)]) from None


def load_all(text: str, source: str = "YAML", *, strict: bool = True) -> list[AnyResource]:
    """The resources in a text, in order; documents of other API groups are passed over.

    Raises InvalidResource with everything that is wrong in all of them, each with its resource and its line.
    """
    found: list[AnyResource] = []
    wrong: list[Problem] = []
    for document in documents(text, source):
        if not document.ours:
            continue
        try:
            found.append(load(document.content, strict=strict))
        except InvalidResource as error:
            wrong += [_placed(problem, document, source) for problem in error.problems]
    if wrong:
        raise InvalidResource(sorted(wrong, key=lambda problem: problem.line or 0))
    return found


def _placed(problem: Problem, document: Document, source: str) -> Problem:
    metadata = document.content.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    told = f"{document.content.get('kind')} {name or f'in document {document.number}'}"
    return replace(problem, place=f"{told}: {problem.place}", source=source, line=document.line_of(problem.path))


DEEP, MANY = 100, 1_000_000
"""How deep a document may be nested, and how many values it may come to once all of its aliases are written out."""


def _bounded(text: str) -> None:
    """Refuse what would take all memory, or all of the stack, before anything is made of it."""
    sizes: dict[str, int] = {}
    opened: list[tuple[str | None, int]] = []
    count = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, began = opened.pop()
            sizes[anchor or ""] = count - began
        elif isinstance(event, yaml.AliasEvent):
            count += sizes.get(event.anchor or "", 1)
        elif isinstance(event, yaml.NodeEvent):
            count += 1
            if isinstance(event, yaml.CollectionStartEvent):
                opened.append((event.anchor, count))
        for odd, why in (
            (len(opened) > DEEP, f"is nested deeper than {DEEP}"),
            (count > MANY, f"comes to more than {MANY} values"),
        ):
            if odd:
                raise yaml.MarkedYAMLError(problem=why, problem_mark=_mark(event.start_mark))


def _mark(mark: Any) -> yaml.Mark:
    """The parser in C has marks of its own."""
    return yaml.Mark("", mark.index, mark.line, mark.column, None, 0)


def _nodes(text: str) -> Iterator[yaml.Node]:
    _bounded(text)
    loader = _Loader(text)
    try:
        while loader.check_node():
            yield loader.get_node()
    finally:
        loader.dispose()


def _unrolled(number: int, node: yaml.Node, source: str) -> Iterator[Document]:
    _unique_keys(node, set())
    content = _constructed(node)
    if content is None:
        return
    if not isinstance(content, dict):
        why = f"document {number} is no mapping; write apiVersion, kind, metadata and spec"
        raise InvalidResource([Problem((), "", why, source, node.start_mark.line + 1)])
    if content.get("kind") == "List" and isinstance(content.get("items"), list):
        items = _child(node, "items")
        for item in items.value if isinstance(items, yaml.SequenceNode) else ():
            yield from _unrolled(number, item, source)
        return
    yield Document(number, node.start_mark.line + 1, content, node)


def _constructed(node: yaml.Node) -> Any:
    loader = _Loader("")
    try:
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _unique_keys(node: yaml.Node, seen: set[int]) -> None:
    """Refuse a key that comes twice in one mapping: YAML readers take the last one and say nothing."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for key, value in node.value:
            if key.value in names and key.tag != "tag:yaml.org,2002:merge":
                why = f"the key {key.value!r} comes twice; keep one"
                raise yaml.constructor.ConstructorError(problem=why, problem_mark=key.start_mark)
            if isinstance(key, yaml.ScalarNode):
                names.add(key.value)
            _unique_keys(value, seen)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _unique_keys(item, seen)


def _child(node: yaml.Node, step: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return dict(enumerate(node.value)).get(step)
    return None
