"""Deploys made from each other, and one command in many of them."""

import asyncio
import dataclasses

import pytest
from tests.operations.worlds import SHOP, World, held

from twelve.engines.contract import Exit
from twelve.errors import Conflict, Invalid, NotFound, Refused, ReleaseFailed, Unreachable
from twelve.operations.attach import attach, attached
from twelve.operations.configure import configure
from twelve.operations.create_deploy import create_deploy
from twelve.operations.run_each import run_each, told
from twelve.store import addresses, apps, resources, runs, versions
from twelve.store.addresses import Followed
from twelve.store.apps import Deploy

pytestmark = pytest.mark.anyio

NEEDY = {
    **SHOP,
    "twelve.toml": (
        "[config.SECRET_KEY]\nsecret = true\n[config.GREETING]\nrequired = false\n"
        '[resources]\nDATABASE_URL = "postgres"\n'
    ),
}


def get(world: World, name: str) -> Deploy:
    return apps.get_deploy(world.store, "shop", name)


def config(world: World, name: str) -> dict[str, str]:
    deploy = get(world, name)
    return versions.values(
        world.store, deploy, "config", versions.head(world.store, deploy, "config")
    )


async def set_config(world: World, name: str = "production", **put: str) -> None:
    deploy = get(world, name)
    await configure(world.house, deploy, put=put, drop=(), who="ann", tell=world.tell)


async def create(world: World, name: str, generate: bool = False, **given: str):
    return await create_deploy(
        world.house, world.shop, name, given, generate=generate, who="ann", tell=world.tell
    )


async def shop(world: World) -> None:
    app = apps.create(world.store, "shop", "", 1)
    apps.ensure_deploy(world.store, app, "production", 1)
    await set_config(world, SECRET_KEY="of production", GREETING="hello")
    await world.deploy(NEEDY, provision=True)
    await world.scale("web=3")


async def test_a_deploy_has_the_build_and_quantities_of_another_and_secrets_of_its_own(
    world: World,
):
    await shop(world)
    release = await create(world, "acme", SECRET_KEY="of acme")

    await world.whole()
    assert release.build == world.current.build
    assert release.formation == {"web": 3, "worker": 1}
    assert config(world, "acme") == {"SECRET_KEY": "of acme", "GREETING": "hello"}
    mine, theirs = attached(world.house, get(world, "acme")), attached(world.house, world.shop)
    assert mine.keys() == theirs.keys() == {"DATABASE_URL"}
    assert mine != theirs
    assert len(world.house.servers.made) == 2
    own = [r for r in resources.ls(world.store) if r.owner_id == get(world, "acme").id]
    assert [r.url for r in own] == [mine["DATABASE_URL"]]
    assert release.reason.startswith("create from production v2")
    assert world.engine.subjects("place") == ["shop/production"]


async def test_secrets_are_made_up_on_demand_and_differ(world: World):
    await shop(world)
    for name in ("acme", "basil"):
        await create(world, name, generate=True)

    values = {config(world, name)["SECRET_KEY"] for name in ("production", "acme", "basil")}
    assert len(values) == 3
    assert all(len(value) >= 13 for value in values)


async def test_a_secret_is_never_shared_by_being_copied(world: World):
    await shop(world)
    await set_config(world, API_TOKEN="t", PARTNER_URL="https://u:p@partner.example/")
    with pytest.raises(Refused) as refused:
        await create(world, "acme")
    said = [refused.value.message, *refused.value.problems]
    assert [text.split()[0] for text in said] == ["API_TOKEN", "PARTNER_URL", "SECRET_KEY"]
    assert "of production" not in str(said)
    with pytest.raises(Refused, match="PARTNER_URL is an address with a password"):
        await create(world, "acme", generate=True)

    assert apps.find_deploy(world.store, "shop", "acme") is None
    assert len(world.house.servers.made) == 1


async def test_what_is_given_outranks_what_would_be_copied(world: World):
    await shop(world)
    url = "postgres://u:p@elsewhere/acme"
    await create(world, "acme", generate=True, GREETING="salve", DATABASE_URL=url, NEW="1")

    await world.whole()
    assert config(world, "acme")["GREETING"] == "salve"
    assert config(world, "acme")["NEW"] == "1"
    assert attached(world.house, get(world, "acme")) == {"DATABASE_URL": url}
    assert len(world.house.servers.made) == 1


