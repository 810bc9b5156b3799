"""Promote and parity: one build in two deploys, and what these do not have in common."""

import asyncio

import pytest
from tests.operations.worlds import SHOP, World

from twelve.engines.contract import Answers, Exit
from twelve.errors import Invalid, Refused, ReleaseFailed
from twelve.factors.codebase.tree import TreeFacts
from twelve.operations import watch as watching
from twelve.operations.attach import attach, detach
from twelve.operations.compare import compare_deploys
from twelve.operations.configure import configure
from twelve.operations.deploy import Wish
from twelve.operations.promote import promote
from twelve.operations.restart import restart, stop
from twelve.operations.scale import scale
from twelve.operations.wanted import backends_of
from twelve.store import apps, builds, releases, runs, versions
from twelve.store.apps import Deploy

pytestmark = pytest.mark.anyio

MIGRATING = {**SHOP, "twelve.toml": '[release]\ncommand = "migrate"\n'}


def get(world: World, name: str, app: str = "shop") -> Deploy:
    return apps.get_deploy(world.store, app, name)


async def promoted(world: World, source: str, to: str, **more):
    wish = Wish("shop", to, "ann", gate=False, **more)
    return await promote(world.house, get(world, source), get(world, to), wish, world.tell)


async def set_config(world: World, name: str, **put: str) -> None:
    await configure(world.house, get(world, name), put=put, drop=(), who="ann", tell=world.tell)


async def two(world: World, files=SHOP, **facts) -> None:
    """Staging and production run the same."""
    for name in ("production", "staging"):
        await world.deploy(files, deploy=name, facts=TreeFacts("git", **facts))


async def test_the_very_build_runs_with_the_targets_own_config_and_quantities(world: World):
    await two(world)
    await set_config(world, "production", A="1")
    await scale(world.house, world.shop, ["web=3"], who="ann", tell=world.tell)
    newer = await world.deploy({**SHOP, "a": "1"}, deploy="staging")
    await set_config(world, "staging", A="2")
    placed = len(world.engine.subjects("place"))
    release = await promoted(world, "staging", "production")

    await world.whole()
    assert release.build == newer.build
    assert len(world.engine.subjects("place")) == placed
    assert release.formation == {"web": 3, "worker": 1}
    assert world.engine.started[f"shop/production/web.1@{release.tag}"].variables == {"A": "1"}
    assert release.reason.startswith("promote tree")
    assert "from staging v3" in release.reason
    assert world.current == release


async def test_the_targets_contract_is_checked_before_anything_runs(world: World):
    await two(world)
    app = apps.get(world.store, "shop")
    await set_config(world, "staging", KEY="1")
    await world.deploy({**SHOP, ".env.example": "KEY=\n"}, deploy="staging")
    with pytest.raises(Refused, match="refused before anything starts") as refused:
        await promoted(world, "staging", "production")

    await world.whole()
    assert "KEY is missing" in refused.value.problems[0]
    assert world.shop.current == 1
    assert len(builds.kept(world.store)) == 2
    assert app.name == "shop"


async def test_the_release_phase_runs_and_its_failure_leaves_the_old_release(world: World):
    await two(world)
    await world.deploy(MIGRATING, deploy="staging")
    world.engine.exits["migrate"] = Exit(1, None)
    with pytest.raises(ReleaseFailed, match="migrate"):
        await promoted(world, "staging", "production")

    await world.whole()
    assert world.shop.current == 1
    assert world.events(2) == ["failed"]
    [run] = runs.ls(world.store, world.shop)
    assert (run.kind, run.code) == ("release", 1)


async def test_resources_of_the_target_are_made_when_that_is_asked_for(world: World):
    await two(world)
    files = {**SHOP, "twelve.toml": '[resources]\nDATABASE_URL = "postgres"\n'}
    await world.deploy(files, deploy="staging", provision=True)
    with pytest.raises(Refused):
        await promoted(world, "staging", "production")
    await promoted(world, "staging", "production", provision=True)

    await world.whole()
    assert len(world.house.servers.made) == 2


async def test_what_was_held_back_runs_again_and_the_watch_may_take_it_back(world: World):
    await two(world)
    await stop(world.house, world.shop, "worker", who="ann", tell=world.tell)
    await world.deploy({**SHOP, "a": "1"}, deploy="staging")
    await promoted(world, "staging", "production", stay=True)

    await world.whole()
    assert world.shop.stopped == frozenset()


