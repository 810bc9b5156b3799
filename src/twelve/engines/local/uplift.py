"""Waiting until a process is up: any answer on its port, a word of its own, or staying alive."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable

from twelve.engines.contract import Process, Up
from twelve.engines.local.board import Board
from twelve.engines.local.listeners import family, listeners_of
from twelve.engines.local.probe import probe
from twelve.errors import ReleaseFailed
from twelve.factors.lifecycle.advice import advice
from twelve.factors.ports.readiness import Listener, exposures, silence, verdict

FIRST_PAUSE, LAST_PAUSE = 0.02, 0.25
PROBE_SECONDS = 5.0

Tail = Callable[[str], Awaitable[list[str]]]


async def until_up(board: Board, process: Process, pid: int, tail: Tail) -> Up:
    """Return when the process is up.

    Raises ReleaseFailed: exit, signal, or what it does instead.
    """
    began = time.monotonic()
    try:
        async with asyncio.timeout(process.type.ready + process.type.settle):
            watch = asyncio.create_task(death(board, process.name))
            up = asyncio.create_task(
                answers(board, process, pid) if process.port else lives(board, process)
            )
            try:
                await asyncio.wait({watch, up}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                watch.cancel()
                up.cancel()
            if up.done() and not up.cancelled() and up.exception() is None:
                heard = up.result()
                if not ended(board, process.name):
                    return Up(process.name, round(time.monotonic() - began, 3), exposures(heard))
    except TimeoutError:
        raise await too_late(process, pid, tail) from None
    raise await fell(board, process, tail)


async def death(board: Board, name: str) -> None:
    """Return when the process has ended, even if it is started again at once."""
    await board.until(lambda: ended(board, name))


def ended(board: Board, name: str) -> bool:
    """The process has ended since it was started for this attempt."""
    seen = board.seen.get(name)
    return seen is None or seen.last_exit is not None


async def answers(board: Board, process: Process, pid: int) -> tuple[Listener, ...]:
    """Ask on the port until the answer will do and is the process's own; where it listens."""
    assert process.port is not None
    pause, health = FIRST_PAUSE, process.type.health
    while True:
        reply = await probe(
            process.port, path=health or "/", host=process.host, within=PROBE_SECONDS
        )
        if verdict(reply, health).ready:
            heard = await asyncio.to_thread(heard_from, pid)
            if ended(board, process.name) or is_own(heard, process.port, pid):
                return heard
        await asyncio.sleep(pause)
        pause = min(pause * 1.3, LAST_PAUSE)


async def lives(board: Board, process: Process) -> tuple[Listener, ...]:
    """A process without a port: READY=1 from it, or ``settle`` seconds alive."""
    await board.until(lambda: process.name in board.ready, process.type.settle)
    return ()


def is_own(heard: Iterable[Listener], port: int, pid: int) -> bool:
    """Whether the port is the process's: a stranger may have taken it, and answers too.

    Where the kernel does not show whose a port is, it is taken on trust.
    """
    if any(listener.port == port for listener in heard):
        return True
    try:
        os.listdir(f"/proc/{pid}/fd")
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def heard_from(pid: int) -> tuple[Listener, ...]:
    """Where the process and all that it started listen."""
    return listeners_of(family(pid))


async def fell(board: Board, process: Process, tail: Tail) -> ReleaseFailed:
    """It ended before it was up."""
    seen = board.seen.get(process.name)
    last = seen.last_exit if seen else board.ends.get(process.name)
    what = str(last) if last else "ended"
    said = tuple(await tail(process.name))
    hint = "it must go on running in the foreground" if last and last.status == 0 else ""
    return ReleaseFailed(
        f"{process.instance.process} {what} before it was up: {process.type.command}",
        hint=hint or advice(said) or "mend it and deploy again; what ran before runs on",
        problems=said,
    )


async def too_late(process: Process, pid: int, tail: Tail) -> ReleaseFailed:
    """It runs, but did not get ready in its time."""
    assert process.port is not None
    health = process.type.health
    reply = await probe(process.port, path=health or "/", host=process.host, within=PROBE_SECONDS)
    heard = await asyncio.to_thread(heard_from, pid)
    said = silence(process.port, heard, verdict(reply, health).reason)
    return ReleaseFailed(
        f"{process.instance.process} was not ready within {process.type.ready:g} s: it {said}",
        hint="a web process answers on 127.0.0.1:$PORT; `ready` in twelve.toml gives it more time",
        problems=tuple(await tail(process.name)),
    )
