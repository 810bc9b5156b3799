"""One-offs: the same release, the same environment, one run, one record."""

import pytest
from tests.operations.worlds import World

from twelve.engines.contract import Exit
from twelve.errors import NotFound, Refused, Unreachable
from twelve.operations.run_once import Terminal, name_of, run_once, stop_run
from twelve.store import apps, runs

pytestmark = pytest.mark.anyio


async def test_a_run_has_the_environment_of_the_processes_and_a_record(world: World):
    await world.deploy()
    await world.configure(A="1")
    started = await run_once(world.house, world.shop, ("echo", "x"), who="ann")
    await started.end

    process = world.engine.started["shop/production/web.1@v2"]
    one_off = world.engine.one_offs[started.name]
    assert (one_off.variables, one_off.artifact) == (process.variables, process.artifact)
    [run] = runs.ls(world.store, world.shop)
    assert (run.who, run.number, run.command, run.code) == ("ann", 2, ("echo", "x"), 0)
    assert run.ended_ns > run.started_ns
    assert name_of(world.shop, run) == started.name


@pytest.mark.parametrize(
    ("how", "stdin"),
    [
        ({}, "pipe"),
        ({"detached": True}, "null"),
        ({"terminal": Terminal(50, 132, "xterm")}, "pty"),
    ],
)
async def test_input_comes_from_a_pipe_a_terminal_or_nowhere(world: World, how, stdin: str):
    await world.deploy()
    started = await run_once(world.house, world.shop, ("cat",), who="ann", **how)
    await started.end

    one_off = world.engine.one_offs[started.name]
    assert one_off.stdin == stdin
    if stdin == "pty":
        assert (one_off.rows, one_off.columns, one_off.terminal) == (50, 132, "xterm")


async def test_how_it_ended_is_recorded(world: World):
    await world.deploy()
    world.engine.exits |= {"fails": Exit(3, None), "dies": Exit(None, "SIGKILL")}
    for word in ("fails", "dies"):
        await (await run_once(world.house, world.shop, (word,), who="ann")).end

    dies, fails = runs.ls(world.store, world.shop)
    assert (fails.code, dies.signal) == (3, "SIGKILL")


async def test_a_run_that_could_not_be_started_has_ended(world: World):
    await world.deploy()
    world.engine.fail("run", "*", Unreachable("no supervisor"))
    with pytest.raises(Unreachable):
        await run_once(world.house, world.shop, ("echo",), who="ann")

    [run] = runs.ls(world.store, world.shop)
    assert run.ended_ns
    assert (run.code, run.signal) == (None, None)


async def test_a_run_is_stopped_by_its_id_and_that_is_recorded(world: World):
    await world.deploy()
    world.engine.endless.add("sleep")
    started = await run_once(world.house, world.shop, ("sleep",), who="ann", detached=True)
    await stop_run(world.house, world.shop, started.run.id)

    assert runs.get(world.store, world.shop, started.run.id).signal == "SIGTERM"
    await stop_run(world.house, world.shop, started.run.id)
    with pytest.raises(NotFound, match="has no run 'ffff'"):
        await stop_run(world.house, world.shop, "ffff")


async def test_nothing_runs_before_there_is_a_release(world: World):
    app = apps.create(world.store, "shop", "", 1)
    apps.ensure_deploy(world.store, app, "production", 1)
    with pytest.raises(Refused, match="has no release yet"):
        await run_once(world.house, world.shop, ("echo",), who="ann")


async def test_a_deploy_leaves_runs_of_the_old_release_alone(world: World):
    await world.deploy()
    world.engine.endless.add("sleep")
    started = await run_once(world.house, world.shop, ("sleep",), who="ann", detached=True)
    await world.configure(A="1")
    await world.scale("web=0")

    assert started.name in world.engine.processes
    await world.engine.signal(started.name, "SIGTERM")
    await world.whole()
