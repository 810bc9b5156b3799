"""Control dies at any step: the next one finds old or new, never half."""

import asyncio
import contextlib
import dataclasses

import pytest
from tests.operations.worlds import SHOP, World, held

from twelve.errors import Conflict, ReleaseFailed, Unreachable
from twelve.factors.releases.journal import Step, Verdict, verdict
from twelve.operations.attempt import attempt
from twelve.operations.cut import cut_release
from twelve.operations.destroy import down
from twelve.operations.keeping import keep_settled
from twelve.operations.recover import recover, resettle
from twelve.operations.run_once import run_once
from twelve.operations.wanted import build_of
from twelve.store import apps, journal, releases, runs

pytestmark = pytest.mark.anyio

FULL = {
    **SHOP,
    "twelve.toml": '[release]\ncommand = "migrate"\n[processes.worker]\noverlap = false\n',
}
NEXT = {**FULL, "a.py": "1"}
WEB, WORKER = "shop/production/web.1@v1", "shop/production/worker.1@v1"

ACTS = {
    Step.BUILD: ("place", "*"),
    Step.RELEASE_PHASE: ("ended", "*/release.*@v2"),
    Step.START: ("start", "*/web.1@v2"),
    Step.SWITCH: ("switch", "*"),
    Step.SUCCEED: ("start", "*/worker.1@v2"),
    Step.DRAIN: ("drain", "*web@v1*"),
}
"""The act of the engine at which the journal says that step."""

IN_ONE_GO = {Step.RECEIVED, Step.RELEASE, Step.DONE}
"""Nothing is waited for in them: a test of their own makes the journal say so."""


def test_every_step_of_an_attempt_has_its_test():
    assert set(Step) == ACTS.keys() | IN_ONE_GO


@contextlib.asynccontextmanager
async def dead_at(world: World, step: Step, work):
    """What a new control finds when the old one died there."""
    async with held(world, *ACTS[step], work) as (_, hold):
        await hold.reached.wait()
        [*_, entry] = journal.unfinished(world.store)
        assert entry.step is step
        after = world.after_death()
        yield after
    after.store.db.close()


@pytest.mark.parametrize("step", [step for step in ACTS if step is not Step.DRAIN])
async def test_a_deploy_cut_off_before_its_release_serves_never_was(world: World, step: Step):
    await world.deploy(FULL)
    await world.quiet()
    async with dead_at(world, step, lambda: world.deploy(NEXT)) as after:
        [said] = await after.recover()

        assert said.endswith(f"was cut off at {step}, control was gone: undone")
        await after.whole()
        assert after.shop.current == 1
        assert after.events(2) == ([] if step is Step.BUILD else ["undone"])
        assert {run.ended_ns is None for run in runs.ls(after.store, after.shop)} == {False}
        await after.deploy(NEXT)
        await after.whole()


async def test_what_was_cut_off_with_the_machine_says_that_it_restarted(world: World):
    await world.deploy(FULL)
    await world.quiet()
    async with dead_at(world, Step.START, lambda: world.deploy(NEXT)) as after:
        after.house = dataclasses.replace(after.house, boot="another")
        [said] = await after.recover()

        assert said.endswith("was cut off at start, the machine restarted: undone")
        [undone] = releases.events(after.store, after.shop, 2)
        assert undone.detail["why"] == "the machine restarted"


async def test_a_deploy_cut_off_after_its_release_serves_is_completed(world: World):
    await world.deploy(FULL)
    await world.quiet()
    hold = world.engine.hold("drain", "*web@v1*")
    await world.deploy(NEXT)
    await hold.reached.wait()
    after = world.after_death()
    draining = after.engine.hold("drain", "*web@v1*")
    [said] = await after.recover()
    await draining.reached.wait()

    assert said == "shop/production: deploy v2 was cut off at drain, control was gone: completed"
    # Requests that the old release holds do not notice: its cluster and its processes stay.
    assert WEB in after.engine.processes
    assert len(after.engine.table.backends) == 2
    draining.go.set()
    await after.whole()
    assert after.shop.current == 2
    assert after.events(2) == ["released", "drained"]
    hold.go.set()


