"""Schedules: each tick is run once at most, or recorded as missed; whoever looks, and whenever."""

import dataclasses
import random
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.operations.worlds import SHOP, World

from twelve.engines.contract import Exit
from twelve.errors import Unreachable
from twelve.factors.admin.ticks import MOST, SECOND
from twelve.operations.destroy import destroy_deploy, down
from twelve.operations.run_once import stop_run
from twelve.operations.timetable import decide, look, next_look
from twelve.operations.wanted import build_of, manifest_of
from twelve.store import runs, ticks
from twelve.store.connection import open_store
from twelve.store.vault import Vault

pytestmark = pytest.mark.anyio

MINUTE = 60 * SECOND
DAY = 1440 * MINUTE
START = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * SECOND


class Clock:
    """A clock that stands still until it is put."""

    def __init__(self, at: int = START) -> None:
        self.at = at

    def __call__(self) -> int:
        return self.at


def timed(world: World, clock: Clock) -> World:
    world.house = dataclasses.replace(world.house, now=clock)
    return world


def toml(cron: str = "0 3 * * *", name: str = "nightly", **more: str) -> str:
    lines = "".join(f"{key} = {value}\n" for key, value in more.items())
    return f"[schedule.{name}]\ncron = '{cron}'\ncommand = 'tidy --{name}'\n{lines}"


@pytest.fixture
def clock(world: World) -> Clock:
    made = Clock()
    timed(world, made)
    return made


async def scheduled(world: World, *tables: str) -> None:
    await world.deploy({**SHOP, "twelve.toml": "".join(tables)})


async def at(world: World, clock: Clock, moment: int) -> list[tuple[str, int]]:
    """Look at that moment; the fates since then, oldest first."""
    before = len(ticks.ls(world.store, world.shop))
    clock.at = moment
    await look(world.house)
    found = ticks.ls(world.store, world.shop)
    new = found[: len(found) - before]
    await world.until(lambda: all(row.fate == "missed" or ended(world, row.run) for row in new))
    return [(row.fate, row.tick_ns) for row in reversed(new)]


def ended(world: World, run: str) -> bool:
    word = runs.get(world.store, world.shop, run).command[0]
    return word in world.engine.endless or runs.get(world.store, world.shop, run).ended_ns


async def test_a_tick_is_run_in_the_current_release_and_recorded(world: World, clock: Clock):
    await scheduled(world, toml())
    await world.configure(A="1")
    due = START + 180 * MINUTE

    assert await at(world, clock, due - 1) == []
    assert await at(world, clock, due + SECOND) == [("run", due)]
    assert await at(world, clock, due + 2 * SECOND) == []
    [run] = runs.ls(world.store, world.shop)
    assert (run.kind, run.number, run.command) == ("schedule", 2, ("tidy", "--nightly"))
    assert (run.who, run.code) == ("schedule nightly", 0)
    [one_off] = world.engine.one_offs.values()
    assert one_off.name == f"shop/production/run.{run.id}@v2"
    assert one_off.variables == {"A": "1"}
    assert await at(world, clock, due + DAY) == [("run", due + DAY)]
    await world.whole()


async def test_what_nobody_looked_at_is_recorded_as_missed_and_told(world: World, clock: Clock):
    await scheduled(world, toml())
    first = START + 180 * MINUTE

    assert await at(world, clock, first + 2 * DAY + 61 * SECOND) == [
        ("missed", first),
        ("missed", first + DAY),
        ("missed", first + 2 * DAY),
    ]
    assert runs.ls(world.store, world.shop) == []
    [note] = [n for n in world.engine.notes("shop", "production") if "missed" in n]
    assert note.startswith("schedule nightly was missed 3 times, last at 2026-01-03 03:00 UTC: ")


async def test_with_catch_up_the_newest_missed_one_is_run_late_and_once(world: World, clock: Clock):
    await scheduled(world, toml(catch_up="true"))
    first = START + 180 * MINUTE

    assert await at(world, clock, first + DAY + 300 * MINUTE) == [
        ("missed", first),
        ("late", first + DAY),
    ]
    assert await at(world, clock, first + DAY + 301 * MINUTE) == []
    assert len(runs.ls(world.store, world.shop)) == 1


