"""Whatever fails, and whoever takes it back: the old release runs on whole, nothing is left."""

import asyncio

import pytest
from tests.operations.test_deploy import ALONE
from tests.operations.worlds import SHOP, World, held

from twelve.engines.contract import Exit
from twelve.errors import BuildFailed, Cancelled, Invalid, Refused, ReleaseFailed, Unreachable
from twelve.operations.restart import restart, stop
from twelve.store import journal, releases, runs

pytestmark = pytest.mark.anyio

FULL = {
    **ALONE,
    "twelve.toml": '[release]\ncommand = "migrate"\n[processes.worker]\noverlap = false\n',
}
NEXT = {**FULL, "a.py": "1"}

STEPS = {
    "receive": ("receive", "*", Invalid("a link leaves the folder")),
    "build": ("place", "*", BuildFailed("pip found nothing")),
    "release command not started": ("run", "*", Unreachable("no supervisor")),
    "start": ("start", "*/web.1@v2", ReleaseFailed("web.1 exited with code 1")),
    "switch": ("switch", "*", Unreachable("the router does not answer")),
    "late types": ("start", "*/worker.1@v2", ReleaseFailed("worker.1 exited with code 1")),
    "stopping the old late types": ("stop", "*/worker.1@v1", Unreachable("no supervisor")),
}
MADE_A_RELEASE = STEPS.keys() - {"receive", "build"}


@pytest.mark.parametrize("step", STEPS)
async def test_a_deploy_that_fails_leaves_the_old_release_whole(world: World, step: str):
    await world.deploy(FULL)
    await world.quiet()
    verb, subject, error = STEPS[step]
    world.engine.fail(verb, subject, error)
    with pytest.raises(type(error), match=error.message):
        await world.deploy(NEXT)

    await world.whole()
    assert world.shop.current == 1
    if step in MADE_A_RELEASE:
        [failed] = releases.events(world.store, world.shop, 2)
        assert (failed.kind, failed.detail["why"]) == ("failed", error.message)
    assert any(
        f"failed: {error.message}" in n for n in world.engine.notes("shop", "production")
    ) or (step == "receive")
    await world.deploy(NEXT)
    await world.whole()


async def test_what_requests_went_to_is_let_go_only_when_they_go_another_way(world: World):
    await world.deploy(FULL)
    await world.quiet()
    world.engine.acts.clear()
    world.engine.fail("start", "*/worker.1@v2", ReleaseFailed("worker.1 exited with code 1"))
    with pytest.raises(ReleaseFailed):
        await world.deploy(NEXT)
    await world.whole()

    acts = [(act.verb, act.subject) for act in world.engine.acts]
    failed = acts.index(("start", "shop/production/worker.1@v2"))
    drained = next(
        n for n, (verb, subject) in enumerate(acts) if verb == "drain" and "v2" in subject
    )
    assert "switch" in [verb for verb, _ in acts[failed:drained]]


@pytest.mark.parametrize("step", sorted(STEPS.keys() - {"stopping the old late types"}))
async def test_a_first_deploy_that_fails_leaves_nothing_running(world: World, step: str):
    verb, subject, error = STEPS[step]
    world.engine.fail(verb, subject.replace("v2", "v1"), error)
    with pytest.raises(type(error)):
        await world.deploy(FULL)

    await world.quiet()
    assert world.engine.processes == {}
    if step != "receive":
        await world.whole()
        assert world.current is None


@pytest.mark.parametrize("step", [step for step in STEPS if step != "receive"])
async def test_a_deploy_that_is_taken_back_leaves_the_old_release_whole(world: World, step: str):
    await world.deploy(FULL)
    await world.quiet()
    verb, subject, _ = STEPS[step]
    async with held(world, verb, subject, lambda: world.deploy(NEXT)) as (task, hold):
        task.cancel()
        await asyncio.sleep(0)
        hold.go.set()
        with pytest.raises(Cancelled, match="nothing was changed"):
            await task

    await world.whole()
    assert world.shop.current == 1
    if step in MADE_A_RELEASE:
        assert world.events(2) == ["cancelled"]


