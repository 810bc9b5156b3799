"""Settling: make what runs what the ledger says, after a failure, a death or a reboot."""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping

from twelve.engines.contract import Process, Seen
from twelve.errors import Conflict
from twelve.factors.processes.instance import RUN_ONCE, parse_instance
from twelve.factors.processes.types import ProcessType
from twelve.operations.house import House
from twelve.operations.wanted import (
    another_port,
    build_of,
    instances_of,
    manifest_of,
    processes_of,
    route_table,
)
from twelve.reconciler import plan
from twelve.store import apps, leases, releases
from twelve.store.apps import Deploy

log = logging.getLogger("twelve.operations")


async def settle(house: House, deploy: Deploy) -> None:
    """Start what is missing of the current release, route to it, stop what is too much.

    The caller holds the deploy. What leaves already is left to go. Raises what an engine may
    raise; a process that cannot be started stops no other from being so, and is raised last.
    """
    deploy = apps.get_deploy(house.store, deploy.app, deploy.name)
    release = (
        None if deploy.id in house.under_way.resting else releases.current(house.store, deploy)
    )
    wanted = processes_of(house, deploy, release) if release else {}
    house.leaving.rescue(wanted)
    seen = await observed(house)
    todo = plan(wanted, seen, staying(house, deploy, seen))
    faults = await keep_up(house, todo.starts, seen)
    await house.engine.switch(route_table(house))
    await stop_all(house, todo.stops)
    for name in processes_among(tuple(house.leaving.stopping), deploy):
        await until_gone(house, name)
    faults += await keep_up(house, todo.late, seen)
    await give_back_ports(house, deploy, wanted)
    if faults:
        raise faults[0]


async def observed(house: House) -> dict[str, Seen]:
    """What there is, without what has been told to stop: that is as good as gone."""
    seen = await house.engine.observe()
    return {name: each for name, each in seen.items() if name not in house.leaving.stopping}


def processes_among(seen: Iterable[str], deploy: Deploy) -> list[str]:
    """The deploy's processes among those seen, without its one-offs."""
    found = []
    for name in seen:
        instance = parse_instance(name)
        own = (instance.app, instance.deploy) == (deploy.app, deploy.name)
        if own and instance.type not in RUN_ONCE:
            found.append(name)
    return found


def staying(house: House, deploy: Deploy, seen: Iterable[str]) -> list[str]:
    """The same without those that leave already."""
    return [n for n in processes_among(seen, deploy) if n not in house.leaving.processes]


async def unwanted(house: House, deploy: Deploy) -> list[str]:
    """The deploy's processes that its current release does not name."""
    deploy = apps.get_deploy(house.store, deploy.app, deploy.name)
    release = releases.current(house.store, deploy)
    wanted = {i.name for i in instances_of(deploy, release)} if release else set()
    return [n for n in staying(house, deploy, await observed(house)) if n not in wanted]


async def keep_up(
    house: House, processes: Iterable[Process], seen: Mapping[str, Seen]
) -> list[Exception]:
    """Start them and let their policy keep them running; what could not even be started."""

    async def start(process: Process) -> None:
        await until_gone(house, process.name)
        if process.name not in seen and process.port and not house.port_is_free(process.port):
            # Somebody took it while we were away: the process would only die of it.
            process = another_port(house, process)
        try:
            await house.engine.start(process, wait=False)
        except Conflict:
            # It was adopted, and would be started from other words today: it runs on as it is.
            log.warning("%s runs on as it was started", process.name)

    ends = await asyncio.gather(*(start(each) for each in processes), return_exceptions=True)
    return [end for end in ends if isinstance(end, Exception)]


async def until_gone(house: House, name: str) -> None:
    """Wait for a former life of the same name that has been told to stop."""
    if going := house.leaving.stopping.get(name):
        await going.wait()


async def stop_all(house: House, names: Collection[str]) -> None:
    """Stop processes, each at its own grace, all at once; those that are gone are gone.

    Raises the first failure when all have been tried.
    """
    contracts = stop_contracts(house, names)

    async def stop(name: str) -> None:
        grace, signal = contracts[name]
        gone = house.leaving.stopping.setdefault(name, asyncio.Event())
        try:
            await house.engine.stop(name, grace=grace, signal=signal)
        finally:
            gone.set()
            house.leaving.stopping.pop(name, None)

    ends = await asyncio.gather(*(stop(name) for name in names), return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException):
            raise end


def stop_contracts(house: House, names: Iterable[str]) -> dict[str, tuple[float, str]]:
    """The grace in seconds and the signal that each process's own release promised it."""
    types: dict[tuple[str, str, int | None], Mapping[str, ProcessType]] = {}
    found = {}
    for name in names:
        instance = parse_instance(name)
        key = instance.app, instance.deploy, instance.release
        if key not in types:
            types[key] = types_of(house, *key)
        kind = types[key].get(instance.type)
        found[name] = (kind.grace, kind.stop_signal) if kind else (30.0, "SIGTERM")
    return found


def types_of(house: House, app: str, name: str, number: int | None) -> Mapping[str, ProcessType]:
    """The process types of a release; none of one that is forgotten."""
    deploy = apps.find_deploy(house.store, app, name)
    release = releases.find(house.store, deploy, number) if deploy else None
    if not (deploy and release):
        return {}
    return manifest_of(build_of(house, deploy, release)).processes


async def give_back_ports(house: House, deploy: Deploy, wanted: Collection[str]) -> None:
    """Ports of the deploy's processes that neither run nor should."""
    seen = await house.engine.observe()
    for name in leases.ports(house.store):
        instance = parse_instance(name)
        own = (instance.app, instance.deploy) == (deploy.app, deploy.name)
        if own and name not in wanted and name not in seen:
            leases.release_port(house.store, name)
