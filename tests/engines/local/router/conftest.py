"""A real Envoy, real backends, and a client that knows nothing of them."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from twelve.engines.local.router.envoy import Router
from twelve.engines.local.router.files import Place
from twelve.engines.local.router.launch import Options
from twelve.factors.ports.routes import Backend, Route, Table, cluster_name

BACKEND = Path(__file__).parent / "backend.py"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def facts(self) -> Any:
        return json.loads(self.body)


@dataclass
class Tally:
    """What an open-loop client saw."""

    sent: dict[str, int] = field(default_factory=lambda: {"GET": 0, "POST": 0})
    failed: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    worst: float = 0.0
    done: int = 0


class Client:
    """HTTP/1.1 by hand: it sends what it is told, and says what came back."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.pool: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def raw(self, data: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        try:
            async with asyncio.timeout(10):
                return await reader.read()
        finally:
            writer.close()

    async def ask(self, path: str = "/", method: str = "GET", **headers: str) -> Answer:
        lines = {"host": "shop.localhost"} | {k.replace("_", "-"): v for k, v in headers.items()}
        body = b"x" * 10 if method == "POST" else b""
        if body:
            lines["content-length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        question = f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body
        reader, writer = self._pooled() or await self._connect()
        async with asyncio.timeout(30):
            writer.write(question)
            answer = await read_answer(reader)
        if answer.headers.get("connection") == "close":
            writer.close()
        else:
            self.pool.append((reader, writer))
        return answer

    def _pooled(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        # As every client does: a connection that the other side has closed is not used again.
        while self.pool:
            reader, writer = self.pool.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return None

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def load(self, tally: Tally, rate: float, stop: asyncio.Event) -> None:
        """Requests at a steady rate, whether the former have been answered or not."""
        start, running, number = time.monotonic(), set(), 0
        while not stop.is_set():
            task = asyncio.create_task(self._one(tally, "POST" if number % 2 else "GET"))
            running.add(task)
            task.add_done_callback(running.discard)
            number += 1
            await asyncio.sleep(max(0.0, start + number / rate - time.monotonic()))
        await asyncio.gather(*running)

    async def _one(self, tally: Tally, method: str) -> None:
        began = time.monotonic()
        tally.sent[method] += 1
        try:
            answer = await self.ask("/load", method)
            tally.names.add(answer.headers.get("x-name", ""))
            if answer.status != 200:
                tally.failed.append(f"{method} {answer.status} {answer.body[:80]!r}")
        except Exception as error:  # noqa: BLE001 -- whatever it is, the client was failed
            tally.failed.append(f"{method} {error!r}")
        tally.done += 1
        tally.worst = max(tally.worst, time.monotonic() - began)

    def close(self) -> None:
        for _, writer in self.pool:
            writer.close()


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {}
    for line in head[1:-2]:
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readexactly(2)
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Answer(int(head[0].split()[1]), headers, body)


class App:
    """A backend process on a port of its own."""

    def __init__(self, name: str, port: int, *words: str) -> None:
        self.name, self.port = name, port
        argv = words or (sys.executable, "-m", "uvicorn", "backend:app", "--port", str(port))
        quiet = ("--log-level", "warning", "--no-server-header") if not words else ()
        self.process = subprocess.Popen(
            [*argv, *quiet], cwd=BACKEND.parent, env=os.environ | {"NAME": name}
        )

    def wait(self) -> "App":
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.02)
        raise AssertionError(f"{self.name} does not listen")

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.wait(20)


def free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


class Running:
    """A router with its Envoy, as the supervisor would keep it."""

    def __init__(
        self, folder: Path, *, uid: int | None = None, program: str = "", handover: int = 30
    ) -> None:
        self.folder = folder
        # Envoy's own socket has a long name, and a socket's whole path 107 bytes.
        run = Path(tempfile.mkdtemp(prefix="rt", dir="/tmp"))
        run.chmod(0o711)
        place = Place(folder / "home", run, uid, uid)
        self.router = Router(place, Options(port=free_port(), program=program, handover=handover))
        self.user: dict[str, Any] = {}
        if uid is not None:
            place.home.mkdir(mode=0o711)
            self.user = {"user": uid, "group": uid, "extra_groups": []}
        self.output = folder / "access.log"
        self.errors = folder / "envoy.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.processes: list[subprocess.Popen[bytes]] = []
        self.client = Client(self.router.options.port)

    def start(self, table: Table | None = None) -> "Running":
        self.spawn(self.router.launch(table))
        return self

    async def start_launch(self, launch: dict[str, Any]) -> None:
        """As a hand-over wants it: the one that runs goes on."""
        await asyncio.to_thread(self.spawn, launch)

    def spawn(self, launch: dict[str, Any]) -> None:
        with self.output.open("ab") as out, self.errors.open("ab") as err:
            if self.user:
                # Envoy opens /dev/stdout by name, so the file must be its own, as its FIFO is.
                os.chown(self.output, self.user["user"], self.user["group"])
            self.process = subprocess.Popen(
                launch["argv"],
                env=launch["env"],
                cwd=launch["cwd"],
                stdout=out,
                stderr=err,
                **self.user,
            )
            self.processes.append(self.process)

    def end(self, how: int = signal.SIGTERM) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(20)

    async def lines(self, wanted: int) -> list[str]:
        """The access log, once it has that many lines."""
        for _ in range(200):
            lines = self.output.read_text(errors="surrogateescape").splitlines()
            if len(lines) >= wanted:
                return lines
            await asyncio.sleep(0.02)
        raise AssertionError(f"{len(lines)} lines instead of {wanted}: {lines}")


def to(*apps: App, release: str = "v1", hosts: tuple[str, ...] = ("shop.localhost",)) -> Table:
    """A table in which shop/production leads to these processes."""
    ports = tuple(app.port for app in apps)
    cluster = cluster_name("shop", "production", "web", release, ports) if apps else None
    route = Route("shop", "production", hosts, cluster, 60.0)
    return Table((route,), (Backend(cluster, ports),) if cluster else ())


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("router")).start()
    yield running
    running.end()
    running.router.clean_up()
    shutil.rmtree(running.router.place.run, ignore_errors=True)


