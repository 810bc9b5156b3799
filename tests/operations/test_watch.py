"""After the switch a release is watched, and goes when it is clearly worse than the old one was."""

import asyncio

import pytest
from tests.operations.worlds import SHOP, World, held

from twelve.engines.contract import Answers
from twelve.errors import ReleaseFailed
from twelve.store import releases

pytestmark = pytest.mark.anyio

NEXT = {**SHOP, "a": "1"}


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    monkeypatch.setattr("twelve.operations.watch.PAUSE", 0.01)


async def over(world: World) -> None:
    async with asyncio.timeout(5):
        while tasks := world.house.under_way.background:
            await asyncio.wait(tasks)


def answers_of_the_newest(world: World, requests: int, failures: int) -> None:
    cluster = world.engine.table.backends[-1].cluster
    world.engine.answers[cluster] = Answers(requests, failures)


async def test_a_release_that_answers_well_stays_and_what_was_seen_is_kept(world: World):
    await world.deploy(gate=True)
    await world.deploy(NEXT, gate=True)
    await world.until(lambda: len(world.engine.table.backends) == 1)
    answers_of_the_newest(world, 200, 1)
    await over(world)

    await world.whole()
    watched = releases.events(world.store, world.shop, 2)[-1]
    assert (watched.kind, watched.detail["requests"]) == ("watched", 200)
    assert world.shop.current == 2


async def test_a_release_that_is_clearly_worse_is_taken_back_with_the_evidence(world: World):
    first = await world.deploy()
    await world.deploy(NEXT, gate=True)
    await world.until(lambda: len(world.engine.table.backends) == 1)
    answers_of_the_newest(world, 200, 120)
    await over(world)

    await world.whole()
    assert (world.current.number, world.current.build) == (3, first.build)
    assert "120 of 200 requests failed" in next(
        event.detail["why"]
        for event in releases.events(world.store, world.shop, 2)
        if event.kind == "worse"
    )
    assert any("v2 is worse" in note for note in world.engine.notes("shop", "production"))


async def test_who_stays_until_the_end_is_told_that_it_was_taken_back(world: World):
    await world.deploy()
    deploying = asyncio.ensure_future(world.deploy(NEXT, gate=True, stay=True))
    await world.until(lambda: world.shop.current == 2)
    answers_of_the_newest(world, 200, 120)
    with pytest.raises(ReleaseFailed, match="served and was taken back: 120 of 200"):
        await deploying

    await over(world)
    await world.whole()


async def test_a_next_deploy_is_not_taken_back_for_what_it_replaced(world: World):
    await world.deploy()
    await world.deploy(NEXT, gate=True)
    await world.until(lambda: len(world.engine.table.backends) == 1)
    work = lambda: world.deploy({**SHOP, "a": "2"})  # noqa: E731
    async with held(world, "start", "*@v3", work) as (task, hold):
        answers_of_the_newest(world, 200, 120)
        await world.until(lambda: "worse" in world.events(2))
        hold.go.set()
        await task
    await over(world)

    await world.whole()
    assert world.shop.current == 3