async def test_a_release_command_that_is_taken_back_is_stopped_and_its_record_ended(world: World):
    await world.deploy(FULL)
    world.engine.endless.add("migrate")
    async with held(world, "ended", "*/release.*@v2", lambda: world.deploy(NEXT)) as (task, hold):
        hold.go.set()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(Cancelled):
            await task

    await world.whole()
    newest, _ = runs.ls(world.store, world.shop)
    assert (newest.number, newest.signal) == (2, "SIGTERM")
    assert newest.ended_ns


async def test_a_release_command_that_fails_is_told_with_its_last_lines(world: World):
    await world.deploy(FULL)
    world.engine.exits["migrate"] = Exit(3, None)
    world.engine.prints["migrate"] = b"one\ntwo\n"
    with pytest.raises(ReleaseFailed, match="v2: the release command exited with code 3") as failed:
        await world.deploy(NEXT)

    await world.whole()
    assert failed.value.problems == ("one", "two")
    assert runs.ls(world.store, world.shop)[0].code == 3


async def test_a_contract_that_is_not_met_names_every_key_before_anything_is_built(world: World):
    await world.deploy()
    world.engine.acts.clear()
    files = {**SHOP, ".env.example": "FIRST=\nSECOND=\n"}
    with pytest.raises(Refused) as refused:
        await world.deploy(files)

    await world.whole()
    assert [problem.split()[0] for problem in refused.value.problems] == ["FIRST", "SECOND"]
    assert world.engine.subjects("place") == []
    assert [row.number for row in releases.ls(world.store, world.shop)] == [1]


async def test_resources_made_for_a_release_that_failed_are_not_attached(world: World):
    await world.deploy()
    files = {**SHOP, "twelve.toml": '[resources]\nDATABASE_URL = "postgres"\n'}
    world.engine.fail("start", "*", ReleaseFailed("no"))
    with pytest.raises(ReleaseFailed):
        await world.deploy(files, provision=True)

    await world.whole()
    assert world.heads() == (0, 0)
    assert world.states("attachments") == {1: "failed"}
    await world.deploy(files, provision=True)
    await world.whole()
    assert len(world.house.servers.made) == 1


async def test_after_a_failure_past_the_switch_what_the_new_holds_may_end(world: World):
    await world.deploy(FULL)
    await world.quiet()
    world.engine.fail("start", "*/worker.1@v2", ReleaseFailed("no"))
    world.engine.acts.clear()
    with pytest.raises(ReleaseFailed):
        await world.deploy(NEXT)

    await world.whole()
    [cluster] = world.engine.subjects("drain")
    assert cluster.startswith("shop/production/web@v2")
    acts = [tuple(act) for act in world.engine.acts]
    drained = acts.index(("drain", cluster))
    assert drained < acts.index(("stop", "shop/production/web.1@v2"))


async def test_going_back_that_fails_is_told_as_the_first_failure_and_made_good(
    world: World, monkeypatch
):
    monkeypatch.setattr("twelve.operations.keeping.FIRST_PAUSE", 0.01)
    await world.deploy()
    world.engine.fail("start", "*/web.1@v2", ReleaseFailed("web.1 died"))
    world.engine.fail("switch", "*", Unreachable("no router"))
    world.engine.fail("switch", "*", Unreachable("no router"))
    with pytest.raises(ReleaseFailed, match=r"web.1 died"):
        await world.deploy({**SHOP, "a.py": "1"})

    await world.whole()
    assert world.shop.current == 1


async def test_cancelling_twice_does_not_cut_the_way_back_in_two(world: World):
    await world.deploy()
    await world.quiet()
    deploying = held(world, "start", "*/web.1@v2", lambda: world.deploy({**SHOP, "a": "1"}))
    async with deploying as (task, _):
        stopping = world.engine.hold("stop", "*@v2")
        task.cancel()
        await stopping.reached.wait()
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
        stopping.go.set()
        with pytest.raises(Cancelled):
            await task
    await world.whole()


async def test_config_whose_release_fails_stays_in_the_history_and_the_head_goes_back(world: World):
    await world.deploy()
    await world.configure(A="1")
    world.engine.fail("start", "*", ReleaseFailed("no"))
    with pytest.raises(ReleaseFailed):
        await world.configure(A="2")

    await world.whole()
    assert world.states() == {1: "head", 2: "failed"}
    release = await world.deploy({**SHOP, "a": "1"})
    assert release.config == 1