async def test_while_a_run_goes_on_the_next_tick_is_missed(world: World, clock: Clock):
    world.engine.endless.add("tidy")
    await scheduled(world, toml("* * * * *", catch_up="true"))

    assert [fate for fate, _ in await at(world, clock, START + MINUTE)] == ["run"]
    assert [fate for fate, _ in await at(world, clock, START + 2 * MINUTE)] == ["missed"]
    newest, first = ticks.ls(world.store, world.shop)
    assert newest.why == f"run {first.run} was still going"
    await stop_run(world.house, world.shop, first.run)
    assert [fate for fate, _ in await at(world, clock, START + 3 * MINUTE)] == ["run"]


async def test_what_is_down_misses_its_ticks(world: World, clock: Clock):
    await scheduled(world, toml("* * * * *"))
    await down(world.house, world.tell)

    assert [fate for fate, _ in await at(world, clock, START + MINUTE)] == ["missed"]
    assert ticks.ls(world.store, world.shop)[0].why == "the deploy was down"


async def test_a_run_that_fails_or_cannot_start_was_run_all_the_same(world: World, clock: Clock):
    await scheduled(world, toml("* * * * *"))
    world.engine.exits["tidy"] = Exit(3, None)
    await at(world, clock, START + MINUTE)
    world.engine.fail("run", "*", Unreachable("no supervisor"))
    await at(world, clock, START + 2 * MINUTE)

    unstarted, failed = ticks.ls(world.store, world.shop)
    assert (failed.fate, failed.code) == ("run", 3)
    assert (unstarted.fate, unstarted.code) == ("run", None)
    assert unstarted.ended_ns
    notes = world.engine.notes("shop", "production")
    assert any("could not start: no supervisor" in note for note in notes)
    assert await at(world, clock, START + 2 * MINUTE + SECOND) == []


async def test_a_new_schedule_begins_with_its_release(world: World, clock: Clock):
    clock.at = START + 200 * MINUTE
    await scheduled(world, toml())
    assert await at(world, clock, START + 201 * MINUTE) == []

    clock.at = START + 300 * MINUTE
    await scheduled(world, toml("0 4,9 * * *"))
    assert await at(world, clock, START + 301 * MINUTE) == []
    assert await at(world, clock, START + 540 * MINUTE) == [("run", START + 540 * MINUTE)]


async def test_a_release_that_leaves_the_schedule_as_it_was_loses_no_tick(
    world: World, clock: Clock
):
    await scheduled(world, toml())
    assert await at(world, clock, START + MINUTE) == []
    clock.at = START + 180 * MINUTE + SECOND
    await world.configure(A="1")

    assert await at(world, clock, clock.at) == [("run", START + 180 * MINUTE)]
    assert ticks.ls(world.store, world.shop)[0].number == 2


async def test_a_schedule_that_went_and_came_back_begins_anew(world: World, clock: Clock):
    await scheduled(world, toml())
    await at(world, clock, START + MINUTE)
    await scheduled(world, toml(name="other"))
    await at(world, clock, START + 2 * MINUTE)
    clock.at = START + 200 * MINUTE
    await scheduled(world, toml())

    assert await at(world, clock, START + 201 * MINUTE) == []


async def test_a_clock_that_is_put_back_runs_nothing_twice(world: World, clock: Clock):
    await scheduled(world, toml("*/10 * * * *"))
    first = await at(world, clock, START + 10 * MINUTE)
    await at(world, clock, START + 20 * MINUTE)
    await at(world, clock, START + 5 * MINUTE)

    assert await at(world, clock, START + 10 * MINUTE) == []
    assert await at(world, clock, START + 20 * MINUTE) == []
    assert await at(world, clock, START + 30 * MINUTE) == [("run", START + 30 * MINUTE)]
    assert first == [("run", START + 10 * MINUTE)]


async def test_a_clock_that_was_years_ahead_does_not_stop_the_schedule(world: World, clock: Clock):
    await scheduled(world, toml())
    await at(world, clock, START + 3650 * DAY)
    await at(world, clock, START + 10 * DAY + 179 * MINUTE)

    rows = ticks.ls(world.store, world.shop)
    assert sum(row.times for row in rows) == 3650
    assert {row.fate for row in rows} == {"missed"}
    assert max(row.times for row in rows) == MOST


