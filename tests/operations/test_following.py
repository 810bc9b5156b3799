"""Another deploy's address under a variable: attached, followed where it moves, kept true."""

import pytest
from tests.operations.worlds import SHOP, World, held

from twelve.errors import Invalid, NotFound, Refused, ReleaseFailed
from twelve.operations.addresses import followers, refuse_followed
from twelve.operations.attach import attach, attached
from twelve.operations.destroy import down
from twelve.operations.follow import attach_app, move_followers
from twelve.operations.provision import create_resource
from twelve.store import apps, domains, releases
from twelve.store.addresses import Followed

pytestmark = pytest.mark.anyio

BILLING = Followed("billing", "production")
OWN = "http://billing.localhost:8080"
WEB = "web: serve\n"


async def two(world: World, **more: str) -> None:
    """Billing runs, and the shop holds its address."""
    await world.deploy({"Procfile": WEB}, app="billing")
    await world.deploy({"Procfile": WEB, **more})
    how = {"variable": "BILLING_URL", "who": "ann", "tell": world.tell}
    await attach_app(world.house, world.shop, BILLING, **how)


def billing(world: World):
    return apps.get_deploy(world.store, *BILLING)


def sees(world: World) -> str:
    """What the shop's process of now has."""
    assert world.current
    name = f"shop/production/web.1@v{world.current.runtimes['web']}"
    return world.engine.started[name].variables["BILLING_URL"]


async def test_an_address_is_attached_and_its_name_can_be_resolved(world: World):
    await two(world)

    await world.whole()
    process = world.engine.started["shop/production/web.1@v2"]
    assert process.variables["BILLING_URL"] == OWN
    assert process.others == {"billing.localhost": "127.0.0.1"}
    assert followers(world.house, billing(world)) == {"shop/production": ["BILLING_URL"]}


async def test_a_domain_that_comes_makes_a_release_of_who_follows(world: World):
    await two(world)
    domains.add(world.store, billing(world), "billing.example.com")

    came = await move_followers(world.house, "ann")
    again = await move_followers(world.house, "ann")

    await world.whole()
    assert came == [{"deploy": "shop/production", "release": "v3", "error": ""}]
    assert again == []
    assert sees(world) == "http://billing.example.com:8080"
    assert world.engine.started["shop/production/web.1@v3"].others == {
        "billing.example.com": "127.0.0.1"
    }
    assert world.current
    assert world.current.reason == "follow an address"


async def test_a_domain_that_is_parting_is_left_before_it_goes(world: World):
    domains_of = ("a.example.com", "b.example.com", "*.example.org")
    await two(world)
    for host in domains_of:
        domains.add(world.store, billing(world), host)
    await move_followers(world.house, "ann")
    first = sees(world)

    world.house.parting.add("a.example.com")
    await move_followers(world.house, "ann")

    assert (first, sees(world)) == ("http://a.example.com:8080", "http://b.example.com:8080")


async def test_a_rollback_brings_the_build_back_and_the_address_as_it_is_now(world: World):
    await two(world)
    await world.deploy({"Procfile": WEB, "other": "2"})
    domains.add(world.store, billing(world), "billing.example.com")
    await move_followers(world.house, "ann")

    await world.rollback(2)

    await world.whole()
    assert sees(world) == "http://billing.example.com:8080"


async def test_every_release_takes_the_addresses_as_they_are(world: World):
    await two(world)
    domains.add(world.store, billing(world), "billing.example.com")

    await world.configure(A="1")

    assert sees(world) == "http://billing.example.com:8080"
    assert await move_followers(world.house, "ann") == []


async def test_one_that_cannot_follow_keeps_its_address_and_stops_no_other(world: World):
    await two(world)
    await world.deploy({"Procfile": WEB}, app="other")
    other = apps.get_deploy(world.store, "other", "production")
    how = {"variable": "B", "who": "ann", "tell": world.tell}
    await attach_app(world.house, other, BILLING, **how)
    domains.add(world.store, billing(world), "billing.example.com")
    world.engine.fail("start", "shop/production/web.1@v3", ReleaseFailed("no"))

    came = {each["deploy"]: each for each in await move_followers(world.house, "ann")}

    await world.whole()
    assert came["shop/production"]["error"]
    assert not came["other/production"]["error"]
    assert "failed" in world.events(3)
    assert sees(world) == OWN
    assert attached(world.house, world.shop) == {"BILLING_URL": OWN}
    assert world.states("attachments") == {1: "head", 2: "failed"}


