"""Room: the disk is looked after, what nobody needs goes, and a full one is told."""

import asyncio
import errno
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.operations.worlds import World

from twelve.errors import Full, ReleaseFailed
from twelve.operations.destroy import destroy_app, destroy_deploy
from twelve.operations.room import PAUSE, forget_streams, look
from twelve.store import apps, journal

pytestmark = pytest.mark.anyio


def tell(step: str, text: str, **_: object) -> None:
    del step, text


async def test_a_disk_that_gets_short_is_told_once_and_its_end_too(world: World):
    await world.deploy()
    assert not await look(world.house, was_short=False)
    world.engine.acts.clear()
    before = len(world.engine.notes("shop", "production"))
    world.engine.free = 0
    assert await look(world.house, was_short=False)
    assert await look(world.house, was_short=True)
    world.engine.free = 2
    assert not await look(world.house, was_short=True)

    told = world.engine.notes("shop", "production")[before:]
    assert [line.partition(":")[0] for line in told] == [
        "the disk is nearly full",
        "the disk has room again",
    ]
    assert world.engine.subjects("tidy") == ["caches"]


async def test_a_destroyed_deploy_leaves_no_stream_and_an_app_no_build(world: World):
    await world.deploy()
    await world.house.engine.note("shop", "production", "a last word")
    [deploy] = apps.deploys(world.store, "shop")
    await destroy_app(world.house, apps.get(world.store, "shop"), who="ann", tell=tell)

    assert world.engine.subjects("forget") == [deploy.label]
    assert await world.engine.streams() == set()
    assert world.engine.stored == set()


async def test_only_streams_of_deploys_that_are_gone_go(world: World):
    await world.deploy()
    other = apps.ensure_deploy(
        world.store, apps.get(world.store, "shop"), "staging", world.house.now()
    )
    for name in ("production", "staging"):
        await world.engine.note("shop", name, "hello")
    await world.engine.note("gone", "production", "left by a death in the middle")
    await destroy_deploy(world.house, other, who="ann", tell=tell)

    assert await world.engine.streams() == {("shop", "production")}
    await forget_streams(world.house)
    assert await world.engine.streams() == {("shop", "production")}


@contextmanager
def full(world: World) -> Iterator[None]:
    """The store has no room to grow."""
    world.store.db.pragma("max_page_count", world.store.db.pragma("page_count"))
    try:
        yield
    finally:
        world.store.db.pragma("max_page_count", 1 << 20)


async def test_what_must_be_undone_waits_for_room_and_leaves_nothing_half_done(world: World):
    await world.deploy()
    held = world.engine.hold("start", "*@v2")
    changing = asyncio.create_task(world.configure(A="1"))
    await held.reached.wait()
    with full(world):
        long = "it does not come up: " + "x" * 200_000
        world.engine.fail("start", "*@v2", ReleaseFailed(long))
        held.go.set()
        done, _ = await asyncio.wait({changing}, timeout=2 * PAUSE)
        assert not done
    with pytest.raises(ReleaseFailed):
        await changing

    await world.quiet()
    assert {name.rpartition("@")[2] for name in world.engine.processes} == {"v1"}
    assert not journal.unfinished(world.store)


async def test_a_change_that_does_not_fit_is_refused_and_the_next_one_may(world: World):
    await world.deploy()
    with full(world), pytest.raises(Full, match="the disk is full"):
        await world.configure(A="x" * 100_000)
    await world.configure(A="1")

    assert world.engine.started["shop/production/web.1@v2"].variables["A"] == "1"


async def test_a_file_that_finds_no_room_is_told_and_the_change_is_undone(world: World):
    await world.deploy()
    world.engine.fail("switch", "*", OSError(errno.ENOSPC, "No space left on device", "cds.yaml"))
    with pytest.raises(Full, match=r"cds\.yaml: the disk is full") as caught:
        await world.configure(A="1")

    assert "twelve doctor" in caught.value.hint
    await world.quiet()
    assert {name.rpartition("@")[2] for name in world.engine.processes} == {"v1"}
    assert not journal.unfinished(world.store)
