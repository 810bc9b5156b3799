"""The timetable: each tick of each schedule is run once at most, or recorded as missed."""

import asyncio
import logging
import secrets
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from twelve.errors import Invalid, TwelveError
from twelve.factors.admin.ticks import SECOND, Tick, due, fates
from twelve.factors.processes.command import argv_for
from twelve.factors.releases.release import Release
from twelve.manifest import Schedule
from twelve.operations.house import House
from twelve.operations.run_once import one_off_of, record_end
from twelve.operations.wanted import build_of, manifest_of
from twelve.store import apps, releases, runs, ticks
from twelve.store.apps import Deploy
from twelve.store.runs import Run

MINUTE = 60 * SECOND
NAP = 10.0
"""Seconds after which the clock is read again: it may have been put, or the machine have slept."""

log = logging.getLogger("twelve.timetable")


class Due(NamedTuple):
    """A run that its tick's row stands for, and which nobody else will start."""

    schedule: str
    run: Run


async def keep_time(house: House) -> None:
    """Look at the timetable at the beginning of each minute, for as long as control lives."""
    minute = house.now() // MINUTE
    while True:
        await asyncio.sleep(next_look(house.now()))
        if (now := house.now() // MINUTE) != minute:
            minute = now
            try:
                await look(house)
            except Exception:
                # The clock goes on.
                log.exception("the timetable could not be looked at")


def next_look(now: int) -> float:
    """Seconds until the clock is to be read again: at the next minute, or before."""
    return min((MINUTE - now % MINUTE) / SECOND, NAP)


async def look(house: House) -> None:
    """Decide every tick that came since the last look, and start what is to run."""
    for deploy in apps.deploys(house.store):
        release = releases.current(house.store, deploy)
        try:
            schedules = manifest_of(build_of(house, deploy, release)).schedule if release else {}
            ticks.forget_others(house.store, deploy, schedules)
            for schedule in schedules.values():
                assert release is not None
                await look_at(house, deploy, release, schedule)
        except TwelveError as error:
            log.warning("%s: %s", deploy.label, error)
        except Exception:
            # One deploy's trouble must not stop the clock of all others.
            log.exception("%s: its schedules could not be looked at", deploy.label)


async def look_at(house: House, deploy: Deploy, release: Release, schedule: Schedule) -> None:
    """One schedule: a long absence takes several steps, so that nobody else has to wait."""
    while True:
        told = decide(house, deploy, release, schedule)
        for each in told.starts:
            house.under_way.go_on(start(house, deploy, release, each))
        if told.missed:
            await house.engine.note(deploy.app, deploy.name, sentence(schedule.name, told.missed))
        if not told.more:
            return
        await asyncio.sleep(0)


class Told(NamedTuple):
    """What was decided in one step."""

    starts: list[Due]
    missed: list[Tick]
    more: bool


def decide(house: House, deploy: Deploy, release: Release, schedule: Schedule) -> Told:
    """Write down what becomes of the ticks since the last look, before anything starts.

    All in one transaction: of two control planes one finds the other's rows.
    """
    store, now, zone = house.store, house.now(), zone_of(schedule.timezone)
    if not due(schedule.cron, zone, since(house, deploy, release, schedule, now), now):
        return Told([], [], more=False)
    starts, missed = [], []
    with store.writing():
        passed = due(schedule.cron, zone, since(house, deploy, release, schedule, now), now)
        blocked = forbidden(house, deploy, schedule)
        decided = fates(passed, now, catch_up=schedule.catch_up, blocked=blocked)
        for tick in decided:
            if ticks.is_decided(store, deploy, schedule.name, tick.at_ns):
                # The clock was put back: the first time counts.
                continue
            run = None
            if tick.fate == "missed":
                missed.append(tick)
            else:
                run = run_of(release, schedule, now)
                runs.begin(store, deploy, run)
                starts.append(Due(schedule.name, run))
            ticks.add(store, deploy, schedule.name, tick, run and run.id, now)
        keep(house, deploy, schedule, decided[-1].until_ns if decided else now)
        ticks.trim(store, deploy, schedule.name)
    return Told(starts, missed, more=bool(decided) and decided[-1].until_ns < passed[-1])


def since(house: House, deploy: Deploy, release: Release, schedule: Schedule, now: int) -> int:
    """The moment up to which the ticks are decided: of a new schedule, when its release began."""
    known = ticks.decided(house.store, deploy, schedule.name, schedule.cron, schedule.timezone)
    if known is None:
        began = [
            event.at_ns
            for event in releases.events(house.store, deploy, release.number)
            if event.kind == "released"
        ]
        known = began[-1] if began else now
        keep(house, deploy, schedule, known)
    if known > now:
        # The clock was put back. What was decided stays so: its rows are there.
        with house.store.writing():
            keep(house, deploy, schedule, now)
        return now
    return known


def keep(house: House, deploy: Deploy, schedule: Schedule, up_to_ns: int) -> None:
    """Ticks up to this moment are decided."""
    ticks.decide(
        house.store,
        deploy,
        schedule.name,
        cron=schedule.cron,
        timezone=schedule.timezone,
        up_to_ns=up_to_ns,
    )


def forbidden(house: House, deploy: Deploy, schedule: Schedule) -> str:
    """Why nothing of the schedule may start now, if so."""
    if deploy.id in house.under_way.resting:
        return "the deploy was down"
    before = ticks.going_on(house.store, deploy, schedule.name)
    return f"run {before} was still going" if before else ""


def run_of(release: Release, schedule: Schedule, now: int) -> Run:
    """The record of a run that is about to start."""
    words = tuple(argv_for(schedule.command))
    who = f"schedule {schedule.name}"
    run_id = secrets.token_hex(4)
    return Run(run_id, release.number, "schedule", words, who, True, now, None, None, None)


async def start(house: House, deploy: Deploy, release: Release, what: Due) -> None:
    """Start a run whose record is there, and write down its end. What cannot start has ended."""
    try:
        one_off = one_off_of(house, deploy, release, what.run, "null")
        await house.engine.run(one_off)
    except Exception as error:
        runs.end(house.store, what.run.id, None, None, house.now())
        why = error.message if isinstance(error, TwelveError) else type(error).__name__
        said = f"schedule {what.schedule}: run {what.run.id} could not start: {why}"
        await house.engine.note(deploy.app, deploy.name, said)
        log.exception("%s: %s", deploy.label, said)
        return
    await record_end(house, what.run.id, one_off.name)


def sentence(name: str, missed: list[Tick]) -> str:
    """What was missed, for the stream."""
    count = sum(tick.times for tick in missed)
    last = missed[-1]
    at = last.until_ns // SECOND
    times = "once" if count == 1 else f"{count} times"
    return f"schedule {name} was missed {times}, last at {stamp(at)}: {last.why}"


def stamp(seconds: int) -> str:
    """A moment in UTC, to the minute."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def zone_of(name: str) -> tzinfo:
    """A time zone by name. Raises Invalid for one that this machine does not know."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, ZoneInfoNotFoundError):
        raise Invalid(
            f"this machine knows no time zone {name!r}",
            hint="install the time zone database: apt install tzdata, or pip install tzdata",
        ) from None
