"""A deploy's good way: tree, build, release, start, switch, and the old release leaves."""

import asyncio

import pytest
from tests.operations.worlds import SHOP, World, held

from twelve.engines.contract import Answers
from twelve.errors import Conflict, Invalid, Refused, ReleaseFailed
from twelve.factors.codebase.tree import TreeFacts
from twelve.operations.restart import stop
from twelve.store import apps, releases, runs

pytestmark = pytest.mark.anyio

MIGRATING = {**SHOP, "twelve.toml": '[release]\ncommand = "migrate"\n'}
ALONE = {**SHOP, "twelve.toml": "[processes.worker]\noverlap = false\n"}


async def test_the_first_deploy_runs_every_type_and_routes_web(world: World):
    release = await world.deploy()

    await world.whole()
    assert (release.number, release.formation) == (1, {"web": 1, "worker": 1})
    assert set(world.engine.processes) == {
        "shop/production/web.1@v1",
        "shop/production/worker.1@v1",
    }
    [route] = world.engine.table.routes
    assert (route.hosts, route.cluster) == (("shop.localhost",), world.engine.table.backends[0][0])


async def test_the_new_release_is_up_before_requests_go_to_it_and_the_old_stops_last(world: World):
    await world.deploy()
    world.engine.acts.clear()
    await world.deploy({**SHOP, "a.py": "1"})

    await world.whole()
    acts = [(act.verb, act.subject.partition("@")[2] or act.subject) for act in world.engine.acts]
    started = [i for i, (verb, _) in enumerate(acts) if verb == "start"]
    switched = [i for i, (verb, _) in enumerate(acts) if verb == "switch"]
    stopped = [i for i, (verb, _) in enumerate(acts) if verb == "stop"]
    drained = [i for i, (verb, _) in enumerate(acts) if verb == "drain"]
    assert max(started) < switched[0] < drained[0] < max(stopped) < switched[-1]
    assert {subject for verb, subject in acts if verb == "stop"} == {"v1"}


async def test_while_switching_the_router_knows_the_old_cluster_and_the_new(world: World):
    await world.deploy()
    await world.deploy({**SHOP, "a.py": "1"})
    await world.quiet()

    sizes = [len(table.backends) for table in world.engine.tables]
    assert sizes == [1, 2, 1]


async def test_the_release_command_runs_once_in_the_new_release_before_any_process(world: World):
    await world.deploy(MIGRATING)

    verbs = [act.verb for act in world.engine.acts]
    assert verbs.index("run") < verbs.index("start")
    [run] = runs.ls(world.store, world.shop)
    assert (run.kind, run.command, run.number, run.code) == ("release", ("migrate",), 1, 0)
    assert run.ended_ns


async def test_types_that_must_not_overlap_start_when_the_old_are_gone(world: World):
    await world.deploy(ALONE)
    world.engine.acts.clear()
    await world.deploy({**ALONE, "a.py": "1"})

    await world.whole()
    acts = [tuple(act) for act in world.engine.acts]
    gone = acts.index(("stop", "shop/production/worker.1@v1"))
    assert gone < acts.index(("start", "shop/production/worker.1@v2"))
    assert acts.index(("start", "shop/production/web.1@v2")) < gone


async def test_what_it_cost_is_on_the_release(world: World):
    await world.deploy(MIGRATING)
    await world.quiet()

    released, drained = releases.events(world.store, world.shop, 1)
    assert (released.kind, drained.kind) == ("released", "drained")
    assert {"build", "release phase", "start", "switch"} <= released.detail["seconds"].keys()
    assert released.detail["tier"] == "none"
    assert drained.detail["cut"] == 0


