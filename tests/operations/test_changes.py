"""Config, attachments, scale, restart, stop, rollback: each a release, and no more than it says."""

import asyncio

import pytest
from tests.operations.worlds import SHOP, World, held

from twelve.errors import Invalid, NotFound, Refused, ReleaseFailed
from twelve.operations.attach import attach, attached, detach
from twelve.operations.destroy import destroy_app, destroy_deploy, down
from twelve.operations.provision import create_resource, destroy_resource
from twelve.operations.restart import restart, stop
from twelve.store import apps, leases, releases, resources, runs, versions

pytestmark = pytest.mark.anyio

WEB, WORKER = "shop/production/web.1@v1", "shop/production/worker.1@v1"
URL = "postgres://u:p@db/x"


def make_app(world: World) -> None:
    app = apps.create(world.store, "shop", "", 1)
    apps.ensure_deploy(world.store, app, "production", 1)


async def test_config_before_the_first_build_is_only_a_version(world: World):
    make_app(world)

    assert await world.configure(A="1") is None
    assert world.heads() == (1, 0)
    release = await world.deploy()
    await world.whole()
    assert release.config == 1
    assert world.engine.started[WEB].variables == {"A": "1"}


async def test_config_makes_a_release_of_the_same_build_with_new_processes(world: World):
    before = await world.deploy()
    release = await world.configure(A="1", B="2")

    await world.whole()
    assert (release.number, release.build, release.reason) == (
        2,
        before.build,
        "config set A set B",
    )
    assert release.runtimes == {"web": 2, "worker": 2}


async def test_config_that_changes_nothing_makes_nothing(world: World):
    await world.deploy()
    first = await world.configure(A="1")
    again = await world.configure(A="1")

    assert again == first
    assert world.states() == {1: "head"}


async def test_config_is_all_or_nothing_and_names_every_fault(world: World):
    await world.deploy()
    with pytest.raises(Invalid) as invalid:
        await world.configure(**{"A": "1", "1B": "x", "PORT": "1"})
    with pytest.raises(NotFound, match="has no config C, D"):
        await world.configure("D", "C", A="1")

    await world.whole()
    assert len([invalid.value.message, *invalid.value.problems]) == 2
    assert world.states() == {}


async def test_unsetting_what_the_contract_requires_is_refused(world: World):
    make_app(world)
    await world.configure(A="1")
    await world.deploy({**SHOP, ".env.example": "A=\n"})
    with pytest.raises(Refused):
        await world.configure("A")

    await world.whole()
    assert world.states() == {1: "head", 2: "failed"}


async def test_a_change_that_waited_for_a_deploy_changes_the_new_release(world: World):
    await world.deploy()
    waiting = {}
    async with held(world, "place", "*", lambda: world.deploy({**SHOP, "a": "1"})) as (task, hold):
        house, shop, tell = world.house, world.shop, world.tell
        waiting["scale"] = asyncio.ensure_future(world.scale("web=2"))
        waiting["restart"] = asyncio.ensure_future(restart(house, shop, "", who="ann", tell=tell))
        waiting["config"] = asyncio.ensure_future(world.configure(A="1"))
        await asyncio.sleep(0)
        hold.go.set()
        deployed = await task
        made = {name: await work for name, work in waiting.items()}

    await world.whole()
    assert {release.build for release in made.values()} == {deployed.build}
    assert sorted(release.number for release in made.values()) == [3, 4, 5]
    assert world.current.formation["web"] == 2


async def test_scaling_keeps_the_processes_and_the_digest(world: World):
    before = await world.deploy()
    release = await world.scale("web=3", "worker-1")

    await world.whole()
    assert release.digest == before.digest
    assert release.runtimes == {"web": 1, "worker": 1}
    assert (release.formation, world.shop.formation) == ({"web": 3, "worker": 0},) * 2
    assert world.engine.subjects("start").count(WEB) == 1
    assert world.engine.subjects("stop") == [WORKER]


async def test_scaling_web_to_nothing_shows_the_page_that_nothing_is_ready(world: World):
    await world.deploy()
    await world.scale("web=0")

    await world.whole()
    assert [route.cluster for route in world.engine.table.routes] == [None]


async def test_scaling_to_what_is_makes_no_release(world: World):
    first = await world.deploy()

    assert await world.scale("web=1") == first


async def test_scaling_before_the_first_release_is_refused(world: World):
    make_app(world)
    with pytest.raises(Refused, match="has no release yet"):
        await world.scale("web=2")