async def test_a_deploy_cut_off_after_the_switch_lets_requests_on_the_new_release_end(world: World):
    await world.deploy(FULL)
    await world.quiet()
    async with dead_at(world, Step.SUCCEED, lambda: world.deploy(NEXT)) as after:
        draining = after.engine.hold("drain", "*web@v2*")
        after.engine.acts.clear()
        await after.recover()
        # As long as routes lead to it, it is not drained, however quiet it is.
        verbs = [act.verb for act in after.engine.acts]
        assert verbs.index("switch") < verbs.index("drain")
        await draining.reached.wait()
        assert "shop/production/web.1@v2" in after.engine.processes
        assert len(after.engine.table.backends) == 2
        draining.go.set()
        await after.whole()


async def test_an_attempt_cut_off_before_its_first_step_never_was(world: World):
    await world.deploy()
    await world.quiet()
    async with attempt(world.house, world.shop, "config", "ann", world.tell) as mine:
        mine.make_version("config", {"A": "1"}, (), "set A")
        after = world.after_death()
    await after.recover()

    await after.whole()
    assert after.states() == {1: "failed"}
    after.store.db.close()


async def test_an_attempt_cut_off_between_row_and_start_leaves_a_release_that_never_ran(
    world: World,
):
    before = await world.deploy()
    await world.quiet()
    async with attempt(world.house, world.shop, "config", "ann", world.tell) as mine:
        cut_release(mine, build_of(world.house, mine.deploy, before), reason="test")
        after = world.after_death()
    await after.recover()

    await after.whole()
    assert (after.shop.current, after.events(2)) == (1, ["undone"])
    after.store.db.close()


def test_what_is_done_is_complete():
    assert verdict(Step.DONE) is Verdict.COMPLETE


async def test_config_of_an_app_that_never_ran_goes_back_too(world: World):
    app = apps.create(world.store, "shop", "", 1)
    apps.ensure_deploy(world.store, app, "production", 1)
    await world.configure(A="1")
    async with attempt(world.house, world.shop, "deploy", "ann", world.tell) as mine:
        mine.make_version("attachments", {"DB": "postgres://x/y"}, (), "provision DB")
        after = world.after_death()
    await after.recover()

    assert after.heads() == (1, 0)
    after.store.db.close()


async def test_a_rollback_cut_off_marks_no_good_version_as_failed(world: World):
    await world.deploy()
    await world.configure(A="1")
    await world.configure(A="2")
    await world.quiet()
    async with held(world, "start", "*/web.1@v4", lambda: world.rollback(2)):
        after = world.after_death()
    await after.recover()

    await after.whole()
    assert (after.heads(), after.states()) == ((2, 0), {1: "past", 2: "head"})
    after.store.db.close()


async def test_a_scale_cut_off_asks_for_the_old_quantities(world: World):
    await world.deploy()
    await world.quiet()
    async with held(world, "start", "*/web.2@v1", lambda: world.scale("web=2")):
        after = world.after_death()
    await after.recover()

    await after.whole()
    assert after.shop.formation == {}
    after.store.db.close()


async def test_one_attempt_that_cannot_be_closed_keeps_no_other_from_it(world: World):
    await world.deploy(FULL)
    await world.deploy(app="other")
    await world.quiet()
    async with held(world, *ACTS[Step.SUCCEED], lambda: world.deploy(NEXT)):
        after = world.after_death()
    after.store.do("DELETE FROM builds WHERE digest NOT IN (SELECT build FROM releases)")
    after.store.do(
        "UPDATE builds SET digest = 'gone' WHERE digest ="
        " (SELECT build FROM releases WHERE number = 2)"
    )
    await after.recover()

    assert after.shop.current == 1
    assert {name for name in after.engine.processes if name.startswith("other/")} == {
        "other/production/web.1@v1",
        "other/production/worker.1@v1",
    }
    after.store.db.close()