async def test_what_users_met_during_the_switch_is_on_the_release(world: World):
    await world.deploy()
    await world.quiet()
    old = world.engine.table.backends[0].cluster
    world.engine.answers[old] = Answers(1000, 10)
    hold = world.engine.hold("drain", "*web@v1*")
    await world.deploy({**SHOP, "a.py": "1"})
    await hold.reached.wait()
    new = next(b.cluster for b in world.engine.table.backends if "@v2" in b.cluster)
    world.engine.answers |= {old: Answers(1030, 11), new: Answers(60, 2)}
    hold.go.set()
    await world.quiet()

    drained = releases.events(world.store, world.shop, 2)[-1]
    assert drained.kind == "drained"
    assert (drained.detail["requests"], drained.detail["failures"]) == (90, 3)


async def test_requests_that_did_not_end_in_time_are_counted(world: World):
    await world.deploy()
    world.engine.active[world.engine.table.backends[0].cluster] = 3
    await world.deploy({**SHOP, "a.py": "1"})

    await world.whole()
    assert releases.events(world.store, world.shop, 2)[-1].detail["cut"] == 3


async def test_each_cluster_drains_as_long_as_its_own_release_promised(world: World, monkeypatch):
    seconds = {}
    drain = world.engine.drain

    async def remember(cluster, limit):
        seconds[cluster.partition("+")[0]] = limit
        return await drain(cluster, limit)

    monkeypatch.setattr(world.engine, "drain", remember)
    await world.deploy({**SHOP, "twelve.toml": "[processes.web]\ndrain = 7\n"})
    await world.deploy({**SHOP, "twelve.toml": "[processes.web]\ndrain = 90\n"})
    await world.quiet()

    assert seconds == {"shop/production/web@v1": 7}


async def test_warnings_of_processes_are_kept_on_the_release(world: World):
    world.engine.warnings["shop/production/web.1@v1"] = ("listens on 0.0.0.0:20000",)
    await world.deploy()

    [kept] = releases.warnings(world.store, world.shop, 0)
    assert kept["process"] == "shop/production/web.1@v1"
    assert "0.0.0.0:20000" in kept["text"]
    assert world.tell.of("warning") == ["web.1: listens on 0.0.0.0:20000"]


async def test_quantities_that_were_asked_for_outlive_a_deploy(world: World):
    await world.deploy()
    await world.scale("web=3")
    release = await world.deploy({**SHOP, "a.py": "1"})

    await world.whole()
    assert release.formation["web"] == 3


async def test_a_type_that_the_new_build_lacks_is_stopped(world: World):
    await world.deploy()
    release = await world.deploy({"Procfile": "web: serve\n"})

    await world.whole()
    assert release.formation == {"web": 1}


async def test_two_deploys_of_one_app_do_not_touch_each_other(world: World):
    await world.deploy()
    await world.deploy(deploy="staging")
    await world.deploy({**SHOP, "a.py": "1"})

    await world.whole()
    hosts = [route.hosts[0] for route in world.engine.table.routes]
    assert hosts == ["shop.localhost", "staging.shop.localhost"]


async def test_apps_whose_names_are_prefixes_of_each_other_do_not_touch_each_other(world: World):
    for name in ("tin", "tiny", "tin"):
        await world.deploy({**SHOP, "app": name}, app=name)
    await world.deploy({**SHOP, "again": "tin"}, app="tin")

    await world.whole()
    assert "tiny/production/web.1@v1" in world.engine.processes


async def test_another_codebase_under_a_known_name_is_refused(world: World):
    await world.deploy(facts=TreeFacts("git", root_commit="a" * 40))
    with pytest.raises(Refused, match=r"another codebase: its root commit is aaaaaaa"):
        await world.deploy(facts=TreeFacts("git", root_commit="b" * 40))

    await world.whole()
    assert world.shop.current == 1


async def test_a_rewritten_history_is_adopted_when_that_is_said(world: World):
    await world.deploy(facts=TreeFacts("git", root_commit="a" * 40))
    await world.deploy(facts=TreeFacts("git", root_commit="b" * 40), adopt=True)

    assert apps.get(world.store, "shop").root_commit == "b" * 40


async def test_an_app_is_known_by_the_codebase_that_ran_first_not_by_one_that_failed(world: World):
    with pytest.raises(Refused):
        await world.deploy(
            {**SHOP, ".env.example": "KEY=\n"}, facts=TreeFacts("git", root_commit="a" * 40)
        )
    await world.deploy(facts=TreeFacts("git", root_commit="b" * 40))

    assert apps.get(world.store, "shop").root_commit == "b" * 40


