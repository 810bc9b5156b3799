"""Recover: at the start of control, finish or undo what a death cut off, then settle all."""

import asyncio
import contextlib

from twelve.errors import TwelveError
from twelve.factors.processes.instance import parse_instance
from twelve.factors.releases.journal import Verdict, verdict
from twelve.operations.house import House
from twelve.operations.run_once import record_end
from twelve.operations.settle import settle
from twelve.store import apps, journal, releases, runs, versions
from twelve.store.apps import Deploy
from twelve.store.journal import Entry


async def recover(house: House) -> list[str]:
    """Old or new, never half: what was done about each attempt, in sentences."""
    deploys = {deploy.id: deploy for deploy in apps.deploys(house.store)}
    said = [
        await close(house, deploys[entry.deploy_id], entry)
        for entry in journal.unfinished(house.store)
    ]
    await sweep(house)
    await asyncio.gather(*(settle(house, deploy) for deploy in deploys.values()))
    await follow_runs(house, deploys)
    return said


async def close(house: House, deploy: Deploy, entry: Entry) -> str:
    """Write down how an attempt came out; settling does what that says."""
    outcome = verdict(entry.step)
    with house.store.writing():
        if outcome is Verdict.UNDO:
            undo_heads(house, deploy)
        if entry.number is not None:
            detail = {"step": entry.step, "why": "control died"}
            number = entry.number
            releases.record(house.store, deploy, number, outcome, house.now(), **detail)
        journal.end(house.store, entry.id, outcome, house.now())
    tag = f" v{entry.number}" if entry.number else ""
    said = f"{entry.verb}{tag} was cut off at {entry.step}: {outcome}"
    await house.engine.note(deploy.app, deploy.name, said)
    return f"{deploy.label}: {said}"


def undo_heads(house: House, deploy: Deploy) -> None:
    """Config and attachments as the current release has them; newer versions failed."""
    current = releases.current(house.store, deploy)
    if current is None:
        return
    for kind, version in (("config", current.config), ("attachments", current.attachments)):
        head = versions.head(house.store, deploy, kind)  # type: ignore[arg-type]
        if head != version:
            versions.make_head(house.store, deploy, kind, version)  # type: ignore[arg-type]
        if head > version:
            versions.mark_failed(house.store, deploy, kind, head)  # type: ignore[arg-type]


async def sweep(house: House) -> None:
    """End builds, release commands and processes of apps that nobody knows any more."""
    for name in await house.engine.observe():
        instance = parse_instance(name)
        known = apps.find_deploy(house.store, instance.app, instance.deploy)
        if not known or instance.type in {"build", "release"}:
            with contextlib.suppress(TwelveError):
                await house.engine.stop(name, grace=5, signal="SIGTERM")


async def follow_runs(house: House, deploys: dict[int, Deploy]) -> None:
    """Record the ends of runs that outlived control; those that vanished ended unseen."""
    seen = await house.engine.observe()
    for deploy_id, run in runs.open_runs(house.store):
        deploy = deploys[deploy_id]
        name = f"{deploy.label}/run.{run.id}@v{run.number}"
        if name in seen:
            house.under_way.go_on(record_end(house, run.id, name))
        else:
            runs.end(house.store, run.id, None, None, house.now())
