"""Settling: make what runs what the ledger says, after a failure, a death or a reboot."""

import asyncio
import contextlib
from collections.abc import Collection, Iterable, Mapping

from twelve.engines.contract import Process, Seen
from twelve.errors import TwelveError
from twelve.factors.processes.instance import parse_instance
from twelve.operations.house import House
from twelve.operations.wanted import build_of, manifest_of, processes_of, route_table
from twelve.reconciler import plan
from twelve.store import apps, leases, releases
from twelve.store.apps import Deploy

ONCE = frozenset({"run", "build", "release"})
"""Process names of one-offs: nobody wants them for good."""


def names_of(deploy: Deploy, seen: Mapping[str, Seen]) -> list[str]:
    """The deploy's processes among those seen, without its one-offs."""
    found = []
    for name in seen:
        instance = parse_instance(name)
        if (instance.app, instance.deploy) == (deploy.app, deploy.name):
            if instance.type not in ONCE:
                found.append(name)
    return found


async def settle(house: House, deploy: Deploy) -> None:
    """Start what is missing of the current release, route to it, stop what is too much."""
    deploy = apps.get_deploy(house.store, deploy.app, deploy.name)
    release = releases.current(house.store, deploy)
    wanted = processes_of(house, deploy, release) if release else {}
    seen = await house.engine.observe()
    todo = plan(wanted, seen, names_of(deploy, seen))
    await keep_up(house, todo.starts)
    await house.engine.switch(route_table(house))
    await stop_all(house, todo.stops)
    await keep_up(house, todo.late)
    for name in todo.stops:
        leases.release_port(house.store, name)


async def keep_up(house: House, processes: Iterable[Process]) -> None:
    """Start them and let their policy keep them running, whatever happens."""
    await asyncio.gather(*(house.engine.start(process, wait=False) for process in processes))


async def stop_all(house: House, names: Collection[str]) -> None:
    """Stop processes, each at its own grace, all at once; those that are gone are gone."""

    async def stop(name: str) -> None:
        grace, signal = stop_contract(house, name)
        with contextlib.suppress(TwelveError):
            await house.engine.stop(name, grace=grace, signal=signal)

    await asyncio.gather(*(stop(name) for name in names))


def stop_contract(house: House, name: str) -> tuple[float, str]:
    """The grace in seconds and the signal that the process's own release promised it."""
    instance = parse_instance(name)
    deploy = apps.find_deploy(house.store, instance.app, instance.deploy)
    release = releases.find(house.store, deploy, instance.release) if deploy else None
    if deploy and release:
        kind = manifest_of(build_of(house, deploy, release)).processes.get(instance.type)
        if kind:
            return kind.grace, kind.stop_signal
    return 30.0, "SIGTERM"
