"""The parts of Twelve that run as processes of their own: found running, or started."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable, Collection, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twelve.engines.local.board import Board
from twelve.engines.local.build.layers import clean
from twelve.engines.local.collector_client import Collector
from twelve.engines.local.drains.part import drainer_launch, forget_progress, others
from twelve.engines.local.machine import Machine
from twelve.engines.local.renewing import (
    current_supervisor,
    differs,
    lives_of,
    renew_router,
    rows_of,
)
from twelve.engines.local.router.envoy import Router
from twelve.engines.local.router.launch import epoch_of, is_life
from twelve.engines.local.supervisor import making
from twelve.engines.local.supervisor_client import Supervisor, ensure_supervisor
from twelve.engines.local.watch import Watch
from twelve.errors import Conflict, NotFound, TwelveError, Unreachable
from twelve.factors.logs.drains.drain import Drain

COLLECTOR = "twelve/collector@-"
PAST_WITHIN = 2.0
"""Seconds for the supervisor to tell what it keeps."""

QUICKLY = {"mode": "always", "base": 0.1, "cap": 5.0, "stable": 2.0}
"""How a part comes back that all apps wait for: sooner than an app of its own making would."""
log = logging.getLogger("twelve.parts")


@dataclass
class Parts:
    """Supervisor, collector and router of one home, and what is known of their processes."""

    machine: Machine
    supervisor: Supervisor
    collector: Collector
    router: Router
    board: Board
    grew: Watch
    pythons: tuple[str, ...] = ()
    drains: tuple[Drain, ...] = ()
    reader: asyncio.Task[None] | None = None
    routing: asyncio.Task[None] | None = None
    """Over when the router answers, where nobody has waited for that before."""
    counting: asyncio.Task[None] | None = None
    lost: list[Callable[[], Coroutine[Any, Any, None]]] = field(default_factory=list)
    """Called after a new supervisor has taken the place of one that died, or events were lost."""
    calls: list[asyncio.Task[None]] = field(default_factory=list)
    forwarding: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def watch(self, since: int) -> None:
        """Feed the board for as long as control lives; a dead supervisor is replaced."""
        while True:
            try:
                async for event in self.supervisor.events(since):
                    since = event.get("n", since)
                    if event["event"] == "overrun":
                        self.board.reset(await self.supervisor.list())
                        self._tell()
                    else:
                        self.board.take(event)
            except Unreachable:
                log.warning("the supervisor is gone; starting another")
            since = await self._again()

    async def _again(self) -> int:
        while True:
            with contextlib.suppress(TwelveError):
                machine = self.machine
                self.supervisor = await ensure_supervisor(machine.run, machine.home)
                since = int((await self.supervisor.hello())["since"])
                self.board.reset(await self.supervisor.list())
                await self.start_all()
                self._tell()
                return since
            await asyncio.sleep(0.2)

    def _tell(self) -> None:
        # Beside this reader: what they stop is gone when an event has said so.
        self.calls = [asyncio.create_task(call()) for call in self.lost]

    async def past(self) -> list[dict[str, Any]]:
        """The events up to now that the supervisor keeps."""
        upto = int((await self.supervisor.hello())["since"])
        found: list[dict[str, Any]] = []
        # Where nothing has happened yet, nothing comes.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PAST_WITHIN):
                async for event in self.supervisor.events(0):
                    found.append(event)
                    if event.get("n", 0) >= upto:
                        break
        return found

    async def launch(self, launch: dict[str, Any]) -> int:
        """Start a process; the pid of its init. Who waits for it finds it on the board at once."""
        starting = asyncio.create_task(self._launch(launch))
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            # The supervisor has been told: whoever stops it must find it on the board.
            await asyncio.wait({starting})
            raise

    async def _launch(self, launch: dict[str, Any]) -> int:
        known = self.board.expect(launch["name"])
        try:
            pid = await self.supervisor.start(launch)
        except BaseException:
            if not known:
                self.board.seen.pop(launch["name"], None)
            raise
        self.board.take_over(launch["name"])
        return pid

    async def input(self, name: str) -> int | None:
        """Where the input of a process that was just started is written to.

        None when it has ended before we asked: nobody reads that any more.
        """
        with contextlib.suppress(NotFound, Conflict):
            return await self.supervisor.input(name)
        return None

    async def start_all(self) -> None:
        """Start collector, router and drainer where they do not run yet."""
        await self.renew_part(collector_launch(self.machine))
        await self.start_router()
        if self.drains:
            await self.renew_part(drainer_launch(self.machine, self.drains))

    async def start_router(self) -> None:
        """Start the router; the newest that runs is the one, and goes on also from other words."""
        rows = await rows_of(self.supervisor)
        lives = lives_of(rows)
        self.router.epoch = epoch_of(lives[-1]) if lives else 0
        if not differs(rows, self.router.words()):
            await self.start_part(self.router.launch())

    async def forward(self, drains: Collection[Drain]) -> None:
        """See to it that one drainer runs, which knows these drains; none where there are none."""
        async with self.forwarding:
            self.drains = tuple(drains)
            launch = drainer_launch(self.machine, self.drains)
            wanted = launch["name"] if drains else ""
            for name in others(self.board.seen, wanted):
                await self.stop_part(name)
            await asyncio.to_thread(forget_progress, self.machine.home, self.drains)
            if drains:
                await self.renew_part(launch)

    async def start_part(self, launch: dict[str, Any]) -> None:
        """Start a part, or take it over as it runs; one started from other words runs on."""
        with contextlib.suppress(Conflict):
            await self.launch(launch)

    async def renew_part(self, launch: dict[str, Any]) -> None:
        """Start a part, or take it over as it runs; one started from other words is replaced."""
        if differs(await rows_of(self.supervisor), launch):
            log.info("%s is replaced: it was of another version", launch["name"])
            await self.supervisor.replace(launch)
        else:
            await self.start_part(launch)

    async def renew(self, *, always: bool = False) -> None:
        """The router of another version is replaced; the other parts have been at the start."""
        try:
            await renew_router(self, always=always)
        except TwelveError as error:
            said = f"{error} {error.hint}"
            log.warning("%s goes on, the next one does not get ready: %s", self.router.name, said)

    def is_former(self, name: str) -> bool:
        """Whether it is a life of the router that another one has taken over from."""
        return is_life(name) and name != self.router.name

    async def stop_part(self, name: str, seconds: float = 10.0) -> None:
        """End a part and wait until it is gone."""
        with contextlib.suppress(TwelveError):
            await self.supervisor.stop(name, grace=seconds)
            await self.board.until(lambda: name not in self.board.seen, seconds + 5)


async def open_parts(
    opened: AsyncExitStack, machine: Machine, router: Router, pythons: tuple[str, ...]
) -> Parts:
    """Find or start the supervisor, the collector and the router, and begin to listen.

    Leaving ``opened`` ends the listening; what runs is not concerned.
    """
    supervisor = await current_supervisor(machine.run, machine.home)
    since = int((await supervisor.hello())["since"])
    board = Board()
    board.reset(await supervisor.list())
    collector = await opened.enter_async_context(Collector(str(machine.run)))
    grew = await opened.enter_async_context(Watch(collector))
    parts = Parts(machine, supervisor, collector, router, board, grew, pythons)
    opened.push_async_callback(close_parts, parts)
    await parts.start_all()
    parts.reader = asyncio.create_task(parts.watch(since))
    parts.counting = asyncio.create_task(router.keep_counting())
    return parts


async def close_parts(parts: Parts) -> None:
    """Stop listening; what runs is not concerned."""
    for task in (parts.routing, parts.reader, parts.counting):
        if task:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, TwelveError):
                await task
    parts.router.counters.save(now=True)
    parts.supervisor.close()


def collector_launch(machine: Machine) -> dict[str, Any]:
    """How the supervisor starts the collector."""
    return {
        "name": COLLECTOR,
        "argv": [
            sys.executable,
            "-I",
            "-m",
            "twelve.engines.local.collector",
            "--run",
            str(machine.run),
            "--home",
            str(machine.home),
        ],
        "env": {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        "cwd": "/",
        "stdin": "null",
        "logs": {
            "dir": "logs/twelve/platform/collector@-",
            "budget": machine.log_budget,
            "age": machine.log_age,
            "demux": False,
        },
        "restart": QUICKLY,
        "grace": 10.0,
        "stop_signal": "SIGTERM",
        "notify": False,
        "module": "twelve.engines.local.collector",
        "version": making.of_collector(),
        "box": {"tier": "bare", "uid": None, "gid": None, "read": [], "write": []},
    }


def clear_away(home: Path) -> None:
    """Remove what interrupted builds and uploads left: only before the first new one begins."""
    clean(home)
    for path in (home / "incoming").glob("*.tar"):
        path.unlink(missing_ok=True)


def home_folders(home: Path, *, shared: bool) -> None:
    """Make the folders of a home. Raises OSError."""
    home.mkdir(parents=True, exist_ok=True, mode=0o711 if shared else 0o700)
    for name in ("layers", "builds", "incoming", "cache", "logs", "services", "router"):
        (home / name).mkdir(exist_ok=True, mode=0o711 if shared else 0o700)
