"""What leaves serves what it has under way, however many changes follow each other."""

import asyncio
import contextlib

import pytest
from tests.operations.worlds import SHOP, World, held

from twelve.engines.contract import Answers
from twelve.errors import ReleaseFailed, Unreachable
from twelve.factors.ports.routes import Backend
from twelve.operations.destroy import down
from twelve.operations.leaving import Farewell, Leaving, Route
from twelve.operations.restart import stop
from twelve.operations.settle import stop_contracts
from twelve.store import journal, releases

pytestmark = pytest.mark.anyio

V1, V2 = "shop/production/web.1@v1", "shop/production/web.1@v2"


@contextlib.asynccontextmanager
async def draining(world: World, pattern: str):
    hold = world.engine.hold("drain", pattern)
    yield hold
    hold.go.set()


async def reached(hold) -> None:
    async with asyncio.timeout(5):
        await hold.reached.wait()


async def test_a_next_deploy_does_not_wait_for_the_drain_nor_cut_it_short(world: World):
    await world.deploy()
    async with draining(world, "*web@v1*") as hold:
        await world.deploy({**SHOP, "a": "1"})
        await reached(hold)
        await world.deploy({**SHOP, "a": "2"})
        await world.until(lambda: V2 not in world.engine.processes)
        await world.until(lambda: len(world.engine.table.backends) == 2)

        assert V1 in world.engine.processes
        clusters = {backend.cluster.partition("+")[0] for backend in world.engine.table.backends}
        assert clusters == {"shop/production/web@v1", "shop/production/web@v3"}
    await world.whole()


async def test_a_deploy_that_fails_leaves_what_drains_alone(world: World):
    await world.deploy()
    async with draining(world, "*web@v1*") as hold:
        await world.deploy({**SHOP, "a": "1"})
        await reached(hold)
        world.engine.fail("start", "*@v3", ReleaseFailed("no"))
        with pytest.raises(ReleaseFailed):
            await world.deploy({**SHOP, "a": "2"})

        assert V1 in world.engine.processes
        assert len(world.engine.table.backends) == 2
    await world.whole()


async def test_another_app_deployed_meanwhile_does_not_drop_the_cluster(world: World):
    await world.deploy()
    async with draining(world, "*web@v1*") as hold:
        await world.deploy({**SHOP, "a": "1"})
        await reached(hold)
        await world.deploy(app="other")

        assert len(world.engine.table.backends) == 3
    await world.whole()


async def test_another_app_switched_meanwhile_does_not_take_requests_from_the_new_release(
    world: World,
):
    files = {**SHOP, "twelve.toml": "[processes.worker]\noverlap = false\n"}
    await world.deploy(files)
    work = lambda: world.deploy({**files, "a": "1"})  # noqa: E731
    async with held(world, "start", "*/worker.1@v2", work) as (task, hold):
        await world.deploy(app="other")

        [route] = [route for route in world.engine.table.routes if route.app == "shop"]
        assert "web@v2" in route.cluster
        hold.go.set()
        await task
    await world.whole()


async def test_scaling_up_again_keeps_a_process_that_was_about_to_leave(world: World):
    await world.deploy()
    await world.scale("web=2")
    await world.quiet()
    async with draining(world, "*") as hold:
        await world.scale("web=1")
        await reached(hold)
        await world.scale("web=2")
    await world.whole()

    assert world.engine.subjects("stop") == []
    assert world.engine.subjects("start").count("shop/production/web.2@v1") == 1


async def test_scaling_up_again_waits_for_a_process_that_is_being_stopped(world: World):
    await world.deploy()
    await world.scale("web=2")
    await world.quiet()
    stopping = world.engine.hold("stop", "*/web.2@v1")
    await world.scale("web=1")
    await reached(stopping)
    scaling = asyncio.ensure_future(world.scale("web=2"))
    await asyncio.sleep(0.01)
    stopping.go.set()
    await scaling

    await world.whole()
    assert world.engine.subjects("start").count("shop/production/web.2@v1") == 2


async def test_a_cluster_that_leaves_twice_goes_with_the_last(world: World):
    await world.deploy()
    await world.scale("web=2")
    await world.quiet()
    first = world.engine.hold("drain", "*")
    await world.scale("web=1")
    await reached(first)
    await world.scale("web=2")
    await world.until(lambda: len(world.engine.table.backends) == 1)
    second = world.engine.hold("drain", "*")
    await world.scale("web=1")
    await reached(second)
    first.go.set()
    await asyncio.sleep(0.01)

    assert "shop/production/web.2@v1" in world.engine.processes
    assert len(world.engine.table.backends) == 2
    second.go.set()
    await world.whole()


