"""The shapes of answers about schedules; the others are in ``shapes``."""

from typing import Literal, TypedDict


class RunOfTick(TypedDict):
    """The run of a tick: which it was, of which release, and how it ended."""

    id: str
    number: int
    ended_ns: int | None
    code: int | None
    signal: str | None


class Tick(TypedDict):
    """What became of a tick: it was run, run late or missed, alone or as the first of several."""

    id: int
    schedule: str
    tick_ns: int
    until_ns: int
    times: int
    fate: Literal["run", "late", "missed"]
    why: str
    at_ns: int
    run: RunOfTick | None


class Ticks(TypedDict):
    """Ticks, the last decided first."""

    ticks: list[Tick]
    next: str | None


class Schedule(TypedDict):
    """A schedule: when it comes next, in its own zone too, and what became of it last."""

    name: str
    cron: str
    command: str
    timezone: str
    catch_up: bool
    next_ns: int | None
    next: str | None
    last: Tick | None
