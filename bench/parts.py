"""A supervisor and a collector with processes in the best box of this machine, for the benches."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from twelve.engines.local.machine import Machine
from twelve.engines.local.parts import collector_launch, home_folders
from twelve.engines.local.sandbox.limits import PIDS
from twelve.engines.local.sandbox.tiers import detect
from twelve.engines.local.supervisor_client import ensure_supervisor
from twelve.errors import TwelveError
from twelve.factors.processes.instance import Instance

FIRST_UID = 61_000
"""As root each process has a uid of its own from here on."""


class Stage:
    """Processes started as a deploy's are; ``events`` has what the supervisor told, with when."""

    def __init__(self, base: Path, tier: str = "") -> None:
        self.root = os.geteuid() == 0
        environ = {**os.environ, "TWELVE_TIER": tier}
        self.machine = Machine(base / "h", base / "r", detect(environ), 1 << 26, 86400.0, {})
        self.events: list[Mapping] = []
        self.news = asyncio.Event()

    async def begin(self) -> None:
        """Supervisor and collector run."""
        home_folders(self.machine.home, shared=self.root)
        self.machine.run.mkdir(mode=0o711)
        self.client = await ensure_supervisor(self.machine.run, self.machine.home)
        hello = await self.client.hello()
        self.task = asyncio.create_task(self.listen(hello["since"]))
        await self.client.start(collector_launch(self.machine))
        await self.event("started", "twelve/collector@-")

    async def listen(self, since: int) -> None:
        with contextlib.suppress(TwelveError):
            async for event in self.client.events(since):
                self.events.append({**event, "seen_ns": time.time_ns()})
                news, self.news = self.news, asyncio.Event()
                news.set()

    async def event(self, kind: str, name: str, **fields) -> Mapping:
        """The event, now or when it comes."""
        wanted = {"event": kind, "name": name, **fields}
        async with asyncio.timeout(30):
            while True:
                for event in self.events:
                    if all(event.get(key) == value for key, value in wanted.items()):
                        return event
                await self.news.wait()

    async def start(self, slot: int, *argv: str, kind: str = "worker", grace: float = 5.0) -> str:
        """A process as a deploy's: boxed, limited, logged, kept running."""
        instance = Instance("bench", "production", kind, slot, 1)
        uid = FIRST_UID + slot if self.root else None
        launch = {
            "name": instance.name,
            "argv": list(argv),
            "env": {"PATH": "/usr/local/bin:/usr/bin:/bin"},
            "cwd": "/",
            "stdin": "null",
            "logs": self.machine.logs(instance),
            "restart": {"mode": "always"},
            "grace": grace,
            "stop_signal": "SIGTERM",
            "notify": False,
            "box": self.machine.box(uid, user="bench", read=(sys.prefix,), limits={"pids": PIDS}),
        }
        await self.client.start(launch)
        await self.event("started", instance.name)
        return instance.name

    async def end(self) -> None:
        """Nothing is left."""
        for one in await self.client.list():
            with contextlib.suppress(TwelveError):
                await self.client.stop(one["name"], 0.0)
        while any(one["state"] != "exited" for one in await self.client.list()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await self.client.shutdown()
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@contextlib.asynccontextmanager
async def stage(tier: str = ""):
    """A stage in a folder of its own."""
    base = Path(tempfile.mkdtemp(prefix="twb-"))
    os.chmod(base, 0o711)
    made = Stage(base, tier)
    try:
        await made.begin()
        yield made
    finally:
        with contextlib.suppress(ProcessLookupError, AttributeError):
            await made.end()
        shutil.rmtree(base, ignore_errors=True)


def kill(pid: int) -> int:
    """Kill it; when, in nanoseconds since the epoch."""
    at = time.time_ns()
    os.kill(pid, signal.SIGKILL)
    return at
