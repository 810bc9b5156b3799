"""Ticks: the moments at which a schedule is due, and what becomes of each of them."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from itertools import islice, takewhile
from typing import NamedTuple

from cronsim import CronSim, CronSimError

from twelve.errors import Invalid

SECOND = 1_000_000_000
ON_TIME = 60 * SECOND
"""A tick that is looked at later than that was missed."""

LONGEST_CHANGE = timedelta(hours=3)
"""No clock is put forward or back by more."""

MOST = 1000
"""Ticks that are looked at in one go."""

AWAY = "no control plane looked at the clock"

SHORT = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


class Tick(NamedTuple):
    """One moment, or ``times`` of them from ``at_ns`` to ``until_ns``, and what becomes of it.

    ``fate`` is ``run``, ``late`` (run although its moment is over) or ``missed``, with why.
    """

    at_ns: int
    until_ns: int
    times: int
    fate: str
    why: str


def cron_problem(cron: str) -> str:
    """Why this time never comes, or is none; empty when it comes."""
    try:
        CronSim(SHORT.get(cron, cron), datetime(2000, 1, 1))  # noqa: DTZ001 - any time will do
    except CronSimError as error:
        return f"is not a time that ever comes: {str(error).lower()}"
    return ""


def ticks(cron: str, zone: tzinfo, after_ns: int) -> Iterator[int]:
    """Every tick after a moment, in nanoseconds since the epoch, without end.

    On a Sunday when clocks are put forward, a fixed time that is skipped (02:30) comes when the gap
    ends (03:00); when they are put back, it comes once, at the first 02:30. Minutes or hours that
    begin with ``*`` follow the hours as they pass. Raises Invalid for a time that never comes.
    """
    after = datetime.fromtimestamp(after_ns // SECOND, zone)
    start = datetime.fromtimestamp(after_ns // SECOND - LONGEST_CHANGE.total_seconds(), zone)
    # In the second of two hours of one name nobody knows by the clock what came in the first.
    changed = start.utcoffset() != after.utcoffset()
    try:
        found = CronSim(SHORT.get(cron, cron), start if changed else after)
    except CronSimError as error:
        raise Invalid(
            f"{cron!r} is not a time that ever comes: {str(error).lower()}",
            hint="change it in twelve.toml and deploy",
        ) from None
    last = after_ns
    for tick in found:
        at_ns = int(tick.timestamp()) * SECOND
        if at_ns > last:
            last = at_ns
            yield at_ns


def next_tick(cron: str, zone: tzinfo, now_ns: int) -> int | None:
    """The next one, if there will ever be one. Raises Invalid."""
    return next(ticks(cron, zone, now_ns), None)


def due(cron: str, zone: tzinfo, after_ns: int, now_ns: int) -> list[int]:
    """The oldest ticks after a moment, up to now: one more than MOST at most. Raises Invalid."""
    passed = takewhile(lambda at_ns: at_ns <= now_ns, ticks(cron, zone, after_ns))
    return list(islice(passed, MOST + 1))


def fates(passed: Sequence[int], now_ns: int, *, catch_up: bool, blocked: str = "") -> list[Tick]:
    """What becomes of ticks that nobody has looked at: the newest one is run, if it may be.

    It may be within a minute, or later when the schedule catches up, and not while something else
    forbids it: ``blocked`` says what. Of more than MOST the oldest were missed together, and the
    rest is left to the next look.
    """
    if len(passed) > MOST:
        return [Tick(passed[0], passed[MOST - 1], MOST, "missed", AWAY)]
    return [
        Tick(at, at, 1, *fate(at, now_ns, newest=at == passed[-1], catch_up=catch_up,
                              blocked=blocked))
        for at in passed
    ]  # fmt: skip


def fate(at_ns: int, now_ns: int, *, newest: bool, catch_up: bool, blocked: str) -> tuple[str, str]:
    """Of one tick: what becomes of it, and why it was missed."""
    on_time = now_ns - at_ns <= ON_TIME
    if not on_time and not (newest and catch_up):
        return "missed", AWAY
    if not newest:
        return "missed", "a later one was due already"
    if blocked:
        return "missed", blocked
    return ("run", "") if on_time else ("late", "")