async def test_two_attempts_that_both_drain_are_both_completed(world: World):
    await world.deploy()
    await world.quiet()
    holds = [world.engine.hold("drain", f"*web@v{number}*") for number in (1, 2)]
    for number, hold in enumerate(holds):
        await world.deploy({**SHOP, "a": str(number)})
        await hold.reached.wait()
    after = world.after_death()
    assert len(await after.recover()) == 2

    await after.whole()
    assert after.shop.current == 3
    for hold in holds:
        hold.go.set()
    after.store.db.close()


async def test_after_a_reboot_everything_is_started_again(world: World):
    await world.deploy()
    await world.scale("web=2")
    await world.quiet()
    world.engine.processes.clear()
    world.same_home_other_control()
    assert await world.recover() == []

    await world.whole()
    assert len(world.engine.processes) == 3


async def test_after_a_reboot_a_port_that_a_stranger_holds_is_left_to_it(world: World):
    await world.deploy()
    await world.quiet()
    world.engine.processes.clear()
    world.taken.add(20000)
    world.same_home_other_control()
    await world.recover()

    await world.whole()
    assert world.engine.started[WEB].port == 20001


async def test_adopted_processes_are_taken_over(world: World):
    await world.deploy()
    await world.quiet()
    world.engine.adopt_all()
    world.engine.acts.clear()
    await asyncio.gather(*resettle(world.house))

    await world.whole()
    assert sorted(world.engine.subjects("keep")) == [WEB, WORKER]
    assert world.engine.subjects("stop") == []


async def test_an_adopted_process_that_would_be_started_otherwise_today_runs_on(world: World):
    await world.deploy()
    await world.quiet()
    world.engine.adopt_all()
    world.engine.fail("keep", WEB, Conflict("it runs from other words"))
    world.engine.fail("keep", WORKER, Conflict("it runs from other words"))

    async def keep(process, *, wait=True):
        raise Conflict("it runs from other words")

    world.engine.start = keep
    await asyncio.gather(*resettle(world.house))

    assert set(world.engine.processes) == {WEB, WORKER}


async def test_a_change_takes_adopted_processes_over_without_waiting_for_them(world: World):
    await world.deploy()
    await world.quiet()
    world.engine.adopt_all()
    await world.scale("web=2")

    await world.whole()
    assert sorted(world.engine.subjects("keep")) == [WEB, WORKER]


async def test_a_supervisor_that_is_replaced_during_a_deploy_does_not_undo_it(world: World):
    await world.deploy()
    await world.quiet()
    work = lambda: world.deploy({**SHOP, "a": "1"})  # noqa: E731
    async with held(world, "start", "*/web.1@v2", work) as (task, hold):
        world.engine.adopt_all()
        settling = resettle(world.house)
        await asyncio.sleep(0.01)
        hold.go.set()
        await task
        await asyncio.gather(*settling)

    await world.whole()
    assert world.shop.current == 2


async def test_what_rests_is_not_woken_by_a_new_supervisor(world: World):
    await world.deploy()
    await down(world.house, world.tell)
    await asyncio.gather(*resettle(world.house))

    await world.whole()
    assert world.engine.processes == {}


async def test_one_deploy_that_cannot_be_settled_keeps_no_other_from_it(world: World, monkeypatch):
    monkeypatch.setattr("twelve.operations.keeping.FIRST_PAUSE", 0.01)
    monkeypatch.setattr("twelve.operations.recover.PATIENCE", 0.1)
    await world.deploy()
    await world.deploy(app="other")
    await world.quiet()
    world.engine.processes.clear()
    for _ in range(3):
        world.engine.fail("keep", WEB, Unreachable("the layer is not there"))
    world.same_home_other_control()
    await world.recover()

    await world.whole()
    assert any("could not be settled" in n for n in world.engine.notes("shop", "production"))