@pytest.mark.parametrize("words", ["web", "web=x", "wbe=2", "web=9999"])
async def test_scaling_by_nonsense_changes_nothing(world: World, words: str):
    await world.deploy()
    with pytest.raises(Invalid):
        await world.scale(words)

    await world.whole()
    assert world.shop.current == 1


async def test_a_restart_of_one_type_leaves_the_other_alone(world: World):
    await world.deploy()
    release = await restart(world.house, world.shop, "worker", who="ann", tell=world.tell)

    await world.whole()
    assert release.runtimes == {"web": 1, "worker": 2}
    assert world.engine.subjects("stop") == [WORKER]
    with pytest.raises(NotFound, match="runs no process 'clock'"):
        await restart(world.house, world.shop, "clock", who="ann", tell=world.tell)


async def test_what_is_stopped_stays_away_until_a_restart(world: World):
    await world.deploy()
    await stop(world.house, world.shop, "worker", who="ann", tell=world.tell)
    assert WORKER not in world.engine.processes
    await world.configure(A="1")
    await world.whole()
    assert set(world.engine.processes) == {"shop/production/web.1@v2"}
    await restart(world.house, world.shop, "worker", who="ann", tell=world.tell)

    await world.whole()
    assert world.shop.stopped == frozenset()
    assert "shop/production/worker.1@v3" in world.engine.processes


async def test_stopping_makes_no_release_and_returns_when_all_is_gone(world: World):
    await world.deploy()
    await stop(world.house, world.shop, "", who="ann", tell=world.tell)

    assert world.engine.processes == {}
    await world.whole()
    assert world.shop.current == 1
    assert world.engine.notes("shop", "production")[-1] == "stopped all by ann"


async def test_a_rollback_copies_the_newest_release_that_ran_something_else(world: World):
    first = await world.deploy()
    await world.deploy({**SHOP, "a": "1"})
    await world.scale("web=2")
    release = await world.rollback()

    await world.whole()
    assert (release.number, release.build, release.reason) == (4, first.build, "rollback to v1")
    assert release.digest == first.digest


async def test_a_rollback_never_lowers_a_quantity_unless_that_is_asked(world: World):
    await world.deploy()
    await world.deploy({**SHOP, "a": "1"})
    await world.scale("web=3")
    assert (await world.rollback(1)).formation == {"web": 3, "worker": 1}
    assert (await world.rollback(1, formation=True)).formation == {"web": 1, "worker": 1}

    await world.whole()
    assert (await world.deploy({**SHOP, "b": "1"})).formation["web"] == 1


async def test_a_rollback_takes_config_and_attachments_along(world: World):
    await world.deploy()
    await world.configure(A="old")
    await attach(world.house, world.shop, URL, variable="DB", who="ann", tell=world.tell)
    await world.configure(A="new")
    await detach(world.house, world.shop, "DB", who="ann", tell=world.tell)
    release = await world.rollback(3)

    await world.whole()
    assert (release.config, release.attachments) == (1, 1)
    assert world.heads() == (1, 1)
    assert world.engine.started["shop/production/web.1@v6"].variables == {"A": "old", "DB": URL}
    assert (await world.configure(B="2")).config == 3
    assert world.states() == {1: "past", 2: "past", 3: "head"}


async def test_a_rollback_says_what_it_cannot_undo(world: World):
    await world.deploy()
    await world.deploy({**SHOP, "twelve.toml": '[release]\ncommand = "migrate"\n'})
    await world.rollback()

    [said] = world.tell.of("warning")
    assert said.startswith("v2 ran 'migrate' on its release")
    assert world.engine.subjects("run") == [n for n in world.engine.subjects("run") if "@v2" in n]


async def test_a_rollback_to_nothing_or_to_the_unknown_is_refused(world: World):
    await world.deploy()
    with pytest.raises(Refused, match="no earlier release"):
        await world.rollback()
    with pytest.raises(NotFound, match="has no release v9"):
        await world.rollback(9)

    await world.whole()


async def test_a_failed_release_is_no_target(world: World):
    first = await world.deploy()
    world.engine.fail("start", "*", ReleaseFailed("no"))
    with pytest.raises(ReleaseFailed):
        await world.deploy({**SHOP, "a": "1"})
    await world.deploy({**SHOP, "a": "2"})

    assert (await world.rollback()).build == first.build


