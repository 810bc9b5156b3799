"""Recover: at the start of control, finish or undo what a death cut off, then settle all."""

import asyncio
import contextlib
import logging
from collections.abc import Collection

from twelve.errors import TwelveError
from twelve.factors.lifecycle.states import RESTARTED
from twelve.factors.processes.instance import BUILD_STEP, RELEASE_PHASE, parse_instance
from twelve.factors.releases.journal import Point, Step, Verdict, verdict
from twelve.operations.house import House, say
from twelve.operations.keeping import catch_up, make_good
from twelve.operations.leaving import Farewell
from twelve.operations.prune import prune
from twelve.operations.retire import farewell, retire, turn_away
from twelve.operations.run_once import name_of, record_end
from twelve.operations.settle import unwanted
from twelve.operations.undo import undo
from twelve.operations.wanted import route_table
from twelve.operations.watch import watch_on
from twelve.store import apps, journal, releases, runs
from twelve.store.apps import Deploy
from twelve.store.journal import Entry

PATIENCE = 10.0
"""Seconds: what takes longer to settle, a process that is slow to stop, goes on by itself."""

RECOVERING = "recover"

log = logging.getLogger("twelve.operations")

SWITCHED = frozenset({Step.SWITCH, Step.SUCCEED})
"""Requests may have gone to the new release already."""


async def recover(house: House) -> list[str]:
    """Old or new, never half: what was done about each attempt, in sentences."""
    deploys = {deploy.id: deploy for deploy in apps.deploys(house.store)}
    await sweep(house)
    said = []
    for entry in journal.unfinished(house.store):
        deploy = deploys[entry.deploy_id]
        try:
            said.append(await close(house, deploy, entry))
        except Exception:
            # One deploy's trouble must not keep control, and with it all others, from starting.
            log.exception("%s: %s could not be closed", deploy.label, entry.verb)
    settling = resettle(house)
    if settling:
        await asyncio.wait(settling, timeout=PATIENCE)
    house.reached(RECOVERING, Point.SETTLED)
    house.under_way.go_on(clear_up(house, tuple(house.under_way.background)))
    await follow_runs(house, deploys)
    watch_on(house)
    return said


async def clear_up(house: House, going: Collection[asyncio.Task[object]]) -> None:
    """When nothing leaves any more: clusters that nobody uses, and layers that nobody needs."""
    with contextlib.suppress(TwelveError):
        await house.engine.switch(route_table(house))
    if going:
        await asyncio.wait(going)
    await prune(house)


def resettle(house: House) -> list[asyncio.Task[None]]:
    """Settle every deploy, each as soon as no attempt holds it: after a supervisor was replaced."""
    deploys = apps.deploys(house.store)
    house.under_way.go_on(catch_up(house))
    return [house.under_way.go_on(make_good(house, deploy)) for deploy in deploys]


async def close(house: House, deploy: Deploy, entry: Entry) -> str:
    """Write down how an attempt came out; settling does what that says."""
    outcome = verdict(entry.step)
    house.reached(RECOVERING, Point.FOUND)
    tag = f" v{entry.number}" if entry.number else ""
    why = RESTARTED if is_of_another_boot(house, entry) else "control was gone"
    said = f"{entry.verb}{tag} was cut off at {entry.step}, {why}: {outcome}"
    if outcome is Verdict.UNDO:
        said = await take_back(house, deploy, entry, said)
    else:
        what = Farewell.from_plain(entry.detail.get("farewell", {"routes": [], "names": []}))
        number, release = house.leaving.enlist(what), entry.number or deploy.current or 0
        house.under_way.go_on(retire(house, deploy, release, entry.id, what, number, said))
    return f"{deploy.label}: {said}"


def is_of_another_boot(house: House, entry: Entry) -> bool:
    """Whether the machine has restarted since; who wrote no boot down is taken for one of this."""
    return str(entry.detail.get("boot", house.boot)) != house.boot


async def take_back(house: House, deploy: Deploy, entry: Entry, said: str) -> str:
    """Undo what an attempt has changed, and say so. Requests that its release holds may end first.

    Whoever undid it before may have died before it was said: then that is said now.
    """
    store = house.store
    already = entry.detail.get("said")
    if not already:
        with store.writing():
            undo(store, deploy, entry.detail)
            if entry.number is not None:
                why = RESTARTED if is_of_another_boot(house, entry) else "control died"
                detail = {"step": entry.step, "why": why}
                releases.record(store, deploy, entry.number, Verdict.UNDO, house.now(), **detail)
            journal.note(store, entry.id, said=said, outcome=Verdict.UNDO)
        house.reached(RECOVERING, Point.TAKEN_BACK)
    await say(house, deploy, already or said)
    failed = releases.find(store, deploy, entry.number)
    if failed and entry.step in SWITCHED:
        what = farewell(house, deploy, failed, await unwanted(house, deploy))
        try:
            await turn_away(house, deploy, what)
        except TwelveError as error:
            log.warning(
                "%s: requests go on to v%d until it is settled: %s",
                deploy.label,
                failed.number,
                error,
            )
    journal.end(store, entry.id, entry.detail.get("outcome", Verdict.UNDO), house.now())
    return already or said


async def sweep(house: House) -> None:
    """End builds, release commands and processes of apps that nobody knows any more."""
    for name in await house.engine.observe():
        instance = parse_instance(name)
        known = apps.find_deploy(house.store, instance.app, instance.deploy)
        if not known or instance.type in {BUILD_STEP, RELEASE_PHASE}:
            with contextlib.suppress(TwelveError):
                await house.engine.stop(name, grace=5, signal="SIGTERM")


async def follow_runs(house: House, deploys: dict[int, Deploy]) -> None:
    """Record the ends of runs that outlived control; those that vanished ended unseen."""
    seen = await house.engine.observe()
    for deploy_id, run in runs.open_runs(house.store):
        name = name_of(deploys[deploy_id], run)
        if name in seen:
            house.under_way.go_on(record_end(house, run.id, name))
        else:
            runs.end(house.store, run.id, None, None, house.now())
