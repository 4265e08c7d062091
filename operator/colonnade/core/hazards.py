"""The catalogue of hazards: what a step can do to data or traffic, told as a person would, with the safe way.

A hazard's code is stable: policies, metrics, docs and approvals refer to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Weight(StrEnum):
    """How much a hazard weighs in the gate: `destructive` can lose data, `blocking` can make others wait, `notice` is told only."""

    DESTRUCTIVE = "destructive"
    BLOCKING = "blocking"
    CAREFUL = "careful"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class HazardType:
    """One sort of hazard; `text` may name {object}."""

    code: str
    weight: Weight
    text: str
    safe_way: str


@dataclass(frozen=True, slots=True)
class Hazard:
    """A hazard of one step: the type's code and weight, and the sentence about this very object.

    `asks` are queries for the values that it concerns, of which the server takes the first that it can run; where they find nothing,
    there is no hazard. They are asked, and then empty, before a plan is offered; a step's `confirms` keep those that found nothing.
    """

    code: str
    weight: Weight
    message: str
    safe_way: str = ""
    asks: tuple[str, ...] = ()


def _type(code: str, weight: Weight, text: str, safe_way: str) -> HazardType:
    return HazardType(code, weight, text, safe_way)


DELETES_DATA = _type(
    "DELETES_DATA",
    Weight.DESTRUCTIVE,
    "{object} and everything in it is deleted",
    "keep it declared, or save first what it holds; what goes to quarantine waits there before it is really dropped",
)
FORGETS_IN_A_CRASH = _type(
    "FORGETS_IN_A_CRASH",
    Weight.DESTRUCTIVE,
    "{object} becomes unlogged: a crash of the server empties it, and no replica or archive has its rows",
    "keep it logged, unless its rows can be made again",
)
LOOKS_LIKE_RENAME = _type(
    "LOOKS_LIKE_RENAME",
    Weight.DESTRUCTIVE,
    "{object} is dropped while something of the same shape is added: it looks like a rename",
    "declare the rename, so that the data stays",
)
NARROWS_DATA = _type(
    "NARROWS_DATA",
    Weight.DESTRUCTIVE,
    "values of {object} may not fit the new type and would be cut, changed or rejected",
    "widen instead, or declare a conversion for the values that do not fit",
)
EXPIRES_DATA = _type(
    "EXPIRES_DATA",
    Weight.DESTRUCTIVE,
    "documents of {object} are deleted by the server once they are older than the new limit",
    "count what would expire first, and approve once that is meant",
)
REWRITES_TABLE = _type(
    "REWRITES_TABLE",
    Weight.BLOCKING,
    "{object} is rewritten while reads and writes wait",
    "add a new column, backfill it in batches, and swap; or approve for a small table or a quiet hour",
)
MOVES_COLUMN = _type(
    "MOVES_COLUMN",
    Weight.CAREFUL,
    "{object} comes to stand last in its table, and a second one beside it shows in SELECT * until then: what goes by the place of "
    "columns (INSERT or COPY without names, rows as a whole) means others from then on",
    "name the columns in every statement; or raise policy.maxBlocking, and the table is rewritten in place while others wait",
)
FILLS_COLUMN = _type(
    "FILLS_COLUMN",
    Weight.NOTICE,
    "every row of the table of {object} is written once more, in slices beside the traffic; it costs input, output and disk",
    "nothing to do; choose a quiet hour for a very large table",
)
FIRES_TRIGGERS = _type(
    "FIRES_TRIGGERS",
    Weight.NOTICE,
    "{object} is filled by UPDATE, which fires triggers of its table: they may refuse rows, or write others",
    "look at what the triggers do, or disable them while the rows are filled",
)
COPIES_TABLE = _type(
    "COPIES_TABLE",
    Weight.BLOCKING,
    "{object} is made anew and its rows are copied while reads and writes wait",
    "make a second table, write to both, copy in batches, and swap; or approve for a small table or a quiet hour",
)
SCANS_TABLE = _type(
    "SCANS_TABLE",
    Weight.BLOCKING,
    "{object} is scanned while writes wait",
    "add the constraint NOT VALID and validate it in a second transaction",
)
BLOCKS_WRITES = _type(
    "BLOCKS_WRITES", Weight.BLOCKING, "writes to {object} wait while the step runs", "build concurrently"
)
BUILDS_INDEX = _type(
    "BUILDS_INDEX",
    Weight.NOTICE,
    "an index on {object} is built beside the traffic; it costs input, output and disk",
    "nothing to do; choose a quiet hour for a very large table",
)
DROPS_INDEX = _type(
    "DROPS_INDEX", Weight.CAREFUL, "queries that used {object} may become slow", "look at its usage first"
)
DROPS_GUARANTEE = _type(
    "DROPS_GUARANTEE",
    Weight.CAREFUL,
    "{object} no longer guards the data",
    "make sure that the applications no longer rely on it",
)
CHANGES_ACCESS = _type(
    "CHANGES_ACCESS",
    Weight.CAREFUL,
    "who may read or write through {object} changes",
    "look at who uses it; a missing right shows as errors at once",
)
BREAKS_CLIENTS = _type(
    "BREAKS_CLIENTS",
    Weight.CAREFUL,
    "applications that use {object} under its old name or shape fail",
    "roll out the applications so that they work with both, then change",
)
KEEPS_OLD_RESULTS = _type(
    "KEEPS_OLD_RESULTS",
    Weight.CAREFUL,
    "{object} computes otherwise from then on, and what it has computed before stays as it is",
    "build the indexes anew, and write the rows once more",
)
UPGRADES_EXTENSION = _type(
    "UPGRADES_EXTENSION", Weight.CAREFUL, "{object} runs its own upgrade script", "try it on a copy first"
)
TIGHTENS_RULE = _type(
    "TIGHTENS_RULE",
    Weight.CAREFUL,
    "writes that {object} used to accept are refused from now on",
    "start with a warning only (validation.rollout: Ladder)",
)

CATALOGUE: dict[str, HazardType] = {
    t.code: t
    for t in (
        DELETES_DATA,
        FORGETS_IN_A_CRASH,
        LOOKS_LIKE_RENAME,
        NARROWS_DATA,
        EXPIRES_DATA,
        REWRITES_TABLE,
        COPIES_TABLE,
        MOVES_COLUMN,
        FILLS_COLUMN,
        FIRES_TRIGGERS,
        SCANS_TABLE,
        BLOCKS_WRITES,
        BUILDS_INDEX,
        DROPS_INDEX,
        DROPS_GUARANTEE,
        CHANGES_ACCESS,
        BREAKS_CLIENTS,
        KEEPS_OLD_RESULTS,
        UPGRADES_EXTENSION,
        TIGHTENS_RULE,
    )
}


def hazard(kind: HazardType, subject: object, detail: str = "") -> Hazard:
    """This hazard, told of `subject`; `detail` (a row count, a size) is appended."""
    text = kind.text.format(object=subject)
    return Hazard(kind.code, kind.weight, f"{text} ({detail})" if detail else text, kind.safe_way)
