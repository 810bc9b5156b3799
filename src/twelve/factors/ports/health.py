"""Health in service: what the answers of a process that was up say about it."""

from typing import NamedTuple

PATIENCE = 5.0
"""Seconds that an answer may take, where the period is not shorter."""

OUT_AFTER = 2
"""Questions in a row without a good answer: from then on requests go to the others."""

RESTART_AFTER = 3
"""And as many until it is restarted, where its type asks for that."""

SOONER = 10
"""A process that gave no good answer is asked that many times as often."""


class Pulse(NamedTuple):
    """What the last questions to one process came to. Times are on the caller's clock, seconds."""

    failures: int = 0
    """In a row, up to the last."""
    since: float = 0.0
    """When the first of them was asked."""
    why: str = ""
    """What the last one came to."""
    born: int = 0
    """Which life of the process answered well last, by its start."""

    @property
    def out(self) -> bool:
        """Whether requests should go to others."""
        return self.failures >= OUT_AFTER


WELL = Pulse()


def after(pulse: Pulse, why: str, asked_at: float, born: int) -> Pulse:
    """The pulse after one more answer; ``why`` it will not do, or nothing."""
    if not why:
        return Pulse(born=born)
    since = pulse.since if pulse.failures else asked_at
    return Pulse(pulse.failures + 1, since, why, pulse.born)


def is_hopeless(pulse: Pulse, now: float, period: float) -> bool:
    """Whether only a new start will help: three questions, and one and a half periods long."""
    return pulse.failures >= RESTART_AFTER and now - pulse.since >= 1.5 * period


def is_booting(pulse: Pulse, born: int, age: float, ready: float) -> bool:
    """Whether this life of it has yet to answer for the first time, and may take its time."""
    return pulse.born != born and age < ready


def patience(period: float) -> float:
    """Seconds that an answer may take."""
    return min(PATIENCE, period)


def pause(period: float) -> float:
    """Seconds between two questions to a process that gave no good answer."""
    return period / SOONER


def is_stuck(before: tuple[int, int], now: tuple[int, int]) -> bool:
    """Whether a process has requests under way and has answered none since the last look.

    Both are pairs: requests under way, and answers so far. It may be busy or hold streams open, so
    this is no verdict, but reason enough to ask.
    """
    return bool(before[0] and now[0]) and now[1] == before[1]
