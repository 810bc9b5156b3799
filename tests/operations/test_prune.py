"""Old builds make room; what somebody may still need stays."""

import asyncio

import pytest
from tests.operations.worlds import SHOP, World, held

from twelve.errors import Refused, ReleaseFailed
from twelve.operations.prune import prune
from twelve.operations.run_once import run_once
from twelve.store import builds

pytestmark = pytest.mark.anyio


def kept(world: World) -> set[str]:
    found = {each.build.digest for each in builds.kept(world.store)}
    assert found == world.engine.stored
    return found


async def some_deploys(world: World, amount: int) -> list[str]:
    made = []
    for number in range(amount):
        made.append((await world.deploy({**SHOP, "a": str(number)})).build)
        await world.quiet()
    return made


async def test_as_many_builds_are_kept_as_the_settings_say(world: World):
    made = await some_deploys(world, 4)

    await world.whole()
    assert kept(world) == set(made[-2:])
    assert world.house.settings.keep_releases == 2


async def test_what_a_rollback_would_go_to_stays_however_many_releases_follow(world: World):
    made = await some_deploys(world, 2)
    for number in range(4):
        await world.scale(f"web={number}")
    await world.deploy({**SHOP, "a": "1"})

    await world.whole()
    assert kept(world) == set(made)


async def test_a_rollback_to_what_is_gone_is_refused_with_the_way_out(world: World):
    await some_deploys(world, 4)
    with pytest.raises(Refused, match=r"shop/production v1: its build is not kept") as refused:
        await world.rollback(1)

    await world.whole()
    assert "TWELVE_KEEP_RELEASES" in refused.value.hint


async def test_the_same_build_made_again_is_kept_again(world: World):
    made = await some_deploys(world, 4)
    again = await world.deploy({**SHOP, "a": "0"})

    await world.whole()
    assert again.build == made[0]
    assert made[0] in kept(world)


async def test_a_living_run_of_an_old_release_keeps_its_build(world: World):
    made = await some_deploys(world, 1)
    world.engine.endless.add("sleep")
    started = await run_once(world.house, world.shop, ("sleep",), who="ann", detached=True)
    made += [build for build in await some_deploys(world, 4) if build not in made]
    assert made[0] in kept(world)
    await world.engine.signal(started.name, "SIGTERM")
    await world.quiet()
    await prune(world.house)

    assert kept(world) == set(made[-2:])


async def test_builds_of_other_apps_and_deploys_stay(world: World):
    staging = (await world.deploy({**SHOP, "a": "staging"}, deploy="staging")).build
    other = (await world.deploy({**SHOP, "a": "other"}, app="other")).build
    made = await some_deploys(world, 3)

    assert kept(world) == {staging, other, *made[-2:]}


async def test_builds_whose_release_failed_go_with_the_next_that_serves(world: World):
    first = (await world.deploy()).build
    world.engine.fail("start", "*", ReleaseFailed("no"))
    with pytest.raises(ReleaseFailed):
        await world.deploy({**SHOP, "a": "bad"})
    assert len(kept(world)) == 2
    second = (await world.deploy({**SHOP, "a": "good"})).build
    await world.quiet()

    assert kept(world) == {first, second}


async def test_nothing_goes_while_a_build_may_be_counted_on(world: World):
    await some_deploys(world, 2)
    async with held(world, "start", "*@v3", lambda: world.deploy({**SHOP, "a": "3"})) as (_, hold):
        assert await prune(world.house) == []
        hold.go.set()
        await asyncio.sleep(0)
    await world.whole()