async def test_one_deploys_trouble_does_not_stop_the_clock_of_others(world: World, clock: Clock):
    files = {**SHOP, "twelve.toml": toml("* * * * *")}
    await world.deploy(files)
    await world.deploy(files, app="blog")
    world.store.do("UPDATE deploys SET current = 99 WHERE name = 'production' AND app_id = 2")
    world.store.do("UPDATE builds SET plain = '{}' WHERE app_id = 1")
    await look(world.house)
    world.store.do("UPDATE builds SET plain = '{' WHERE app_id = 2")
    clock.at = START + MINUTE
    await look(world.house)

    assert runs.open_runs(world.store) == []


async def test_a_deploy_that_goes_takes_its_schedules_with_it(world: World, clock: Clock):
    await scheduled(world, toml("* * * * *"))
    await at(world, clock, START + MINUTE)
    await destroy_deploy(world.house, world.shop, who="ann", tell=world.tell)
    clock.at = START + 2 * MINUTE
    await look(world.house)

    assert world.store.all("SELECT * FROM ticks") == world.store.all("SELECT * FROM schedules")


async def test_the_ledger_forgets_the_oldest_ticks_with_their_runs(
    world: World, clock: Clock, monkeypatch
):
    monkeypatch.setattr(ticks, "KEPT", 3)
    await scheduled(world, toml("* * * * *"))
    for minute in range(1, 8):
        clock.at = START + minute * MINUTE
        await look(world.house)
        await settled(world)

    kept = [row.tick_ns for row in ticks.ls(world.store, world.shop)]
    assert kept == [START + minute * MINUTE for minute in (7, 6, 5)]
    assert len(runs.ls(world.store, world.shop)) == 3