async def test_one_that_rests_is_left_alone_until_it_runs_again(world: World):
    await two(world)
    await down(world.house, world.tell)
    domains.add(world.store, billing(world), "billing.example.com")

    assert await move_followers(world.house, "ann") == []
    await world.configure(A="1")

    assert sees(world) == "http://billing.example.com:8080"


async def test_another_url_under_the_variable_follows_nobody(world: World):
    await two(world)
    how = {"variable": "BILLING_URL", "who": "ann", "tell": world.tell}
    await attach(world.house, world.shop, "https://billing.example.net", **how)
    domains.add(world.store, billing(world), "billing.example.com")

    assert followers(world.house, billing(world)) == {}
    assert await move_followers(world.house, "ann") == []
    assert sees(world) == "https://billing.example.net"


async def test_a_deploy_that_is_followed_is_not_destroyed_under_the_follower(world: World):
    await two(world)

    with pytest.raises(Refused, match="attached to shop/production as BILLING_URL") as caught:
        refuse_followed(world.house, [billing(world)])
    assert caught.value.hint == "twelve resources detach BILLING_URL -a shop/production"
    refuse_followed(world.house, [world.shop])
    refuse_followed(world.house, [world.shop, billing(world)])


async def test_what_is_not_there_cannot_be_attached(world: World):
    await world.deploy({"Procfile": WEB})
    how = {"variable": "BILLING_URL", "who": "ann", "tell": world.tell}

    with pytest.raises(NotFound, match="no deploy billing/production") as caught:
        await attach_app(world.house, world.shop, BILLING, **how)
    assert "twelve apps create billing/production" in caught.value.hint
    with pytest.raises(Invalid, match="PORT"):
        apps.ensure_deploy(world.store, apps.create(world.store, "billing", "", 1), "production", 1)
        await attach_app(world.house, world.shop, BILLING, **how | {"variable": "PORT"})


NEEDS = {"Procfile": WEB, "twelve.toml": "[resources]\nBILLING_URL = 'app:billing'\n"}


async def test_a_manifest_asks_for_another_app_and_the_deploy_is_told_how(world: World):
    with pytest.raises(Refused) as caught:
        await world.deploy(NEEDS)

    (problem,) = caught.value.problems
    way = "twelve resources attach app:billing/production --as BILLING_URL -a shop/production"
    assert problem == f"BILLING_URL: no app:billing is attached: {way}"


async def test_provision_attaches_the_deploy_of_the_same_name(world: World):
    await world.deploy({"Procfile": WEB}, app="billing", deploy="staging")
    await world.deploy(NEEDS, deploy="staging", provision=True)
    with pytest.raises(Refused, match="no deploy billing/production"):
        await world.deploy(NEEDS, provision=True)

    assert world.engine.started["shop/staging/web.1@v1"].variables == {
        "BILLING_URL": "http://staging.billing.localhost:8080"
    }


async def test_an_app_is_attached_and_never_created(world: World):
    await world.deploy(SHOP)

    with pytest.raises(Invalid, match="app:billing is attached, not created"):
        await create_resource(world.house, "app:billing", owner=world.shop)


async def test_a_death_between_domain_and_follower_is_made_good_at_the_next_start(world: World):
    await two(world)
    domains.add(world.store, billing(world), "billing.example.com")

    async with held(world, "start", "shop/production/web.1@v3", lambda: move(world)) as (_, _hold):
        again = world.after_death()
        await again.recover()
        came = await move_followers(again.house, "twelve")
        await again.whole()
        assert [each["error"] for each in came] == [""]
        assert releases.current(again.store, again.shop).number == 4
        again.store.db.close()


async def move(world: World) -> None:
    await move_followers(world.house, "ann")
