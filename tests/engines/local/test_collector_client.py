import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest
from tests.engines.local.collector.worlds import World

from twelve.engines.local.collector_client import Collector
from twelve.engines.local.watch import Watch
from twelve.errors import Refused, Unreachable

pytestmark = [pytest.mark.live, pytest.mark.anyio]

EVENTS = "logs/shop/production/twelve@-/events"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.end()


def written(world) -> list[str]:
    return (world.home / EVENTS / "00000000000000000000.log").read_text().splitlines()


async def flushed(collector):
    async with asyncio.timeout(20):
        await collector.flush()


async def test_what_is_appended_before_there_is_a_collector_is_written_when_it_comes(world):
    async with Collector(str(world.run)) as collector:
        for n in range(100):
            collector.append(EVENTS, f"event {n}\n", budget=0, age=0)
        await asyncio.to_thread(world.start)
        await flushed(collector)
    assert written(world) == [f"event {n}" for n in range(100)]


async def test_appends_survive_kills_once_each_and_in_order(world):
    world.start()
    async with Collector(str(world.run)) as collector:
        for n in range(3000):
            collector.append(EVENTS, f"event {n}\n", budget=0, age=0)
            if n % 500 == 250:
                await asyncio.sleep(0.02)
                await asyncio.to_thread(world.kill)
                await asyncio.to_thread(world.start)
        await flushed(collector)
        assert collector.lost == 0
    assert written(world) == [f"event {n}" for n in range(3000)]


async def test_what_does_not_fit_the_memory_is_counted_and_told(world):
    async with Collector(str(world.run)) as collector:
        for _ in range(50):
            collector.append(EVENTS, "x" * 99_999 + "\n", budget=0, age=0)
        assert collector.lost == 50 - (4 << 20) // 100_000
        await asyncio.to_thread(world.start)
        await flushed(collector)
        collector.append(EVENTS, "afterwards\n", budget=0, age=0)
        await flushed(collector)
    lines = written(world)
    assert f"{collector.lost} events are missing here: the collector was away" in lines


async def test_open_and_drain_answer_or_say_why_not(world):
    async with Collector(str(world.run)) as collector:
        with pytest.raises(Unreachable, match="does not answer"):
            await collector.drain(str(world.run / "p/x"))
        world.start()
        web = world.fifos()
        web.write(b"x\n")
        await collector.open(str(web.path))
        await collector.drain(str(web.path))
        assert web.bytes_of() == b"x\n"
        with pytest.raises(Refused, match="no folder of this run"):
            await collector.open("/etc")


async def test_each_listener_hears_of_its_own_deploy(world):
    world.start()
    async with Collector(str(world.run)) as collector, Watch(collector) as watch:
        with watch.listen("logs/shop/production/") as mine, watch.listen("logs/tin/") as other:
            assert (await mine.wait(20)).folders is None
            await other.wait(20)
            collector.append(EVENTS, "x\n", budget=0, age=0)
            growth = await mine.wait(20)
            assert growth.folders == {EVENTS}
            assert growth.sequence >= 1
            assert (await other.wait(0.05)).folders is None


async def test_a_watch_says_when_the_collector_was_away(world):
    world.start()
    async with (
        Collector(str(world.run)) as collector,
        aclosing(collector.watch()) as watch,
        asyncio.timeout(20),
    ):
        assert (await anext(watch)).folders is None
        world.kill()
        assert (await anext(watch)).folders is None
        world.start()
        while (await anext(watch)).sequence is None:
            pass
        collector.append(EVENTS, "x\n", budget=0, age=0)
        assert (await anext(watch)).folders == {EVENTS}