def test_one_looks_at_each_minute_and_reads_the_clock_more_often():
    assert next_look(START) == 10.0
    assert next_look(START + 55 * SECOND) == 5.0
    assert next_look(START + 59 * SECOND + SECOND // 2) == 0.5


async def test_of_two_control_planes_on_one_store_one_starts_each_tick(world: World, clock: Clock):
    await scheduled(world, toml("* * * * *"))
    await world.quiet()
    schedule = manifest_of(build_of(world.house, world.shop, world.current)).schedule["nightly"]
    minutes, planes = 60, 2
    line = threading.Barrier(planes)
    started: list[list[str]] = [[] for _ in range(planes)]
    faults: list[BaseException] = []

    def plane(number: int) -> None:
        store = open_store(world.folder / "twelve.db", Vault(bytes(32)))
        mine = Clock()
        house = dataclasses.replace(world.house, store=store, now=mine)
        try:
            for minute in range(1, minutes + 1):
                mine.at = START + minute * MINUTE
                line.wait(20)
                told = decide(house, world.shop, world.current, schedule)
                for each in told.starts:
                    started[number].append(each.run.id)
                    runs.end(store, each.run.id, 0, None, mine.at)
                line.wait(20)
        except BaseException as fault:  # noqa: BLE001 - told by the test
            faults.append(fault)
            line.abort()
        finally:
            store.db.close()

    threads = [threading.Thread(target=plane, args=(n,)) for n in range(planes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []
    rows = ticks.ls(world.store, world.shop)
    assert [row.tick_ns for row in reversed(rows)] == [
        START + minute * MINUTE for minute in range(1, minutes + 1)
    ]
    assert sorted(started[0] + started[1]) == sorted(row.run for row in rows)
    assert len(runs.ls(world.store, world.shop)) == minutes


BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
YEAR = {
    "nightly": ("30 2 * * *", BERLIN, "catch_up = true\n"),
    "early": ("30 2 * * *", NEW_YORK, ""),
    "sunday": ("15 2 * * sun", BERLIN, ""),
    "plain": ("30 2 * * *", UTC, ""),
}


def table_of(name: str) -> str:
    cron, zone, more = YEAR[name]
    key = "UTC" if zone is UTC else zone.key
    return toml(cron, name, timezone=f"'{key}'") + more


def wall(zone, day: datetime, hour: int, minute: int) -> int:
    """That time on the wall of that day; in a gap the end of the gap; of two the first."""
    local = day.replace(hour=hour, minute=minute, tzinfo=zone, fold=0)
    real = local.astimezone(UTC).astimezone(zone)
    if real.replace(tzinfo=None) != local.replace(tzinfo=None):
        # By the offset before the gap it lies behind it: go back to where the gap ends.
        while (real - timedelta(minutes=1)).astimezone(UTC).astimezone(zone).utcoffset() == (
            real.utcoffset()
        ) and (real.astimezone(UTC) - timedelta(minutes=1)).astimezone(zone).utcoffset() == (
            real.utcoffset()
        ):
            real = (real.astimezone(UTC) - timedelta(minutes=1)).astimezone(zone)
    return int(real.timestamp()) * SECOND


def promised(days: int) -> dict[str, set[int]]:
    """Every tick of the year, told by the wall clock and not by what is tested."""
    first = datetime(2025, 12, 31)  # noqa: DTZ001 - a day on no particular wall
    every = [first + timedelta(days=n) for n in range(days + 2)]
    end = START + days * DAY
    found = {
        "nightly": {wall(BERLIN, day, 2, 30) for day in every},
        "early": {wall(NEW_YORK, day, 2, 30) for day in every},
        "sunday": {wall(BERLIN, day, 2, 15) for day in every if day.weekday() == 6},
        "plain": {wall(UTC, day, 2, 30) for day in every},
    }
    return {name: {at for at in row if START < at <= end} for name, row in found.items()}


async def test_in_400_days_every_tick_is_run_once_or_recorded_as_missed(world: World, clock: Clock):
    """Two changes of the clock in each of two zones, restarts, absences, looks that come late."""
    days, chance = 400, random.Random(12)
    expected = promised(days)
    await scheduled(world, *map(table_of, YEAR))
    await world.quiet()
    moments = sorted({at for row in expected.values() for at in row})
    away_until = 0
    folder = world.folder
    worlds = [world]
    for moment in moments:
        if moment < away_until:
            continue
        clock.at = moment + chance.choice([0, 1, 20, 59]) * SECOND
        await look(worlds[-1].house)
        if chance.random() < 0.04:
            # It is killed, sometimes in the middle of a run, and comes back after a while.
            hours = chance.choice([0, 1, 9, 30, 80])
            away_until = min(moment + hours * 3600 * SECOND, START + days * DAY)
            worlds.append(reborn(worlds[-1], folder, clock))
            clock.at = max(clock.at, away_until)
            await worlds[-1].recover()
            await look(worlds[-1].house)
        await settled(worlds[-1])
    clock.at = START + days * DAY
    await look(worlds[-1].house)
    await settled(worlds[-1])

    last = worlds[-1]
    rows = ticks.ls(last.store, last.shop)
    fates = Counter(row.fate for row in rows)
    assert {row.times for row in rows} == {1}
    for name, wanted in expected.items():
        found = [row.tick_ns for row in rows if row.schedule == name]
        assert len(found) == len(set(found))
        assert set(found) == wanted, name
    ran = [row.run for row in rows if row.fate != "missed"]
    assert len(set(ran)) == len(ran)
    assert len(runs.ls(last.store, last.shop, -1)) == len(ran)
    started = [name for each in worlds for name in each.engine.subjects("run")]
    assert len(started) == len(set(started))
    assert {name.rsplit("run.", 1)[1].partition("@")[0] for name in started} <= set(ran)
    assert all(row.ended_ns for row in rows if row.run)
    assert len(worlds) > 20
    assert fates["run"] > 800
    assert fates["late"] > 5
    assert fates["missed"] > 80
    for made in worlds[1:]:
        await made.house.under_way.close()


def reborn(world: World, folder: Path, clock: Clock) -> World:
    """Another control plane on the same store; what the old one had in memory is gone."""
    for task in tuple(world.house.under_way.background):
        task.cancel()
    made = World(folder, type(world.engine)(folder, clock))
    made.engine.processes = dict(world.engine.processes)
    made.engine.started = dict(world.engine.started)
    made.engine.tables = list(world.engine.tables)
    made.engine.stored = set(world.engine.stored)
    return timed(made, clock)


async def settled(world: World) -> None:
    await world.until(lambda: not runs.open_runs(world.store))