async def test_a_database_that_stands_in_config_is_not_shared_either(world: World):
    app = apps.create(world.store, "shop", "", 1)
    apps.ensure_deploy(world.store, app, "production", 1)
    await set_config(world, SECRET_KEY="k", DATABASE_URL="postgres://u:p@db/production")
    await world.deploy(NEEDY)
    await create(world, "acme", generate=True)

    assert "DATABASE_URL" not in config(world, "acme")
    assert "production" not in attached(world.house, get(world, "acme"))["DATABASE_URL"]


async def test_what_twelve_cannot_make_must_be_given(world: World):
    await shop(world)
    url = "mysql://u:p@db/x"
    await attach(world.house, world.shop, url, variable="OLD_URL", who="ann", tell=world.tell)
    with pytest.raises(Refused, match="OLD_URL: Twelve makes no resource of that kind"):
        await create(world, "acme", generate=True)
    with pytest.raises(Invalid):
        await create(world, "acme", generate=True, OLD_URL="no url")
    await create(world, "acme", generate=True, OLD_URL="mysql://u:p@db/acme")

    assert attached(world.house, get(world, "acme"))["OLD_URL"] == "mysql://u:p@db/acme"


async def test_an_address_of_another_deploy_is_followed_by_the_new_one_too(world: World):
    await shop(world)
    await world.deploy(app="billing")
    url = "http://billing.localhost:8080"
    billing = Followed("billing", "production")
    addresses.record(world.store, world.shop, "BILLING_URL", url, billing)
    await attach(world.house, world.shop, url, variable="BILLING_URL", who="ann", tell=world.tell)
    await create(world, "acme", generate=True)

    acme = get(world, "acme")
    assert attached(world.house, acme)["BILLING_URL"] == url
    assert addresses.ls(world.store, acme) == {("BILLING_URL", url): billing}


async def test_a_deploy_in_use_is_nobodys_copy(world: World):
    await shop(world)
    await create(world, "acme", generate=True)
    with pytest.raises(Conflict, match="there is a deploy shop/acme already"):
        await create(world, "acme", generate=True)
    apps.ensure_deploy(world.store, apps.get(world.store, "shop"), "set", 1)
    await set_config(world, "set", A="1")
    with pytest.raises(Conflict):
        await create(world, "set", generate=True)


async def test_one_that_failed_is_empty_and_may_be_made_again(world: World):
    await shop(world)
    world.engine.fail("start", "shop/acme/*", ReleaseFailed("web.1 exited with code 1"))
    with pytest.raises(ReleaseFailed):
        await create(world, "acme", generate=True)
    await world.whole()
    assert config(world, "acme") == {}
    assert get(world, "acme").current is None
    release = await create(world, "acme", generate=True)

    await world.whole()
    assert get(world, "acme").current == release.number
    assert len(world.house.servers.made) == 2


async def test_the_contract_is_checked_before_a_resource_is_made(world: World):
    await shop(world)
    await world.deploy({**NEEDY, "twelve.toml": NEEDY["twelve.toml"] + (
        '[config.SIZE]\ntype = "int"\ndefault = 5\n'
    )})  # fmt: skip
    with pytest.raises(Refused, match="refused before anything starts"):
        await create(world, "acme", generate=True, SIZE="large")

    await world.whole()
    assert len(world.house.servers.made) == 1


async def test_nothing_is_made_from_what_does_not_run(world: World):
    app = apps.create(world.store, "shop", "", 1)
    apps.ensure_deploy(world.store, app, "production", 1)
    with pytest.raises(Refused, match="no release yet"):
        await create(world, "acme")


def tenants(world: World) -> list[Deploy]:
    return [d for d in apps.deploys(world.store, "shop") if d.name.startswith("tenant-")]


async def thirty(world: World) -> list[Deploy]:
    settings = world.house.settings._replace(ports=(20000, 20099))
    world.house = dataclasses.replace(world.house, settings=settings)
    for number in range(30):
        await world.deploy({"Procfile": "worker: work\n"}, deploy=f"tenant-{number:02d}")
    return tenants(world)


