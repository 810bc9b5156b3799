"""Run once: an admin process in the current release, recorded: who, when, what, how it ended."""

import asyncio
import secrets
from collections.abc import Sequence
from typing import NamedTuple

from twelve.engines.contract import Exit, OneOff
from twelve.factors.processes.command import check_words
from twelve.factors.processes.instance import ONE_OFF, RELEASE_PHASE, Instance
from twelve.factors.releases.release import Release
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


NO_TERMINAL = Terminal(24, 80, "")


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
    check_words(words)
    release = running(house, deploy)
    run_id, now = secrets.token_hex(4), house.now()
    run = Run(run_id, release.number, "run", tuple(words), who, detached, now, None, None, None)
    stdin = "null" if detached else "pty" if terminal else "pipe"
    one_off = one_off_of(house, deploy, release, run, stdin, terminal or NO_TERMINAL)
    descriptor = await begin(house, deploy, run, one_off)
    end = house.under_way.go_on(record_end(house, run_id, one_off.name))
    return Started(run, one_off.name, descriptor, end)


def one_off_of(
    house: House,
    deploy: Deploy,
    release: Release,
    run: Run,
    stdin: str,
    terminal: Terminal = NO_TERMINAL,
) -> OneOff:
    """The process of a run: in the release, with the environment of its processes."""
    return OneOff(
        instance_of(deploy, run),
        run.command,
        variables_of(house, deploy, release),
        build_of(house, deploy, release).artifact,
        house.uid_of(f"deploy {deploy.label}"),
        stdin,
        *terminal,
        others=hosts_of_others(house, deploy, release.attachments),
    )


async def begin(house: House, deploy: Deploy, run: Run, one_off: OneOff) -> int | None:
    """Record a run, then start it; the descriptor of its input. One that never began has ended."""
    with house.store.writing():
        runs.begin(house.store, deploy, run)
        runs.trim(house.store, deploy, house.settings.keep_runs)
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
    name = name_of(deploy, run)
    while run.ended_ns is None:
        # One that is only about to start is not there yet.
        if name in await house.engine.observe():
            await house.engine.stop(name, grace=GRACE, signal="SIGTERM")
        await asyncio.sleep(PAUSE)
        run = runs.get(house.store, deploy, run_id)


def name_of(deploy: Deploy, run: Run) -> str:
    """Of its process: ``shop/production/run.k3x9@v7``."""
    return instance_of(deploy, run).name


def instance_of(deploy: Deploy, run: Run) -> Instance:
    """A scheduled run is a run: ``schedule`` may be a process type of the app's own."""
    kind = RELEASE_PHASE if run.kind == RELEASE_PHASE else ONE_OFF
    return Instance(deploy.app, deploy.name, kind, run.id, run.number)