@pytest.fixture
async def router(running: Running) -> Router:
    await running.router.ready()
    return running.router


@pytest.fixture
async def client(running: Running) -> AsyncIterator[Client]:
    client = Client(running.router.options.port)
    yield client
    client.close()


@pytest.fixture
def table() -> Callable[..., Table]:
    return to


@pytest.fixture(scope="module")
def apps() -> Iterator[Callable[..., App]]:
    """Starts a backend: ``apps("v1")``; all of them end with the module."""
    made: list[App] = []

    def start(name: str, *words: str, port: int = 0) -> App:
        made.append(App(name, port or free_port(), *words))
        return made[-1].wait()

    yield start
    for app in made:
        app.stop(signal.SIGKILL)


@pytest.fixture(scope="module")
def first(apps: Callable[..., App]) -> App:
    return apps("first")


@pytest.fixture(scope="module")
def second(apps: Callable[..., App]) -> App:
    return apps("second")


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
async def fresh(tmp_path: Path) -> AsyncIterator[Running]:
    """A router of its own, for tests that kill it."""
    running = Running(tmp_path)
    yield running
    running.client.close()
    running.end()
    running.router.clean_up()
    shutil.rmtree(running.router.place.run, ignore_errors=True)


@pytest.fixture
def start_router() -> Iterator[Callable[..., Running]]:
    """Starts a router that is set up in another way: ``start_router(folder, uid=…)``."""
    made: list[Running] = []

    def start(folder: Path, **how: Any) -> Running:
        made.append(Running(folder, **how))
        return made[-1].start()

    yield start
    for running in made:
        for process in running.processes:
            process.kill()
            process.wait(20)
        running.router.clean_up()
        shutil.rmtree(running.router.place.run, ignore_errors=True)
