"""A world for the supervisor: its own home and run folder, real processes, nothing left behind."""

import asyncio
import contextlib
import hashlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twelve.engines.local.supervisor_client import Supervisor, ensure_supervisor
from twelve.errors import TwelveError

PATIENCE = 20.0


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def marked(mark: str) -> list[int]:
    """Living processes that carry the mark in their environment."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if mark.encode() in Path(f"/proc/{name}/environ").read_bytes() and alive(int(name)):
                found.append(int(name))
    return found


async def until(condition: Callable[[], Any], what: str = "it") -> Any:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := condition():
            return found
        await asyncio.sleep(0.005)
    raise AssertionError(f"waited {PATIENCE} s for {what}")


def minds(pid: int, number: int) -> bool:
    """Whether a process handles or ignores a signal by now."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if (
                line.startswith(("SigCgt:", "SigIgn:"))
                and int(line.split()[1], 16) >> number - 1 & 1
            ):
                return True
    return False


class World:
    def __init__(self, base: Path) -> None:
        self.run, self.home = base / "r", base / "h"
        self.mark = f"TWELVE_TEST_MARK={base.name}"
        self.seen: list[tuple[int, dict[str, Any]]] = []
        self.supervisors: set[int] = set()
        self.tasks: list[asyncio.Task[None]] = []
        self.client: Supervisor

    async def begin(self, since: int | None = None) -> dict[str, Any]:
        if hasattr(self, "client"):
            self.client.close()
        self.client = await ensure_supervisor(self.run, self.home)
        hello = await self.client.hello()
        self.supervisors.add(hello["pid"])
        known = {event["n"] for _, event in self.seen}
        start = hello["since"] if since is None else since
        self.tasks.append(asyncio.create_task(self._listen(self.client, start, known)))
        return hello

    async def _listen(self, client: Supervisor, since: int, known: set[int]) -> None:
        with contextlib.suppress(TwelveError):
            async for event in client.events(since):
                if event["n"] not in known:
                    self.seen.append((time.time_ns(), event))

    def launch(self, name: str, *argv: str, **more: Any) -> dict[str, Any]:
        key, _, value = self.mark.partition("=")
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin", key: value, **more.pop("env", {})}
        return {
            "name": f"shop/production/{name}@v1",
            "argv": list(argv),
            "env": env,
            "cwd": "/",
            "logs": {"dir": f"logs/shop/production/{name}@v1", "budget": 1 << 20, "age": 60},
            "restart": {"mode": "never"},
            "box": {"tier": "bare"},
            "grace": 5.0,
            **more,
        }

    async def start(self, name: str, *argv: str, **more: Any) -> str:
        launch = self.launch(name, *argv, **more)
        await self.client.start(launch)
        return str(launch["name"])

    async def event(self, kind: str, name: str, **fields: Any) -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            for _, event in reversed(self.seen):
                wanted = {"event": kind, "name": name, **fields}
                if all(event.get(key) == value for key, value in wanted.items()):
                    return event
            return None

        return await until(found, f"{kind} of {name} {fields} in {self.seen}")

    async def entry(self, name: str) -> dict[str, Any] | None:
        return next((one for one in await self.client.list() if one["name"] == name), None)

    async def kill_supervisor(self) -> None:
        pid = (await self.client.hello())["pid"]
        os.kill(pid, signal.SIGKILL)
        await until(lambda: not alive(pid), "the supervisor's death")
        self.client.close()

    def folder(self, name: str) -> Path:
        return self.run / "p" / hashlib.sha256(name.encode()).hexdigest()[:16]
