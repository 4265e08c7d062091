"""A plan as a person reads it: in order, a line a step with its lock and estimate, what it can do under it, and what to do next."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from colonnade.cli.script import ended, groups, is_command
from colonnade.cli.terminal import Paint, visible
from colonnade.core.hazards import Hazard, Weight
from colonnade.core.plan import Plan, Step

NO_CHANGES = "No changes: the database is what is declared."
_COLOURS = {Weight.DESTRUCTIVE: "red", Weight.BLOCKING: "red", Weight.CAREFUL: "yellow", Weight.NOTICE: "dim"}
_WAITING = {
    "SHARE": "writes",
    "SHARE ROW EXCLUSIVE": "writes",
    "EXCLUSIVE": "writes",
    "ACCESS EXCLUSIVE": "reads and writes",
    "X": "reads and writes",
}
"""Who waits for a lock: https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES and, for X,
https://www.mongodb.com/docs/manual/faq/concurrency/"""


def plan_text(plan: Plan, paint: Paint) -> Iterator[str]:
    """The lines of a plan that has steps."""
    yield paint(f"{_count(len(plan.steps), 'step')} for {plan.datastore}", "bold")
    number = 1
    for together in groups(plan.steps):
        yield ""
        if not is_command(together[0]):
            yield paint(_heading(together), "dim")
        for step in together:
            yield from _step(number, step, paint)
            number += 1
    yield from warnings(plan.warnings, paint)
    yield ""
    yield paint(_summary(plan), "bold")


def warnings(told: Sequence[str], paint: Paint) -> Iterator[str]:
    """What deserves a look, whether there is something to do or not."""
    if told:
        yield ""
    for warning in told:
        yield from _wrapped(f"{paint('warning', 'yellow')}: {visible(warning)}", "")


def _heading(together: Sequence[Step]) -> str:
    if not together[0].transactional:
        how = "in slices, each in a transaction of its own" if together[0].batched else "outside a transaction"
        still = "; the triggers of its table keep still" if together[0].unwatched else ""
        return f"-- {how}{still}"
    return "-- in one transaction" if len(together) > 1 else "-- in a transaction"


def _step(number: int, step: Step, paint: Paint) -> Iterator[str]:
    start = f"{number}. "
    indent = " " * len(start)
    first, *rest = visible(ended(step.statement)).split("\n")
    yield f"{start}{first}"
    yield from (f"{indent}{line}" for line in rest)
    if told := costs(step):
        yield f"{indent}{paint(visible(told), 'dim')}"
    for one in step.hazards:
        yield from _hazard(one, indent, paint)


def costs(step: Step) -> str:
    """The lock, who waits for it, and for how long."""
    waiting = _WAITING.get(step.lock, "")
    parts = [f"lock {step.lock}" if step.lock else ""]
    if step.blocks:
        named = ", ".join(step.blocks[:3]) + (f" and {len(step.blocks) - 3} more" if len(step.blocks) > 3 else "")
        parts.append(f"{waiting} of {named} wait" if waiting else f"on {named}")
    if step.estimate or step.blocks:
        parts.append(f"about {span(step.estimate)}")
    return ", ".join(part for part in parts if part)


def span(seconds: float) -> str:
    """A time in the unit that suits it."""
    if seconds < 0.001:
        return "an instant"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min"


def _hazard(hazard: Hazard, indent: str, paint: Paint) -> Iterator[str]:
    mark = "·" if hazard.weight is Weight.NOTICE else "!"
    yield from _wrapped(f"{mark} {paint(hazard.code, _COLOURS[hazard.weight])}: {visible(hazard.message)}", indent)
    if hazard.safe_way and hazard.weight is not Weight.NOTICE:
        yield from _wrapped(f"  the safe way: {hazard.safe_way}", indent)


def _wrapped(text: str, indent: str) -> Iterator[str]:
    """Wrapped at 110 columns; the server's and the user's own words are never broken."""
    yield from textwrap.wrap(
        text,
        110,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(plan: Plan) -> str:
    if all(is_command(step) for step in plan.steps):
        return f"{_count(len(plan.steps), 'command')}; {_weighed(plan)}. Plan {plan.hash}"
    together = [group for group in groups(plan.steps) if group[0].transactional]
    sliced = sum(bool(step.batched) for step in plan.steps)
    alone = sum(not step.transactional and not step.batched for step in plan.steps)
    parts = [f"{_count(sum(map(len, together)), 'step')} in {_count(len(together), 'transaction')}"] if together else []
    parts += [f"{_count(sliced, 'step')} in slices"] if sliced else []
    parts += [f"{_count(alone, 'step')} outside"] if alone else []
    return f"{', '.join(parts)}; {_weighed(plan)}. Plan {plan.hash}"


def _weighed(plan: Plan) -> str:
    weights = [(word, sum(h.weight is weight for h in plan.hazards)) for weight, word in _WORDS.items()]
    return ", ".join(f"{count} {word}" for word, count in weights if count) or "no hazards"


_WORDS = {Weight.DESTRUCTIVE: "destructive", Weight.BLOCKING: "blocking", Weight.CAREFUL: "to be careful with"}


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