async def test_a_retirement_that_fails_is_written_down_and_made_good(world: World, monkeypatch):
    monkeypatch.setattr("twelve.operations.keeping.FIRST_PAUSE", 0.01)
    await world.deploy()
    await world.quiet()
    world.engine.fail("stop", "*@v1", Unreachable("no supervisor"))
    world.engine.fail("switch", "nothing", Unreachable("no router"))
    await world.deploy({**SHOP, "a": "1"})

    await world.whole()
    assert world.events(2) == ["released", "unsettled"]
    assert journal.unfinished(world.store) == []


async def test_a_drain_that_fails_is_written_down_and_made_good(world: World):
    await world.deploy()
    await world.quiet()
    world.engine.fail("drain", "*", Unreachable("no router"))
    await world.deploy({**SHOP, "a": "1"})

    await world.whole()
    assert world.events(2) == ["released", "unsettled"]


async def test_stopping_one_of_two_keeps_the_cluster_of_both_until_it_is_empty(world: World):
    await world.deploy()
    await world.scale("web=2")
    await world.quiet()
    world.engine.tables.clear()
    await stop(world.house, world.shop, "web.1", who="ann", tell=world.tell)

    await world.whole()
    assert [len(table.backends) for table in world.engine.tables] == [2, 1]
    assert V1 not in world.engine.processes


async def test_down_ends_what_drains_too(world: World):
    await world.deploy()
    async with draining(world, "*web@v1*") as hold:
        await world.deploy({**SHOP, "a": "1"})
        await reached(hold)
        assert await down(world.house, world.tell) == 3
        assert world.engine.processes == {}
    await world.whole()


async def test_a_farewell_comes_back_from_the_journal_as_it_was(world: World):
    backend = Backend("shop/production/web@v1+1", (20000, 20001))
    what = Farewell((Route("web", backend, 60.0),), (V1,))

    assert Farewell.from_plain(what.to_plain()) == what


async def test_only_the_newest_farewell_stops_a_process():
    leaving = Leaving()
    what = Farewell((), (V1,))
    first, second = leaving.enlist(what), leaving.enlist(what)

    assert leaving.still(first, what.names) == []
    leaving.dismiss(first)
    assert leaving.still(second, what.names) == [V1]
    leaving.rescue([V1])
    assert leaving.still(second, what.names) == []


async def test_the_release_that_was_replaced_is_said_to_be(world: World):
    await world.deploy()
    await world.deploy({**SHOP, "a": "1"})
    await world.quiet()

    assert releases.states(world.store, world.shop) == {1: "superseded", 2: "released"}


async def test_a_next_deploy_is_not_taken_back_for_what_it_replaced(world: World, monkeypatch):
    monkeypatch.setattr("twelve.operations.watch.PAUSE", 0.01)
    await world.deploy()
    await world.deploy({**SHOP, "a": "1"}, gate=True)
    await world.until(lambda: len(world.engine.table.backends) == 1)
    work = lambda: world.deploy({**SHOP, "a": "2"})  # noqa: E731
    async with held(world, "start", "*@v3", work) as (task, hold):
        cluster = next(r.cluster for r in world.engine.table.routes)
        world.engine.answers[cluster] = Answers(200, 120)
        await world.until(lambda: "worse" in world.events(2))
        hold.go.set()
        await task

    await world.whole()
    assert world.shop.current == 3


async def test_each_process_has_the_grace_and_the_signal_of_its_own_release(world: World):
    toml = '[processes.web]\ngrace = "{}s"\nstop_signal = "{}"\n'
    for grace, number in ((3, "SIGTERM"), (7, "SIGINT")):
        await world.deploy({**SHOP, "twelve.toml": toml.format(grace, number)})
    worker = "shop/production/worker.1@v2"

    found = stop_contracts(world.house, [V1, V2, worker, "other/production/web.1@v1"])

    plain = (30.0, "SIGTERM")
    assert (found[V1], found[V2]) == ((3.0, "SIGTERM"), (7.0, "SIGINT"))
    assert (found[worker], found["other/production/web.1@v1"]) == (plain, plain)
