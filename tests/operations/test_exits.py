"""Every exit is an event: recorded once, told with its cause and its next start."""

import pytest
from tests.operations.worlds import World

from twelve.engines.contract import Happened
from twelve.operations.keeping import take_note
from twelve.store import exits

pytestmark = pytest.mark.anyio


async def test_every_exit_is_recorded_once_with_its_cause_and_its_next_start(world: World):
    await world.deploy()
    instance = "shop/production/worker.1@v1"
    detail = {"at_ns": 5, "uptime": 2.5, "code": None, "signal": "SIGKILL", "oom": True}
    detail |= {"memory": 64 << 20, "again": 1.0, "asked": False}
    for _ in range(2):
        await take_note(world.house, Happened("exited", instance, detail))

    (row,) = exits.ls(world.store, world.shop)
    assert (row.process, row.release, row.signal, row.oom) == ("worker.1", "v1", "SIGKILL", True)
    assert (row.uptime, row.again, row.memory) == (2.5, 1.0, 64 << 20)
    told = [note for note in world.engine.notes("shop", "production") if "exited" in note]
    assert told == [
        "worker.1@v1 exited: SIGKILL, out of memory (limit 64 MiB) after 2.5 s; next start in 1.0 s"
    ]


async def test_what_ended_while_control_was_away_is_told_by_the_next(world: World):
    await world.deploy()
    again = world.after_death()
    detail = {"at_ns": 7, "uptime": 1.0, "code": 3, "signal": None, "again": 0.0}
    again.engine.missed = [Happened("exited", "shop/production/web.1@v1", detail)]
    await again.recover()
    await again.quiet()
    assert [row.code for row in exits.ls(again.store, again.shop)] == [3]
    notes = again.engine.notes("shop", "production")
    assert "web.1@v1 exited: code 3 after 1.0 s; next start at once" in notes


async def test_a_night_of_crashes_leaves_the_newest_exits_of_each_deploy(world: World, monkeypatch):
    await world.deploy()
    await world.deploy(deploy="staging")
    monkeypatch.setattr(exits, "KEPT", 5)
    for at in range(20):
        for deploy in ("production", "staging"):
            detail = {"at_ns": at + 1, "uptime": 0.1, "code": 1, "signal": None, "again": 60.0}
            name = f"shop/{deploy}/worker.1@v1"
            await take_note(world.house, Happened("exited", name, detail))
    assert [row.at_ns for row in exits.ls(world.store, world.shop)] == [20, 19, 18, 17, 16]