async def test_there_must_be_something_to_promote_and_two_deploys_of_one_app(world: World):
    await two(world)
    app = apps.get(world.store, "shop")
    apps.ensure_deploy(world.store, app, "empty", 1)
    await world.deploy(app="blog")
    with pytest.raises(Refused, match="shop/empty has no release yet"):
        await promoted(world, "empty", "production")
    with pytest.raises(Invalid, match="the same deploy"):
        await promoted(world, "production", "production")
    wish = Wish("shop", "production", "ann")
    with pytest.raises(Invalid, match="of another app"):
        await promote(world.house, get(world, "production", "blog"), world.shop, wish, world.tell)
    builds.mark_pruned(world.store, app.id, world.current.build, 1)
    with pytest.raises(Refused, match="not kept any more"):
        await promoted(world, "production", "staging")
    assert len(releases.ls(world.store, world.shop)) == 1


async def parts(world: World, one: str = "staging", other: str = "production") -> list:
    found = await compare_deploys(world.house, get(world, one), get(world, other))
    return [(drift.part, drift.name) for drift in found.drifts]


DATABASE = {**SHOP, "twelve.toml": '[resources]\nDATABASE_URL = "postgres"\n'}
FACTS = {"commit": "a" * 40, "committed_ns": 10**18}


async def clean(world: World) -> None:
    """Two deploys that differ in nothing but values and addresses."""
    for name in ("production", "staging"):
        facts = TreeFacts("git", **FACTS)
        await world.deploy(DATABASE, deploy=name, provision=True, facts=facts)
        await set_config(world, name, KEY=f"of {name}", OTHER=name)
        await attach(
            world.house,
            get(world, name),
            f"redis://{name}/0",
            variable="REDIS_URL",
            who="ann",
            tell=world.tell,
        )
    for url in world_urls(world):
        world.house.servers.versions[url] = (
            "Valkey 9.1.2" if url.startswith("redis") else "Postgres 18.6"
        )


def world_urls(world: World) -> list[str]:
    return [
        url
        for deploy in apps.deploys(world.store)
        for url in versions.values(
            world.store,
            deploy,
            "attachments",
            versions.head(world.store, deploy, "attachments"),
        ).values()
    ]


async def test_a_clean_pair_has_parity_both_ways(world: World):
    await clean(world)

    assert await parts(world) == []
    assert await parts(world, "production", "staging") == []
    found = await compare_deploys(world.house, get(world, "staging"), world.shop)
    assert found.unknown == []
    await world.whole()


async def another_commit(world: World) -> None:
    facts = TreeFacts("git", commit="b" * 40, committed_ns=2 * 10**18)
    await world.deploy({**DATABASE, "a": "2"}, deploy="staging", facts=facts)


async def another_build(world: World) -> None:
    facts = TreeFacts("git", dirty=True, **FACTS)
    await world.deploy({**DATABASE, "a": "1"}, deploy="staging", facts=facts)


async def toml(world: World, text: str, procfile: str = SHOP["Procfile"]) -> None:
    files = {"Procfile": procfile, "twelve.toml": text + DATABASE["twelve.toml"]}
    await world.deploy(files, deploy="staging", facts=TreeFacts("git", **FACTS))


async def rebuilt_by_another_interpreter(world: World) -> None:
    place = world.engine.place

    async def placed(job, tell):
        return {**await place(job, tell), "interpreter": "Python 3.13.0", "digest": digest}

    digest = "e" * 64
    world.engine.stored.add(digest)
    world.engine.place = placed
    await world.deploy(DATABASE, deploy="staging", facts=TreeFacts("git", **FACTS))
    world.engine.place = place


async def one_key_less(world: World) -> None:
    staging = get(world, "staging")
    await configure(world.house, staging, put={}, drop=["KEY"], who="ann", tell=world.tell)


async def redis_gone(world: World) -> None:
    await detach(world.house, get(world, "staging"), "REDIS_URL", who="ann", tell=world.tell)


async def attached(world: World, variable: str, url: str) -> None:
    staging = get(world, "staging")
    await attach(world.house, staging, url, variable=variable, who="ann", tell=world.tell)


async def older_postgres(world: World) -> None:
    await attached(world, "DATABASE_URL", "postgres://u:p@elsewhere/x")
    world.house.servers.versions["postgres://u:p@elsewhere/x"] = "Postgres 16.4"


async def redis_for_valkey(world: World) -> None:
    world.house.servers.versions["redis://staging/0"] = "Redis 9.0.0"


