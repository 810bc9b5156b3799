"""Rolling out: start the new beside the old, switch, then drain and stop the old."""

import asyncio
from collections.abc import Collection, Iterable

from twelve.engines.contract import Process
from twelve.factors.ports.routes import Backend
from twelve.factors.releases.journal import Step
from twelve.factors.releases.release import Release
from twelve.operations.attempt import Attempt
from twelve.operations.settle import names_of, settle, stop_all
from twelve.operations.wanted import (
    backends_of,
    build_of,
    manifest_of,
    processes_of,
    route_table,
)
from twelve.reconciler import plan
from twelve.store import apps, journal, leases, releases


async def roll_out(mine: Attempt, release: Release) -> None:
    """Make a release the one that runs. On any failure the old one runs on, alone."""
    house, deploy = mine.house, mine.refresh()
    before = releases.current(house.store, deploy)
    old = backends_of(house, deploy, before) if before else {}
    wanted = processes_of(house, deploy, release)
    seen = await house.engine.observe()
    todo = plan(wanted, seen, names_of(deploy, seen))
    try:
        mine.enter(Step.START)
        await start_all(mine, todo.starts)
        mine.enter(Step.SWITCH)
        mine.tell(Step.SWITCH, "sending requests to the new processes")
        house.draining.update({own.cluster: own for own in old.values() if own.ports})
        await house.engine.switch(route_table(house, {deploy.id: release}))
        mine.enter(Step.SUCCEED)
        await succeed(mine, todo.late, todo.stops)
    except BaseException:
        for own in old.values():
            house.draining.pop(own.cluster, None)
        await asyncio.shield(settle(house, deploy))
        raise
    with house.store.writing():
        apps.set_current(house.store, deploy, release.number)
        mine.enter(Step.DRAIN)
        if before:
            releases.record(house.store, deploy, before.number, "superseded", house.now())
        detail = {"seconds": mine.seconds, "tier": house.tier}
        releases.record(house.store, deploy, release.number, "released", house.now(), **detail)
    await house.engine.note(deploy.app, deploy.name, f"{release.tag} serves: {release.reason}")
    now = {own.cluster for own in backends_of(house, deploy, release).values()}
    leaving = [own for own in old.values() if own.ports and own.cluster not in now]
    house.draining.update({own.cluster: own for own in leaving})
    for own in old.values():
        if own.cluster in now:
            house.draining.pop(own.cluster, None)
    house.under_way.go_on(retire(mine, release, leaving, todo.stops))


async def start_all(mine: Attempt, processes: Iterable[Process]) -> None:
    """Start them together; the first failure ends the rest and is raised."""

    async def start(process: Process) -> None:
        up = await mine.house.engine.start(process)
        label = process.instance.process
        where = f" on port {process.port}" if process.port else ""
        mine.tell(Step.START, f"{label} is up{where}", process=process.name, seconds=up.seconds)
        for warning in up.warnings:
            mine.tell("warning", f"{label}: {warning}", process=process.name)
            warn(mine, process, warning)

    try:
        async with asyncio.TaskGroup() as group:
            for process in processes:
                group.create_task(start(process))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


def warn(mine: Attempt, process: Process, warning: str) -> None:
    """Keep a warning on the release."""
    if mine.release:
        detail = {"process": process.name, "text": warning}
        store, number = mine.house.store, mine.release.number
        releases.record(store, mine.deploy, number, "warning", mine.house.now(), **detail)


async def succeed(mine: Attempt, late: Collection[Process], stops: Iterable[str]) -> None:
    """The types that must not overlap: stop the old, wait for the group, start the new."""
    if late:
        types = {process.instance.type for process in late}
        await stop_all(mine.house, [name for name in stops if kind_of(name) in types])
        await start_all(mine, late)


def kind_of(name: str) -> str:
    """The process type in a process's name."""
    return name.rsplit("/", 1)[-1].split(".", 1)[0]


async def retire(
    mine: Attempt, release: Release, leaving: list[Backend], stops: Collection[str]
) -> None:
    """Drain what no route names any more, then stop it; the attempt ends here."""
    house, deploy = mine.house, mine.deploy
    types = manifest_of(build_of(house, deploy, release)).processes
    waited = max((kind.drain for kind in types.values()), default=60.0)
    routed = {kind_of(own.cluster.split("@", 1)[0]) for own in leaving}
    rest = [name for name in stops if kind_of(name) not in routed]
    active, _ = await asyncio.gather(
        asyncio.gather(*(house.engine.drain(own.cluster, waited) for own in leaving)),
        stop_all(house, rest),
    )
    await stop_all(house, stops)
    for own in leaving:
        house.draining.pop(own.cluster, None)
    await house.engine.switch(route_table(house))
    mine.enter(Step.DONE)
    detail = {"cut": sum(active), "seconds": mine.seconds}
    releases.record(house.store, deploy, release.number, "drained", house.now(), **detail)
    journal.end(house.store, mine.entry, "done", house.now())
    for name in stops:
        leases.release_port(house.store, name)
