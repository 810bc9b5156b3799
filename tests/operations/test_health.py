"""In service: who does not answer leaves the rotation and comes back, the last one never leaves."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.operations.worlds import World

from twelve.engines.contract import AtWork
from twelve.errors import Unreachable
from twelve.operations.health import keep_healthy
from twelve.operations.wanted import backends_of
from twelve.store import leases

pytestmark = pytest.mark.anyio

HEALTHY = '[processes.web]\nhealth = "/health"\nquantity = 2\nliveness = {}\n'
SILENT = "no answer to GET /health within 5 s"


def shop(liveness: str = "false", **more: str) -> dict[str, str]:
    return {"Procfile": "web: serve\n", "twelve.toml": HEALTHY.format(liveness), **more}


@pytest.fixture
async def watched(world: World) -> AsyncIterator[World]:
    """A home whose processes are asked a hundred times a second."""
    world.house = world.house.__class__(
        **{**vars(world.house), "settings": world.house.settings._replace(probe=0.01)}
    )
    keeper = asyncio.create_task(keep_healthy(world.house))
    yield world
    keeper.cancel()
    await asyncio.gather(keeper, return_exceptions=True)
    await world.house.under_way.close()


def port_of(world: World, number: int) -> int:
    return leases.ports(world.store)[f"shop/production/web.{number}@v1"]


def rotation(world: World) -> set[int]:
    (route,) = world.engine.table.routes
    (own,) = [each for each in world.engine.table.backends if each.cluster == route.cluster]
    return set(own.ports)


def asked(world: World, number: int) -> int:
    return world.engine.subjects("ask").count(str(port_of(world, number)))


def well(world: World, number: int) -> bool:
    pulse = world.house.health.pulses.get(f"shop/production/web.{number}@v1")
    return bool(pulse and pulse.born)


async def test_who_does_not_answer_leaves_the_rotation_and_comes_back(watched: World):
    await watched.deploy(shop())
    both = {port_of(watched, 1), port_of(watched, 2)}
    assert rotation(watched) == both

    watched.engine.sick[port_of(watched, 1)] = SILENT
    await watched.until(lambda: rotation(watched) == {port_of(watched, 2)})
    await watched.until(lambda: len(watched.engine.table.backends) == 1)
    watched.engine.sick.clear()
    await watched.until(lambda: rotation(watched) == both)

    await watched.quiet()
    await watched.whole()
    notes = watched.engine.notes("shop", "production")
    assert f"web.1@v1 does not answer: {SILENT}; requests go to the others" in notes
    assert "web.1@v1 answers again" in notes
    assert watched.engine.subjects("restart") == [], "that is for liveness"


async def test_the_last_one_is_never_taken_out(watched: World):
    await watched.deploy(shop())
    one, two = port_of(watched, 1), port_of(watched, 2)
    watched.engine.sick[one] = SILENT
    await watched.until(lambda: rotation(watched) == {two})
    watched.engine.sick[two] = SILENT
    await watched.until(lambda: rotation(watched) == {one, two})

    del watched.engine.sick[two]
    await watched.until(lambda: rotation(watched) == {two})


async def test_the_only_one_stays_and_that_is_told(watched: World):
    await watched.deploy(shop() | {"twelve.toml": '[processes.web]\nhealth = "/health"\n'})
    watched.engine.sick[port_of(watched, 1)] = SILENT

    def told() -> bool:
        notes = watched.engine.notes("shop", "production")
        return f"web.1@v1 does not answer: {SILENT}; it is the last one, so it stays" in notes

    await watched.until(told)
    assert rotation(watched) == {port_of(watched, 1)}


async def test_with_liveness_it_is_restarted_and_serves_again(watched: World):
    await watched.deploy(shop("true"))
    await watched.until(lambda: well(watched, 1))
    watched.engine.sick[port_of(watched, 1)] = SILENT
    name = "shop/production/web.1@v1"
    await watched.until(lambda: name in watched.engine.subjects("restart"))
    watched.engine.sick.clear()
    await watched.until(lambda: len(rotation(watched)) == 2)
    assert watched.engine.processes[name].restarts >= 1
    assert f"web.1@v1 is restarted: {SILENT}" in watched.engine.notes("shop", "production")


async def test_one_of_a_type_is_restarted_at_a_time(watched: World):
    await watched.deploy(shop("true"))
    await watched.until(lambda: well(watched, 1) and well(watched, 2))
    hold = watched.engine.hold("restart", "*")
    for number in (1, 2):
        watched.engine.sick[port_of(watched, number)] = SILENT
    await hold.reached.wait()
    before = asked(watched, 1) + asked(watched, 2)
    await watched.until(lambda: asked(watched, 1) + asked(watched, 2) > before + 20)
    assert len(watched.engine.subjects("restart")) == 1
    hold.go.set()
    await watched.until(lambda: len(set(watched.engine.subjects("restart"))) == 2)


async def test_who_has_no_health_is_asked_only_when_it_holds_requests(watched: World):
    await watched.deploy({"Procfile": "web: serve\n", "twelve.toml": "[processes.web]\nquantity=2"})
    one, two = port_of(watched, 1), port_of(watched, 2)
    watched.engine.work = {one: AtWork(3, 10), two: AtWork(0, 50)}
    watched.engine.sick[one] = "no answer to GET / within 5 s"
    await watched.until(lambda: rotation(watched) == {two})
    assert str(two) not in watched.engine.subjects("ask")


async def test_a_change_keeps_the_one_that_does_not_answer_out(watched: World):
    await watched.deploy(shop())
    watched.engine.sick[port_of(watched, 1)] = SILENT
    await watched.until(lambda: rotation(watched) == {port_of(watched, 2)})

    await watched.scale("web=3")
    assert rotation(watched) == {port_of(watched, 2), port_of(watched, 3)}

    await watched.deploy(shop(extra="another build"))
    release = watched.current
    assert release is not None
    own = backends_of(watched.house, watched.shop, release)["web"]
    assert len(own.ports) == 3, "its successors have never been silent"
    await watched.whole()


async def test_a_router_that_is_away_changes_nothing_for_good(watched: World):
    await watched.deploy(shop())
    watched.engine.fail("switch", "*", Unreachable("the router is away"))
    watched.engine.sick[port_of(watched, 1)] = SILENT
    await watched.until(lambda: watched.house.health.is_out("shop/production/web.1@v1"))
    watched.engine.sick.clear()
    await watched.until(lambda: not watched.house.health.doubted)
    await watched.until(lambda: len(rotation(watched)) == 2)
    await watched.whole()


async def test_a_period_of_nought_asks_nobody(world: World):
    world.house = world.house.__class__(
        **{**vars(world.house), "settings": world.house.settings._replace(probe=0.0)}
    )
    await asyncio.wait_for(keep_healthy(world.house), 1)
