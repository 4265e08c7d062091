"""When steps with hazards may run: whether a window is open, and when the next one opens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter

from colonnade.core.errors import InvalidSpec
from colonnade.resources.common import seconds
from colonnade.resources.policy import Window

Span = tuple[datetime, datetime]
_TRIES = 1000


def spans(window: Window, now: datetime) -> tuple[Span | None, datetime]:
    """The span that is open now, if one is, and when the next one opens; both in UTC."""
    zone = _zone(window)
    length = timedelta(seconds=seconds(window.duration))
    local = now.astimezone(zone)
    last = _utc(croniter(window.schedule, local + timedelta(seconds=1)).get_prev(datetime))
    following = _utc(croniter(window.schedule, local).get_next(datetime))
    return ((last, last + length) if last <= now < last + length else None), following


def _zone(window: Window) -> ZoneInfo:
    try:
        return ZoneInfo(window.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        raise InvalidSpec(
            f"policy.windows: timezone {window.timezone!r} is not known; write one such as Europe/Berlin"
        ) from None


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def opens(sets: Iterable[Sequence[Window]], now: datetime) -> datetime:
    """When every set has an open window: now or later. A set is open while one of its windows is; an empty set always is."""
    wanted = [windows for windows in sets if windows]
    moment = now
    for _ in range(_TRIES):
        waits = [_set_opens(windows, moment) for windows in wanted]
        later = max(waits, default=moment)
        if later == moment:
            return moment
        moment = later
    raise InvalidSpec("policy.windows of the Datastore and its resources are never open together; make them overlap")


def _set_opens(windows: Sequence[Window], now: datetime) -> datetime:
    found = [spans(window, now) for window in windows]
    return now if any(span for span, _ in found) else min(following for _, following in found)
