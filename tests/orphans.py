"""Orphans: processes that carry the mark of a home and that nobody answers for."""

import asyncio
import os
import time

from demo.guard import below
from demo.home import LEFT, Home
from demo.leftovers import Watch, command, parent, processes

from twelve.engines.local.supervisor_client import Supervisor
from twelve.errors import TwelveError

PATIENCE = 10.0
"""Seconds for what was told to end to be reaped."""


def orphans(home: Home) -> list[str]:
    """A line for each: neither the supervisor nor of an instance of its list, nor ours.

    After ``end`` a home has neither supervisor nor instances, so whatever was left then is one.
    """
    if home.folder in LEFT:
        return LEFT[home.folder]
    deadline = time.monotonic() + PATIENCE
    while (found := orphans_now(home)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def orphans_now(home: Home) -> list[str]:
    """At this moment."""
    watch = Watch([home.folder, home.run], home.folder, but=())
    every = set(processes())
    marked = {seen for seen in every if watch.carries(seen.pid)}
    supervisor, others = asyncio.run(answered_for(home))
    # Whoever lost his parent became a child of the supervisor: that answers for nobody.
    known = {supervisor}.union(*(below(pid, every) for pid in (os.getpid(), *others)))
    return [f"{seen.pid}: {command(seen.pid)}" for seen in sorted(marked) if seen.pid not in known]


async def answered_for(home: Home) -> tuple[int, list[int]]:
    """The supervisor, if there is one, and its zygote with the inits of what it lists."""
    try:
        async with await Supervisor.connect(home.run) as supervisor:
            hello, rows = await supervisor.hello(), await supervisor.list()
    except TwelveError:
        return 0, []
    inits = [row["pid"] for row in rows if row["pid"]]
    return hello["pid"], [*inits, *zygotes(hello["pid"], inits)]


def zygotes(supervisor: int, inits: list[int]) -> list[int]:
    """The supervisor's children that are copies of itself, as its inits are: there is one more."""
    return [
        seen.pid
        for seen in processes()
        if parent(seen.pid) == supervisor
        and seen.pid not in inits
        and command(seen.pid) == command(supervisor)
    ][:1]
