"""Where a resource stands among the files, so that what a server finds wrong with it is told as what its YAML has wrong is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from colonnade.core.errors import ColonnadeError
from colonnade.engines import Source


@dataclass(frozen=True)
class Place:
    """The text that a resource stands in, and what it is called there."""

    text: Source
    kind: str
    namespace: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name} in {self.text.name}"

    def before(self, message: str) -> str:
        """The message after file, line and resource; its SQL says all that by itself."""
        if message.startswith(f"{self.text.name}, "):
            return message
        line = self._line(message)
        return f"{self.text.name}{f':{line}' if line else ''}: {self.kind} {self.name}: {message}"

    def _line(self, message: str) -> int | None:
        from colonnade.resources import documents

        for document in documents(self.text.text, self.text.name):
            metadata = document.content.get("metadata") or {}
            if (document.content.get("kind"), metadata.get("namespace"), metadata.get("name")) == (
                self.kind,
                self.namespace,
                self.name,
            ):
                return document.line_at(message)
        return None


def together(errors: Mapping[str, ColonnadeError], places: Mapping[str, Place]) -> ColonnadeError:
    """The errors of several declarations as one, of the first one's sort."""
    said = [_placed(owner, _named(str(error), places), places) for owner, error in errors.items()]
    worst = next(iter(errors.values()))
    return type(worst)("\n".join(said))


def _placed(owner: str, message: str, places: Mapping[str, Place]) -> str:
    """A resource's place before what is wrong with it, in a cluster its identity; files name themselves."""
    if owner in places:
        return places[owner].before(message)
    # what an SQL file has in common with a resource begins with that one
    needs_owner = owner.startswith(("PostgresSchema/", "MongoSchema/")) or message.startswith(
        tuple(map(str, places.values()))
    )
    return f"{owner}: {message}" if needs_owner else message


def _named(message: str, places: Mapping[str, Place]) -> str:
    """With each resource that the message speaks of called as its author knows it."""
    for owner, place in places.items():
        message = re.sub(rf"(?<![\w/-]){re.escape(owner)}(?![\w.-])", str(place).replace("\\", r"\\"), message)
    return message
