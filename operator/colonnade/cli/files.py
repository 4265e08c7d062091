"""What -f names: SQL files, resources in YAML, folders of both with those below, standard input. Read before anything is connected to.

SQL files are one declaration together, so that they may refer to each other in any order. YAML is parsed only where there is some.
Of SQL nothing is changed, the ends of its lines included: within quotes they are what is declared.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from colonnade.core.errors import InvalidSpec
from colonnade.engines import Source

SUFFIXES = (".sql", ".yaml", ".yml", ".json")
STDIN = "-"


@dataclass(frozen=True)
class Texts:
    """The texts that were given, by their notation, and the words by which they were asked for."""

    sql: tuple[Source, ...] = ()
    yaml: tuple[Source, ...] = ()
    asked: tuple[str, ...] = field(default=())


def read(asked: Iterable[str]) -> Texts:
    """Every text that these arguments name. Raises InvalidSpec."""
    words = tuple(asked)
    sources = [source for word in words for source in _sources(word)]
    is_sql = {id(source): _is_sql(source) for source in sources}
    return Texts(
        tuple(source for source in sources if is_sql[id(source)]),
        tuple(replace(source, text=_lines(source.text)) for source in sources if not is_sql[id(source)]),
        words,
    )


def _lines(text: str) -> str:
    """YAML takes every end of a line for the same, and so do those who count them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _sources(word: str) -> Iterator[Source]:
    if word == STDIN:
        yield Source("standard input", _decoded(sys.stdin.buffer.read(), word))
        return
    path = Path(word)
    if path.is_dir():
        found = sorted(
            p for p in path.rglob("*") if p.suffix in SUFFIXES and p.is_file() and not _hidden(p.relative_to(path))
        )
        if not found:
            raise InvalidSpec(f"-f {word}: the folder has no file that ends in {', '.join(SUFFIXES)}; name another")
        yield from (Source(str(p), _text(p)) for p in found)
    else:
        yield Source(word, _text(path))


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _text(path: Path) -> str:
    try:
        return _decoded(path.read_bytes(), str(path))
    except OSError as error:
        raise InvalidSpec(f"-f {path}: {error.strerror}; name a file or folder that can be read") from None


def _decoded(text: bytes, name: str) -> str:
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidSpec(f"-f {name}: byte {error.start} is not UTF-8; save the file as UTF-8") from None


def _is_sql(source: Source) -> bool:
    """By the name, and where there is none, by what a resource always has."""
    suffix = Path(source.name).suffix.lower()
    if suffix in SUFFIXES:
        return suffix == ".sql"
    return re.search(r'^\s*\{?\s*"?apiVersion"?\s*:', source.text, re.MULTILINE) is None
