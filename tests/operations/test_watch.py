"""After the switch: a release that is clearly worse is taken back, any other is left alone."""

import asyncio
import dataclasses

import pytest
from tests.operations.worlds import SHOP, World

from twelve.engines.contract import Answers, AtWork, Happened
from twelve.errors import ReleaseFailed
from twelve.factors.ports.health import Pulse
from twelve.operations import watch as watching
from twelve.operations.keeping import take_note
from twelve.operations.wanted import backends_of, route_table
from twelve.store import apps, leases, releases

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


async def test_an_old_release_that_has_become_as_bad_takes_nobody_back(world: World):
    await world.deploy()
    port = leases.ports(world.store)["shop/production/web.1@v1"]
    world.house.health.looks.append({port: AtWork(0, 10_000, 10)})
    world.engine.work = {port: AtWork(0, 10_200, 140)}
    answered(world, 1, Answers(1_000_000, 140))
    world.engine.answers["shop/production/web@v2+"] = Answers(100, 60)
    await world.deploy({**SHOP, "a": "1"}, gate=True, stay=True)
    assert world.current.number == 2


async def test_requests_that_no_process_took_count_as_failed(world: World):
    await world.deploy()
    answered(world, 1, WELL)
    world.engine.answers["shop/production/web@v2+"] = Answers(40, 40)
    with pytest.raises(ReleaseFailed, match="40 of 40 requests failed"):
        await world.deploy({**SHOP, "a": "1"}, gate=True, stay=True)


async def test_a_process_that_does_not_stay_up_takes_its_release_back(world: World):
    await world.deploy()
    hold = world.engine.hold("switch", "*v2*")
    task = asyncio.create_task(world.deploy({**SHOP, "a": "1"}, gate=True, stay=True))
    await hold.reached.wait()
    name = "shop/production/worker.1@v2"
    world.engine.processes[name] = world.engine.processes[name]._replace(restarts=3)
    hold.go.set()
    with pytest.raises(ReleaseFailed, match="a process came back 3 times"):
        await task
    assert world.current.reason == "rollback to v1"


async def test_restarts_of_a_kind_that_restarted_before_take_nobody_back(world: World):
    await world.deploy()
    for at in range(3):
        detail = {"at_ns": world.house.now() + at, "code": 1, "signal": None, "uptime": 1.0}
        await take_note(world.house, Happened("exited", "shop/production/worker.1@v1", detail))
    hold = world.engine.hold("switch", "*v2*")
    task = asyncio.create_task(world.deploy({**SHOP, "a": "1"}, gate=True, stay=True))
    await hold.reached.wait()
    name = "shop/production/worker.1@v2"
    world.engine.processes[name] = world.engine.processes[name]._replace(restarts=3)
    hold.go.set()
    await task
    assert world.current.number == 2


async def test_a_release_whose_process_is_not_ready_any_more_is_taken_back(world: World):
    await world.deploy()
    hold = world.engine.hold("switch", "*v2*")
    task = asyncio.create_task(world.deploy({**SHOP, "a": "1"}, gate=True, stay=True))
    await hold.reached.wait()
    ill = Pulse(failures=2, why="GET /health answers 503")
    world.house.health.pulses["shop/production/web.1@v2"] = ill
    hold.go.set()
    with pytest.raises(
        ReleaseFailed, match="1 of its processes not ready: GET /health answers 503"
    ):
        await task


async def test_a_next_deploy_ends_the_watch_and_that_is_on_the_record(world: World):
    await world.deploy()
    await world.deploy({**SHOP, "a": "1"}, gate=True)
    await world.deploy({**SHOP, "a": "2"})
    await world.until(lambda: "watched" in world.events(2))
    events = releases.events(world.store, world.shop, 2)
    (watched,) = [event for event in events if event.kind == "watched"]
    assert watched.detail["why"] == "superseded by v3"


async def test_scaling_does_not_end_the_watch(world: World):
    await world.deploy()
    answered(world, 1, WELL)
    world.house = dataclasses.replace(
        world.house, settings=world.house.settings._replace(watch=600.0)
    )
    await world.deploy({**SHOP, "a": "1"}, gate=True)
    await world.scale("web=2")
    world.engine.answers["shop/production/web@v2+"] = BAD
    await world.until(lambda: world.current.number == 4)
    assert world.current.reason == "rollback to v1"
    assert "worse" in world.events(3)


async def test_a_watch_that_a_death_of_control_cut_off_goes_on_and_takes_back(world: World):
    await world.deploy()
    answered(world, 1, WELL)
    world.house = dataclasses.replace(
        world.house, settings=world.house.settings._replace(watch=600.0)
    )
    await world.deploy({**SHOP, "a": "1"}, gate=True)
    await world.until(lambda: "watching" in world.events(2))
    again = world.after_death()
    again.engine.answers["shop/production/web@v2+"] = BAD
    await again.recover()
    await again.until(lambda: again.current.number == 3)
    assert "worse" in again.events(2)
    for each in (world, again):
        await each.house.under_way.close()


async def test_what_was_taken_back_is_shown_so_and_no_target_of_a_rollback(world: World):
    await second(world, WELL, BAD)
    await world.until(lambda: world.current.number == 3)
    await world.whole()
    assert releases.states(world.store, world.shop)[2] == "worse"
    assert releases.rollback_target(world.store, world.shop) is None


async def test_a_watch_of_no_time_is_none(world: World):
    world.house = dataclasses.replace(
        world.house, settings=world.house.settings._replace(watch=0.0)
    )
    await second(world, WELL, BAD, stay=True)
    assert world.current.number == 2
    assert "watching" not in world.events(2)


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
