"""Commands as text and back: the only door between documents and what plans print, hash and keep.

Relaxed extended JSON (https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/): one command document, its
keys in the order that runCommand needs, its numbers readable. Kinds know no driver; what they need of BSON is here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bson import json_util
from bson.json_util import JSONMode, JSONOptions

from colonnade.core.hazards import Hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Check, Step

Document = Mapping[str, Any]

_OPTIONS = JSONOptions(json_mode=JSONMode.RELAXED, tz_aware=True)


def text(value: Any) -> str:
    """A document, or any value, as extended JSON."""
    return json_util.dumps(value, json_options=_OPTIONS, ensure_ascii=False)


def document(statement: str) -> dict[str, Any]:
    """The command that `text` wrote."""
    found = json_util.loads(statement, json_options=_OPTIONS)
    assert isinstance(found, dict), "a statement is one command document"
    return found


def bson(value: Any) -> Any:
    """A value from a resource, in extended JSON, as the driver takes it: dates, ObjectIds and such become real ones."""
    return json_util.loads(json.dumps(value), json_options=_OPTIONS)


def step(
    oid: ObjectId,
    command: Document,
    *,
    hazards: Sequence[Hazard] = (),
    checks: Sequence[Check] = (),
    undo: Document | str = "",
    lock: str = "",
) -> Step:
    """A step that runs `command`. `undo` is the reverse command, or the sentence that says why there is none."""
    reverse, note = (None, undo) if isinstance(undo, str) else (text(undo), "")
    blocks = (str(oid.name[0]),) if lock else ()
    return Step(
        statement=text(command), subject=str(oid), transactional=False, hazards=tuple(hazards), checks=tuple(checks),
        undo=reverse, undo_note=note, lock=lock, blocks=blocks,
    )  # fmt: skip
