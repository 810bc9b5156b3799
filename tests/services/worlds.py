"""What the tests of servers need: a place, and a box without the supervisor."""

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from twelve.services.contract import Account, Command, Done, Place, Server, wait_ready

UID = 61999  # has no passwd entry
LIBC = ctypes.CDLL(None, use_errno=True)
NEWNS, BIND, PRIVATE = 0x20000, 0x1000, 0x40000 | 0x4000


def account() -> Account:
    """As root a uid of its own in a box, else ourselves."""
    return Account(UID, UID, "twelve-postgres", "strict") if os.getuid() == 0 else Account()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def some_place(name: str = "services") -> Iterator[Place]:
    """A place below /tmp whose parents any uid can pass, unlike pytest's own folders."""
    with tempfile.TemporaryDirectory(prefix="tw-", dir="/tmp") as folder:
        os.chmod(folder, 0o711)
        yield Place(f"{folder}/{name}", f"{folder}/s", free_port(), account())


def enter(box: dict) -> Callable[[], None]:
    """What a child does before exec: the tier strict in miniature, a passwd entry and the uid."""

    def confine() -> None:
        if box["uid"] is None:
            return
        if box["tier"] == "strict":
            LIBC.unshare(NEWNS)
            LIBC.mount(b"none", b"/", None, PRIVATE, None)
            with tempfile.NamedTemporaryFile("w") as entry:
                entry.write(f"{box['user']}:x:{box['uid']}:{box['gid']}::/:/bin/false\n")
                entry.flush()
                os.chmod(entry.name, 0o644)
                LIBC.mount(entry.name.encode(), b"/etc/passwd", None, BIND, None)
        os.setgroups([])
        os.setresgid(*[box["gid"]] * 3)
        os.setresuid(*[box["uid"]] * 3)

    return confine


async def run(command: Command) -> Done:
    ended = await asyncio.to_thread(
        subprocess.run,
        command.argv,
        env=command.env,
        cwd=command.cwd,
        input=command.stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=enter(command.box),
    )
    return Done(ended.returncode, ended.stdout.decode())


def spawn(launch: dict, log: Path) -> subprocess.Popen:
    with log.open("ab") as output:
        return subprocess.Popen(
            launch["argv"],
            env=launch["env"],
            cwd=launch["cwd"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=enter(launch["box"]),  # noqa: PLW1509 -- ctypes calls alone
        )


class Running(NamedTuple):
    """A server in its place, and all that it has said."""

    server: Server
    place: Place
    log: Path
    processes: list[subprocess.Popen]

    async def start(self) -> None:
        self.processes.append(spawn(self.server.launch(self.place), self.log))
        await wait_ready(self.server, self.place, 30)

    async def stop(self) -> int:
        process = self.processes[-1]
        process.send_signal(signal.Signals[self.server.launch(self.place)["stop_signal"]])
        return await asyncio.to_thread(process.wait, 30)

    async def kill(self) -> None:
        """SIGKILL, and wait until its children have noticed."""
        self.processes[-1].kill()
        await asyncio.to_thread(self.processes[-1].wait, 30)
        async with asyncio.timeout(10):
            while processes_of(self.place):  # noqa: ASYNC110 -- nobody tells of grandchildren
                await asyncio.sleep(0.02)


def processes_of(place: Place) -> list[int]:
    """Pids whose working folder is the server's data."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{pid}/cwd") == place.data:
                found.append(int(pid))
    return found


@contextlib.asynccontextmanager
async def running(server: Server, place: Place | None = None) -> AsyncIterator[Running]:
    with contextlib.ExitStack() as stack:
        where = place or stack.enter_context(some_place())
        await server.prepare(where, run)
        here = Running(server, where, Path(where.folder).parent / "log", [])
        try:
            await here.start()
            yield here
        finally:
            for process in here.processes:
                if process.poll() is None:
                    process.send_signal(signal.SIGINT)
                    await asyncio.to_thread(process.wait, 30)