async def test_what_was_held_back_runs_again_with_a_deploy(world: World):
    await world.deploy()
    await stop(world.house, world.shop, "worker", who="ann", tell=world.tell)
    await world.deploy({**SHOP, "a.py": "1"})

    await world.whole()
    assert "shop/production/worker.1@v2" in world.engine.processes


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"readme": "x"}, "no Procfile"),
        ({"Procfile": "web serve\n"}, "Procfile"),
        ({**SHOP, "twelve.toml": "colour = 1\n"}, "colour"),
    ],
)
async def test_a_tree_that_says_nothing_or_nonsense_leaves_nothing_behind(
    world: World, files, words
):
    with pytest.raises(Invalid, match=words):
        await world.deploy(files)

    assert apps.ls(world.store) == []
    assert list(world.folder.glob("builds/*")) == []


async def test_resources_of_the_manifest_are_made_and_attached_on_request(world: World):
    files = {**SHOP, "twelve.toml": '[resources]\nDATABASE_URL = "postgres"\n'}
    with pytest.raises(Refused) as refused:
        await world.deploy(files)
    assert "DATABASE_URL" in refused.value.problems[0]
    await world.deploy(files, provision=True)

    await world.whole()
    process = world.engine.started["shop/production/web.1@v1"]
    assert process.variables["DATABASE_URL"].startswith("postgres://")


async def test_resources_whose_variable_config_holds_are_not_made(world: World):
    files = {**SHOP, "twelve.toml": '[resources]\nDATABASE_URL = "postgres"\n'}
    app = apps.create(world.store, "shop", "", 1)
    apps.ensure_deploy(world.store, app, "production", 1)
    await world.configure(DATABASE_URL="postgres://elsewhere/db")
    await world.deploy(files, provision=True)

    await world.whole()
    assert world.house.servers.made == []


async def test_a_second_deploy_waits_and_says_for_whom(world: World):
    await world.deploy()
    async with held(world, "place", "*", lambda: world.deploy({**SHOP, "a": "1"})) as (task, hold):
        second = asyncio.ensure_future(world.deploy({**SHOP, "b": "1"}))
        await world.until(lambda: world.tell.of("wait"))
        hold.go.set()
        assert (await task).number == 2
        assert (await second).number == 3

    await world.whole()
    assert world.tell.of("wait") == ["deploy by ann is under way; waiting for it"]


async def test_a_second_deploy_that_does_not_want_to_wait_is_refused(world: World):
    await world.deploy()
    async with held(world, "place", "*", lambda: world.deploy({**SHOP, "a": "1"})):
        with pytest.raises(Conflict, match="a deploy by ann is under way"):
            await world.deploy({**SHOP, "b": "1"}, wait=False)

    await world.whole()


GENERATES = {**SHOP, "twelve.toml": "[config.KEY]\ngenerate = true\n"}


async def test_a_secret_is_generated_once_and_is_not_the_same_in_two_deploys(world: World):
    first = await world.deploy(GENERATES)
    await world.deploy({**GENERATES, "other": "2"})
    await world.deploy(GENERATES, deploy="staging")

    keys = {
        name: process.variables["KEY"]
        for name, process in world.engine.started.items()
        if "/web." in name
    }
    assert first.config == 1
    assert len(keys["shop/production/web.1@v1"]) == 64
    assert keys["shop/production/web.1@v1"] == keys["shop/production/web.1@v2"]
    assert keys["shop/production/web.1@v1"] != keys["shop/staging/web.1@v1"]
    assert world.tell.of("config") == ["generated KEY"] * 2


async def test_a_secret_of_a_deploy_that_fails_is_none(world: World):
    world.engine.fail("start", "*", ReleaseFailed("no"))

    with pytest.raises(ReleaseFailed):
        await world.deploy(GENERATES)

    assert world.heads() == (0, 0)