async def test_a_scale_that_fails_asks_for_the_old_quantities(world: World):
    await world.deploy()
    world.engine.fail("start", "*/web.2@v1", ReleaseFailed("no"))
    with pytest.raises(ReleaseFailed):
        await world.scale("web=2")

    await world.whole()
    assert world.shop.formation == {}
    assert (await world.deploy({**SHOP, "a": "1"})).formation["web"] == 1


async def test_a_restart_that_fails_keeps_held_back_what_was(world: World):
    await world.deploy()
    await stop(world.house, world.shop, "worker", who="ann", tell=world.tell)
    world.engine.fail("start", "*", ReleaseFailed("no"))
    with pytest.raises(ReleaseFailed):
        await restart(world.house, world.shop, "", who="ann", tell=world.tell)

    await world.whole()
    assert world.shop.stopped == {"worker"}


async def test_a_rollback_that_fails_leaves_heads_and_release_as_they_were(world: World):
    await world.deploy()
    await world.configure(A="1")
    await world.configure(A="2")
    world.engine.fail("start", "*", ReleaseFailed("no"))
    with pytest.raises(ReleaseFailed):
        await world.rollback(2)

    await world.whole()
    assert world.heads() == (2, 0)
    assert world.states() == {1: "past", 2: "head"}
    assert world.shop.current == 3


async def test_a_port_that_a_stranger_took_is_left_to_it(world: World):
    world.engine.fail("start", "*/web.1@v1", ReleaseFailed("address already in use"))
    async with held(world, "start", "*/web.1@v1", world.deploy) as (task, hold):
        world.taken.add(20000)
        hold.go.set()
        await task

    await world.whole()
    assert world.engine.started["shop/production/web.1@v1"].port == 20001
    assert "port 20000 is in use by another program" in " ".join(world.tell.of("start"))


async def test_a_port_that_a_stranger_took_since_it_was_leased_is_not_tried(world: World):
    await world.deploy()
    await world.quiet()
    world.engine.processes.clear()
    world.taken.add(20000)
    await world.scale("worker=2")

    await world.whole()
    assert world.engine.started["shop/production/web.1@v1"].port == 20001


async def test_a_process_that_dies_on_a_free_port_is_not_tried_again(world: World):
    world.engine.fail("start", "*/web.1@v1", ReleaseFailed("import error"))
    with pytest.raises(ReleaseFailed):
        await world.deploy()

    assert world.engine.subjects("start").count("shop/production/web.1@v1") == 1


async def test_an_internal_error_is_recorded_without_its_words(world: World):
    await world.deploy()
    world.engine.fail("start", "*/web.1@v2", ValueError("a secret"))
    with pytest.raises(ValueError, match="a secret"):
        await world.deploy({**SHOP, "a": "1"})

    await world.whole()
    [failed] = releases.events(world.store, world.shop, 2)
    assert failed.detail["why"] == "internal error: ValueError"


async def test_the_journal_ends_with_every_attempt(world: World):
    await world.deploy()
    await world.configure(A="1")
    await world.configure(A="1")
    with pytest.raises(Invalid):
        await world.scale("web=x")
    await world.scale("web=1")
    await world.whole()

    assert journal.unfinished(world.store) == []
    rows = world.store.all("SELECT verb, outcome FROM journal ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [
        ("deploy", "done"),
        ("config", "done"),
        ("config", "done"),
        ("scale", "failed"),
        ("scale", "done"),
    ]


async def test_what_served_and_cannot_be_seen_off_is_settled_later(world: World, monkeypatch):
    monkeypatch.setattr("twelve.operations.keeping.FIRST_PAUSE", 0.01)
    await world.deploy(FULL)
    await world.quiet()
    world.engine.fail("start", "*/worker.1@v2", ReleaseFailed("no"))
    world.engine.fail("drain", "*web@v2*", Unreachable("no router"))
    with pytest.raises(ReleaseFailed):
        await world.deploy(NEXT)

    await world.whole()