async def test_a_run_that_outlived_control_is_followed_and_one_that_vanished_is_ended(world: World):
    await world.deploy()
    world.engine.endless |= {"long", "lost"}
    kept = await run_once(world.house, world.shop, ("long",), who="ann", detached=True)
    lost = await run_once(world.house, world.shop, ("lost",), who="ann", detached=True)
    after = world.after_death()
    del after.engine.processes[lost.name]
    await recover(after.house)
    await after.engine.stop(kept.name, grace=1, signal="SIGTERM")
    await after.until(lambda: runs.get(after.store, after.shop, kept.run.id).ended_ns)

    ended = {run.id: run for run in runs.ls(after.store, after.shop)}
    assert ended[kept.run.id].signal == "SIGTERM"
    assert (ended[lost.run.id].code, ended[lost.run.id].signal) == (None, None)
    assert ended[lost.run.id].ended_ns
    for started in (kept, lost):
        await world.engine.signal(started.name, "SIGKILL")
    await world.quiet()
    after.store.db.close()


async def test_processes_of_an_app_that_nobody_knows_are_ended(world: World):
    await world.deploy()
    await world.quiet()
    apps.destroy(world.store, apps.get(world.store, "shop"))
    world.same_home_other_control()
    await world.recover()

    assert world.engine.processes == {}


# Keeping: losses are made good while control lives.


@contextlib.asynccontextmanager
async def keeping(world: World):
    task = asyncio.create_task(keep_settled(world.house))
    await asyncio.sleep(0)
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def settled(world: World) -> None:
    for _ in range(20):
        await asyncio.sleep(0)
    await world.whole()


async def test_a_process_that_goes_for_good_is_started_again_and_that_is_told(world: World):
    await world.deploy()
    await world.quiet()
    async with keeping(world):
        world.engine.lose(WORKER)
        await settled(world)

    notes = world.engine.notes("shop", "production")
    assert any(note.startswith("worker.1@v1 exited: SIGKILL") for note in notes)
    assert notes[-1] == "worker.1@v1 started (pid 1)"


async def test_what_an_attempt_stops_is_not_started_again(world: World):
    async with keeping(world):
        await world.deploy()
        await world.deploy({**SHOP, "a": "1"})
        await world.scale("web=2")
        await settled(world)

    assert world.engine.subjects("keep") == []


async def test_a_loss_during_an_attempt_is_made_good_after_it(world: World):
    await world.deploy()
    await world.quiet()
    async with keeping(world):
        async with held(world, "start", "*/web.2@v1", lambda: world.scale("web=2")) as (task, hold):
            world.engine.lose(WORKER)
            await asyncio.sleep(0.01)
            hold.go.set()
            await task
        await settled(world)


async def test_a_loss_of_what_rests_is_left(world: World):
    async with keeping(world):
        await world.deploy()
        await down(world.house, world.tell)
        await settled(world)

    assert world.engine.processes == {}


async def test_a_loss_that_cannot_be_made_good_yet_is_tried_again(world: World, monkeypatch):
    monkeypatch.setattr("twelve.operations.keeping.FIRST_PAUSE", 0.01)
    await world.deploy()
    await world.quiet()
    for _ in range(2):
        world.engine.fail("keep", WORKER, ReleaseFailed("no"))
    async with keeping(world):
        world.engine.lose(WORKER)
        await settled(world)


async def test_an_event_that_cannot_be_told_does_not_end_the_keeping(world: World, monkeypatch):
    await world.deploy()
    await world.quiet()
    note = world.engine.note

    async def refuse(*_):
        monkeypatch.setattr(world.engine, "note", note)
        raise OSError("the collector is gone")

    async with keeping(world):
        monkeypatch.setattr(world.engine, "note", refuse)
        world.engine.lose(WORKER)
        await settled(world)


async def test_nobody_is_refused_because_twelve_itself_is_at_work(world: World):
    await world.deploy()
    await world.quiet()
    async with keeping(world):
        hold = world.engine.hold("keep", WORKER)
        world.engine.lose(WORKER)
        await hold.reached.wait()
        deploying = asyncio.ensure_future(world.deploy({**SHOP, "a": "1"}, wait=False))
        await asyncio.sleep(0.01)
        hold.go.set()
        assert (await deploying).number == 2
        await settled(world)
    assert world.tell.of("wait") == []
