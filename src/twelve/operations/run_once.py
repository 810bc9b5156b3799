"""Run once: an admin process in the current release, recorded: who, when, what, how it ended."""

import asyncio
import secrets
from collections.abc import Sequence
from typing import NamedTuple

from twelve.engines.contract import Exit, OneOff
from twelve.factors.processes.instance import Instance
from twelve.operations.addresses import hosts_of_others
from twelve.operations.house import House
from twelve.operations.restart import running
from twelve.operations.wanted import build_of, variables_of
from twelve.store import runs
from twelve.store.apps import Deploy
from twelve.store.runs import Run

PAUSE = 0.02
"""Seconds between two looks at the ledger for the end of a run that was stopped."""


GRACE = 10.0
"""Seconds between SIGTERM and SIGKILL for a run that is stopped."""


class Started(NamedTuple):
    """A run that is under way."""

    run: Run
    name: str
    """Of its process."""
    stdin: int | None
    """The descriptor of its standard input or terminal."""
    end: asyncio.Task[Exit]


class Terminal(NamedTuple):
    """The caller's terminal."""

    rows: int
    columns: int
    name: str


async def run_once(
    house: House,
    deploy: Deploy,
    words: Sequence[str],
    *,
    who: str,
    detached: bool = False,
    terminal: Terminal | None = None,
) -> Started:
    """Start it in the same release, with the same environment as the processes.

    Raises Refused when there is no release. Its end is recorded whoever is listening.
    """
    release = running(house, deploy)
    run_id = secrets.token_hex(4)
    instance = Instance(deploy.app, deploy.name, "run", run_id, release.number)
    stdin = "null" if detached else "pty" if terminal else "pipe"
    one_off = OneOff(
        instance,
        tuple(words),
        variables_of(house, deploy, release),
        build_of(house, deploy, release).artifact,
        house.uid_of(f"deploy {deploy.label}"),
        stdin,
        *(terminal or Terminal(24, 80, "")),
        others=hosts_of_others(house, deploy, release.attachments),
    )
    run = Run(
        run_id, release.number, "run", one_off.words, who, detached, house.now(), None, None, None
    )
    descriptor = await begin(house, deploy, run, one_off)
    end = house.under_way.go_on(record_end(house, run_id, one_off.name))
    return Started(run, one_off.name, descriptor, end)


async def begin(house: House, deploy: Deploy, run: Run, one_off: OneOff) -> int | None:
    """Record a run, then start it; the descriptor of its input. One that never began has ended."""
    runs.begin(house.store, deploy, run)
    try:
        return await house.engine.run(one_off)
    except BaseException:
        runs.end(house.store, run.id, None, None, house.now())
        raise


async def record_end(house: House, run_id: str, name: str) -> Exit:
    """Write down how a run ended, when it has."""
    end = await house.engine.ended(name)
    runs.end(house.store, run_id, end.code, end.signal, house.now())
    return end


async def stop_run(house: House, deploy: Deploy, run_id: str) -> None:
    """End a run: SIGTERM, and SIGKILL after ten seconds. Raises NotFound.

    Returns when its end is recorded.
    """
    run = runs.get(house.store, deploy, run_id)
    if run.ended_ns is None:
        await house.engine.stop(name_of(deploy, run), grace=GRACE, signal="SIGTERM")
    while run.ended_ns is None:
        await asyncio.sleep(PAUSE)
        run = runs.get(house.store, deploy, run_id)


def name_of(deploy: Deploy, run: Run) -> str:
    """Of its process: ``shop/production/run.k3x9@v7``."""
    return Instance(deploy.app, deploy.name, run.kind, run.id, run.number).name