async def each(world: World, deploys, *words: str, at_once: int = 4, seconds=None):
    return await run_each(
        world.house, deploys, words, at_once=at_once, seconds=seconds, who="ann", tell=world.tell
    )


async def test_thirty_tenants_have_a_record_each_also_when_three_fail_and_one_hangs(world: World):
    deploys = await thirty(world)
    for number in ("03", "12", "29"):
        world.engine.exits[f"shop/tenant-{number}"] = Exit(3, None)
    world.engine.endless.add("shop/tenant-07")
    came = await each(world, deploys, "sync", seconds=0.5)

    assert [one.deploy for one in came] == [f"tenant-{n:02d}" for n in range(30)]
    failed = {one.deploy: told(one) for one in came if not one.ok}
    assert failed == {
        "tenant-03": "exit 3",
        "tenant-12": "exit 3",
        "tenant-29": "exit 3",
        "tenant-07": "SIGTERM, stopped after 0.5 s",
    }
    for deploy, one in zip(deploys, came, strict=True):
        [run] = runs.ls(world.store, deploy)
        assert run.id == one.run
        assert run.ended_ns
        assert (run.who, run.command) == ("ann", ("sync",))
    assert len(world.tell.of("run")) == 30
    await world.whole()


async def test_no_more_run_at_once_than_may(world: World):
    for number in range(5):
        await world.deploy({"Procfile": "worker: work\n"}, deploy=f"tenant-{number}")
    world.engine.endless.add("sleep")
    task = asyncio.ensure_future(each(world, tenants(world), "sleep", at_once=2))
    counted = []
    while not task.done():
        names = [name for name in world.engine.processes if "/run." in name]
        counted.append(len(names))
        if len(names) == 2 or (names and len(runs.open_runs(world.store)) == 1):
            await world.engine.signal(names[0], "SIGTERM")
        await asyncio.sleep(0)

    assert max(counted) == 2
    assert [told(one) for one in await task] == ["SIGTERM"] * 5


async def test_what_failed_tells_its_last_words(world: World):
    await world.deploy(deploy="tenant-a")
    world.engine.exits["sync"] = Exit(1, None)
    world.engine.prints["sync"] = b"".join(b"line %d\n" % n for n in range(9))
    [came] = await each(world, tenants(world), "sync")

    assert came.said == tuple(f"line {n}" for n in range(4, 9))
    assert came.to_plain()["said"][-1] == "line 8"


async def test_what_cannot_start_is_told_and_stops_no_other(world: World):
    for name in ("tenant-a", "tenant-b"):
        await world.deploy(deploy=name)
    apps.ensure_deploy(world.store, apps.get(world.store, "shop"), "tenant-0", 1)
    world.engine.fail("run", "shop/tenant-a/*", Unreachable("no supervisor"))
    empty, a, b = await each(world, tenants(world), "sync")

    assert (empty.run, empty.why) == (None, "shop/tenant-0 has no release yet")
    assert (a.run, a.why) == (None, "no supervisor")
    assert b.ok
    [record] = runs.ls(world.store, get(world, "tenant-a"))
    assert record.ended_ns


async def test_a_deploy_that_went_meanwhile_is_told(world: World):
    await world.deploy(deploy="tenant-a")
    gone = get(world, "tenant-a")._replace(name="tenant-b")
    [came] = await each(world, [gone], "sync")

    assert "has no deploy 'tenant-b'" in came.why
    with pytest.raises(NotFound):
        get(world, "tenant-b")


async def test_taken_back_it_stops_what_runs_and_begins_no_more(world: World):
    for name in ("tenant-a", "tenant-b"):
        await world.deploy(deploy=name)
    world.engine.endless.add("sleep")
    deploys = tenants(world)
    work = lambda: each(world, deploys, "sleep", at_once=1)  # noqa: E731 - begun by `held`
    async with held(world, "ended", "*", work) as (task, hold):
        hold.go.set()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    [run] = runs.ls(world.store, deploys[0])
    assert run.signal == "SIGTERM"
    assert runs.ls(world.store, deploys[1]) == []
    await world.whole()
