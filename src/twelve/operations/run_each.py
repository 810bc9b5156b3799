"""Run each: one command in several deploys of an app, some at a time, each with its record."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from twelve.engines.contract import Tell
from twelve.errors import TwelveError
from twelve.factors.processes.instance import parse_instance
from twelve.operations.house import House, to_the_end
from twelve.operations.release_phase import last_lines
from twelve.operations.run_once import Started, run_once, stop_run
from twelve.store import apps, runs
from twelve.store.apps import Deploy

SAID = 5
"""Lines of a run that failed which the summary tells."""


class Came(NamedTuple):
    """What came of it in one deploy; ``why`` says what kept it from running to its own end."""

    deploy: str
    run: str | None
    code: int | None
    signal: str | None
    seconds: float
    why: str
    said: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """It ran to its end and said that all was well."""
        return self.code == 0 and not self.why

    def to_plain(self) -> dict[str, Any]:
        """As JSON-ready data."""
        return {**self._asdict(), "said": list(self.said), "ok": self.ok}


async def run_each(
    house: House,
    deploys: Sequence[Deploy],
    words: Sequence[str],
    *,
    at_once: int,
    seconds: float | None,
    who: str,
    tell: Tell,
) -> list[Came]:
    """Run it everywhere, ``at_once`` at a time; one that fails stops no other.

    What takes longer than ``seconds`` is stopped and has failed. When this is taken back, what
    runs is stopped and the rest is not begun.
    """
    room = asyncio.Semaphore(at_once)

    async def one(deploy: Deploy) -> Came:
        async with room:
            came = await run_in(house, deploy, words, seconds, who)
        tell("run", f"{deploy.label}: {told(came)}", seconds=came.seconds)
        return came

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(deploy)) for deploy in deploys]
    return [task.result() for task in tasks]


async def run_in(
    house: House, deploy: Deploy, words: Sequence[str], seconds: float | None, who: str
) -> Came:
    """In one deploy; what kept it from starting is told as well."""
    began = time.monotonic()
    try:
        deploy = apps.get_deploy(house.store, deploy.app, deploy.name)
        started = await run_once(house, deploy, words, who=who, detached=True)
    except TwelveError as error:
        return Came(deploy.name, None, None, None, 0.0, error.message, ())
    why = ""
    try:
        async with asyncio.timeout(seconds):
            await asyncio.shield(started.end)
    except TimeoutError:
        why = f"stopped after {seconds:g} s"
        await stop_run(house, deploy, started.run.id)
    except asyncio.CancelledError:
        await to_the_end(stop_run(house, deploy, started.run.id))
        raise
    return await outcome(house, deploy, started, why, time.monotonic() - began)


async def outcome(house: House, deploy: Deploy, started: Started, why: str, seconds: float) -> Came:
    """As the ledger has it, with the last words of what failed."""
    run = runs.get(house.store, deploy, started.run.id)
    came = Came(deploy.name, run.id, run.code, run.signal, round(seconds, 3), why, ())
    if came.ok:
        return came
    said = await last_lines(house, parse_instance(started.name))
    return came._replace(said=tuple(said[-SAID:]))


def told(came: Came) -> str:
    """The outcome in a few words."""
    ended = came.signal or ("" if came.code is None else f"exit {came.code}")
    return ", ".join(filter(None, (ended, came.why))) or "unknown"
