"""Start: new processes, all at once, each waited for until it is up."""

import asyncio
from collections.abc import Iterable

from twelve.engines.contract import EARLY, Process, Up
from twelve.errors import Conflict, ReleaseFailed
from twelve.factors.ports.health import Pulse
from twelve.factors.releases.journal import Point, Step
from twelve.operations.attempt import Attempt
from twelve.operations.settle import stop_all, until_gone
from twelve.operations.wanted import another_port
from twelve.reconciler import ADOPTED


async def start_all(mine: Attempt, processes: Iterable[Process]) -> None:
    """Start them together; the first failure ends the rest and is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for process in processes:
                group.create_task(start(mine, process))
    except ExceptionGroup as failures:
        # Not `except*`: what that raises is put into a group again.
        raise failures.exceptions[0] from None


async def start(mine: Attempt, process: Process) -> None:
    """Start one and say what there is to say about it. Raises ReleaseFailed."""
    house = mine.house
    await until_gone(house, process.name)
    seen = (await house.engine.observe()).get(process.name)
    # One that was adopted was up before, whatever befell it since it was first started.
    adopted = seen is not None and seen.state == ADOPTED
    if seen is None and process.port and not house.port_is_free(process.port):
        # Whoever holds it might even answer in the process's place.
        process = another_port(house, process)
    try:
        up = await house.engine.start(process, wait=not adopted)
    except ReleaseFailed as failed:
        process, up = await start_elsewhere(mine, process, failed)
    except Conflict:
        if seen is None or seen.state != EARLY:
            # It was adopted, and would be started from other words today: it runs on as it is.
            up = Up(process.name, 0.0)
        else:
            # It was begun from what was known before this attempt, and that is not true any more.
            await end_former(mine, process.name)
            up = await house.engine.start(process)
    if (seen := (await house.engine.observe()).get(process.name)) and not adopted:
        # It has answered, so from now on its silence means something.
        house.health.pulses[process.name] = Pulse(born=seen.started_ns)
    mine.reach(Point.PROCESS_UP)
    label = process.instance.process
    where = f" on port {process.port}" if process.port else ""
    mine.tell(Step.START, f"{label} is up{where}", process=process.name, seconds=up.seconds)
    for warning in up.warnings:
        mine.tell("warning", f"{label}: {warning}", process=process.name)


async def end_former(mine: Attempt, name: str) -> None:
    """End a process that is started anew under its name: how it ended tells nothing of the next."""
    await stop_all(mine.house, [name])
    await mine.house.engine.ended(name)


async def start_elsewhere(
    mine: Attempt, process: Process, failed: ReleaseFailed
) -> tuple[Process, Up]:
    """Once more on another port, when a stranger took this one. Raises the failure otherwise."""
    house = mine.house
    await end_former(mine, process.name)
    if process.port is None or house.port_is_free(process.port):
        raise failed
    moved = another_port(house, process)
    mine.tell(Step.START, f"port {process.port} is in use by another program; trying {moved.port}")
    return moved, await house.engine.start(moved)
