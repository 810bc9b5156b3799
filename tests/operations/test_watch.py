"""After the switch: a release that is clearly worse is taken back, any other is left alone."""

import asyncio

import pytest
from tests.operations.worlds import World

from twelve.engines.contract import Answers
from twelve.errors import ReleaseFailed
from twelve.operations import watch as watching
from twelve.operations.wanted import backends_of, route_table
from twelve.store import apps, releases

pytestmark = pytest.mark.anyio

WELL, BAD = Answers(1000, 1), Answers(100, 60)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    """Looks follow each other at once; how many there are is not changed."""
    monkeypatch.setattr(watching, "PAUSE", 0.001)


def answered(world: World, number: int, answers: Answers) -> None:
    """What the cluster of a release has answered."""
    release = releases.get(world.store, world.shop, number)
    cluster = backends_of(world.house, world.shop, release)["web"].cluster
    world.engine.answers[cluster] = answers


async def second(world: World, first: Answers, then: Answers, **more):
    """A second deploy whose release answers like this from the switch on."""
    await world.deploy()
    answered(world, 1, first)
    hold = world.engine.hold("switch", "*")
    files = {"Procfile": "web: serve 2\nworker: work\n"}
    task = asyncio.create_task(world.deploy(files, **{"gate": True, **more}))
    await hold.reached.wait()
    answered(world, 2, then)
    hold.go.set()
    return await task


async def test_a_release_that_fails_is_taken_back_with_the_evidence(world: World):
    await second(world, WELL, BAD)
    await world.until(lambda: world.current.number == 3)

    await world.whole()
    assert (world.current.reason, world.current.who) == ("rollback to v1", "twelve")
    worse = [e for e in releases.events(world.store, world.shop, 2) if e.kind == "worse"]
    assert "60 of 100 requests failed" in worse[0].detail["why"]


async def test_who_stays_is_told_that_it_was_taken_back(world: World):
    with pytest.raises(ReleaseFailed, match=r"v2 served and was taken back: 60 of 100"):
        await second(world, WELL, BAD, stay=True)


async def test_a_release_that_is_as_good_stays_and_says_what_it_answered(world: World):
    await second(world, WELL, Answers(500, 2), stay=True)

    await world.whole()
    assert world.current.number == 2
    watched = [e for e in releases.events(world.store, world.shop, 2) if e.kind == "watched"]
    assert watched[0].detail["requests"] == 500


async def test_without_the_gate_nothing_is_taken_back(world: World):
    await second(world, WELL, BAD, gate=False)

    await world.whole()
    assert world.current.number == 2
    assert "worse" not in world.events(2)


async def test_a_routed_type_gives_its_host_up_to_a_deploy_of_that_name(world: World):
    files = {
        "Procfile": "web: serve\nstaging: serve\n",
        "twelve.toml": 'app = "shop"\n[processes.staging]\nroute = true\n',
    }
    await world.deploy(files)
    app = apps.get(world.store, "shop")
    apps.ensure_deploy(world.store, app, "staging", 1)

    routes = route_table(world.house).routes

    owners = [route.deploy for route in routes if "staging.shop.localhost" in route.hosts]
    assert owners == ["staging"]