async def test_attaching_and_detaching_are_releases(world: World):
    await world.deploy()
    release = await attach(world.house, world.shop, URL, variable="DB", who="ann", tell=world.tell)
    assert (release.reason, attached(world.house, world.shop)) == ("attach DB", {"DB": URL})
    gone = await detach(world.house, world.shop, "DB", who="ann", tell=world.tell)

    await world.whole()
    assert (gone.number, attached(world.house, world.shop)) == (3, {})
    with pytest.raises(NotFound, match="nothing is attached as DB"):
        await detach(world.house, world.shop, "DB", who="ann", tell=world.tell)


@pytest.mark.parametrize(("variable", "url"), [("1X", URL), ("PORT", URL), ("DB", "no url")])
async def test_attaching_nonsense_is_refused(world: World, variable: str, url: str):
    await world.deploy()
    with pytest.raises(Invalid):
        await attach(world.house, world.shop, url, variable=variable, who="ann", tell=world.tell)

    await world.whole()
    assert world.states("attachments") == {}


async def test_a_resource_of_one_owner_and_variable_is_made_once(world: World):
    await world.deploy()
    made = [
        await create_resource(world.house, "postgres", owner=world.shop, variable="DATABASE_URL")
        for _ in range(2)
    ]
    assert made[0] == made[1]
    await destroy_resource(world.house, made[0])

    assert (resources.ls(world.store), world.house.servers.made) == ([], [])


async def test_destroying_leaves_no_process_lease_or_row(world: World):
    await world.deploy()
    await world.configure(A="1")
    await world.deploy(deploy="staging")
    await destroy_deploy(world.house, world.shop, who="ann", tell=world.tell)
    await world.whole()
    await destroy_app(world.house, apps.get(world.store, "shop"), who="ann", tell=world.tell)

    await world.whole()
    assert (apps.ls(world.store), leases.ports(world.store)) == ([], {})
    for table in ("releases", "release_events", "versions", "members", "sealed_values", "journal"):
        assert world.store.all(f"SELECT * FROM {table}") == []


async def test_a_deploy_destroyed_while_its_old_release_drains_leaves_nothing(world: World):
    await world.deploy()
    hold = world.engine.hold("drain", "*")
    await world.deploy({**SHOP, "a": "1"})
    await hold.reached.wait()
    await destroy_deploy(world.house, world.shop, who="ann", tell=world.tell)
    assert world.engine.processes == {}
    hold.go.set()

    await world.whole()


async def test_who_waited_for_a_deploy_that_was_destroyed_is_told(world: World):
    await world.deploy()
    work = lambda: destroy_deploy(world.house, world.shop, who="ann", tell=world.tell)  # noqa: E731
    async with held(world, "stop", "*", work) as (task, hold):
        waiting = asyncio.ensure_future(world.scale("web=2"))
        await asyncio.sleep(0)
        hold.go.set()
        await task
        with pytest.raises(NotFound):
            await waiting


async def test_down_rests_until_somebody_changes_something(world: World):
    await world.deploy()
    assert await down(world.house, world.tell) == 2
    await world.whole()
    assert world.engine.processes == {}
    await world.configure(A="1")

    await world.whole()
    assert len(world.engine.processes) == 2


async def test_down_waits_for_a_change_that_is_under_way(world: World):
    await world.deploy()
    async with held(world, "start", "*@v2", lambda: world.configure(A="1")) as (task, hold):
        going = asyncio.ensure_future(down(world.house, world.tell))
        await asyncio.sleep(0.01)
        assert not going.done()
        hold.go.set()
        await task
        await going

    await world.whole()
    assert world.engine.processes == {}


async def test_a_change_that_fails_brings_back_nothing_that_rests(world: World):
    await world.deploy()
    await down(world.house, world.tell)
    world.engine.fail("start", "*", ReleaseFailed("no"))
    with pytest.raises(ReleaseFailed):
        await world.configure(A="1")

    await world.whole()
    assert world.engine.processes == {}


async def test_the_ledgers_agree_after_many_changes(world: World):
    for number in range(6):
        await world.deploy({**SHOP, "a": str(number)})
        await world.scale(f"web={number % 3}")
        await world.configure(A=str(number))
    await world.rollback()

    await world.whole()
    rows = releases.ls(world.store, world.shop)
    assert [row.number for row in rows] == list(range(len(rows), 0, -1))
    assert versions.history(world.store, world.shop, "config")[0].version == 6
    assert runs.ls(world.store, world.shop) == []