DRIFTS = {
    "another commit": (another_commit, ("commit", "commit")),
    "another build of the same commit": (another_build, ("build", "build")),
    "another interpreter": (rebuilt_by_another_interpreter, ("interpreter", "interpreter")),
    "another command of a process": (
        lambda w: toml(w, "", "web: serve -v\nworker: work\n"),
        ("manifest", "processes.web.command"),
    ),
    "another release command": (
        lambda w: toml(w, '[release]\ncommand = "x"\n'),
        ("manifest", "release_command"),
    ),
    "another schedule": (
        lambda w: toml(w, '[schedule.n]\ncron = "@daily"\ncommand = "x"\n'),
        ("manifest", "schedule.n.cron"),
    ),
    "a limit": (
        lambda w: toml(w, '[processes.web]\nmemory = "1G"\n'),
        ("manifest", "processes.web.memory"),
    ),
    "a process type more": (
        lambda w: toml(w, "", SHOP["Procfile"] + "clock: tick\n"),
        ("formation", "clock"),
    ),
    "a key less": (one_key_less, ("config", "KEY")),
    "a key more": (lambda w: set_config(w, "staging", NEW="1"), ("config", "NEW")),
    "a resource less": (redis_gone, ("resources", "REDIS_URL")),
    "a resource of another kind": (
        lambda w: attached(w, "DATABASE_URL", "mysql://u:p@db/x"),
        ("resources", "DATABASE_URL"),
    ),
    "an older major version": (older_postgres, ("resources", "DATABASE_URL")),
    "another product of one kind": (redis_for_valkey, ("resources", "REDIS_URL")),
    "another quantity": (
        lambda w: scale(w.house, get(w, "staging"), ["web=2"], who="ann", tell=w.tell),
        ("formation", "web"),
    ),
    "a type held back": (
        lambda w: stop(w.house, get(w, "staging"), "worker", who="ann", tell=w.tell),
        ("formation", "worker"),
    ),
}


@pytest.mark.parametrize("planted", DRIFTS)
async def test_parity_finds_what_was_planted_and_tells_no_value(world: World, planted: str):
    await clean(world)
    plant, found = DRIFTS[planted]
    await plant(world)

    assert found in await parts(world)
    assert found in await parts(world, "production", "staging")
    told = await compare_deploys(world.house, get(world, "staging"), world.shop)
    text = str([*told.drifts, *told.unknown])
    assert "secret" not in text
    assert "of production" not in text
    # A build differs with whatever it holds; beyond that nothing is named that was not planted.
    more = set(await parts(world)) - {found, ("build", "build")}
    about = {"a process type more": "manifest", "another schedule": "manifest"}
    assert {part for part, _ in more} <= {about.get(planted)}


async def test_what_is_planted_is_mended_by_promoting(world: World):
    await clean(world)
    await another_commit(world)
    await promoted(world, "production", "staging")

    assert await parts(world) == []


async def test_parity_is_of_two_deploys_of_one_app_that_run(world: World):
    await two(world)
    await world.deploy(app="blog")
    apps.ensure_deploy(world.store, apps.get(world.store, "shop"), "empty", 1)
    with pytest.raises(Invalid, match="different apps"):
        await compare_deploys(world.house, world.shop, get(world, "production", "blog"))
    with pytest.raises(Refused, match="no release yet"):
        await compare_deploys(world.house, world.shop, get(world, "empty"))


async def test_a_restart_alone_is_no_drift(world: World):
    await clean(world)
    await restart(world.house, get(world, "staging"), "", who="ann", tell=world.tell)

    assert await parts(world) == []


async def test_a_promoted_release_is_watched_and_taken_back_like_any_other(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(watching, "PAUSE", 0.001)
    await two(world)
    await world.deploy({**SHOP, "a": "1"}, deploy="staging")

    def answered(number: int, answers: Answers) -> None:
        release = releases.get(world.store, world.shop, number)
        cluster = backends_of(world.house, world.shop, release)["web"].cluster
        world.engine.answers[cluster] = answers

    answered(1, Answers(1000, 1))
    wish = Wish("shop", "production", "ann", stay=True)
    hold = world.engine.hold("switch", "*")
    task = asyncio.create_task(
        promote(world.house, get(world, "staging"), world.shop, wish, world.tell)
    )
    await hold.reached.wait()
    answered(2, Answers(100, 60))
    hold.go.set()
    with pytest.raises(ReleaseFailed, match=r"v2 served and was taken back: 60 of 100"):
        await task

    await world.whole()
    assert world.current.reason == "rollback to v1"
