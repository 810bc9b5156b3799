"""A home with a collector, and FIFOs as a supervisor makes them."""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

WRITER = """
import os, sys
first, last, width, chunk = map(int, sys.argv[1:5])
fd = os.open(sys.argv[5], os.O_RDWR)
data = b"".join(b"%010d " % n + b"x" * (width - 12) + b"\\n" for n in range(first, last))
for at in range(0, len(data), chunk):
    os.write(fd, data[at : at + chunk])
"""


class Fifos:
    """One instance's folder; ``hold`` is what a supervisor keeps open."""

    def __init__(self, world: "World", name: str, streams=("stdout", "stderr"), **logs):
        self.world = world
        app, deploy, process = name.split("/")
        self.path = world.run / "p" / sha256(name.encode()).hexdigest()[:16]
        self.path.mkdir(parents=True, exist_ok=True)
        self.dir = f"logs/{app}/{deploy}/{process}"
        told = {"dir": self.dir, "budget": 64 << 20, "age": 86400.0, "demux": False} | logs
        self.hold = {}
        for stream in streams:
            with suppress(FileExistsError):
                os.mkfifo(self.path / stream, 0o600)
            self.hold[stream] = os.open(self.path / stream, os.O_RDWR)
        text = json.dumps({"name": name, "logs": told, "streams": list(streams)})
        (self.path / "stream.json").write_text(text)

    def write(self, data: bytes, stream: str = "stdout") -> None:
        os.write(self.hold[stream], data)

    def unread(self, stream: str = "stdout") -> int:
        """Bytes in the pipe."""
        count = bytearray(4)
        fcntl.ioctl(self.hold[stream], termios.FIONREAD, count)
        return int.from_bytes(count, sys.byteorder)

    def open(self) -> None:
        assert self.world.ask(op="open", folder=str(self.path)) == {"opened": str(self.path)}

    def drain(self) -> None:
        assert self.world.ask(op="drain", folder=str(self.path)) == {"drained": str(self.path)}

    def let_go(self) -> None:
        for fd in self.hold.values():
            os.close(fd)
        self.hold = {}

    def remove(self) -> None:
        self.let_go()
        shutil.rmtree(self.path)

    def bytes_of(self, stream: str = "stdout") -> bytes:
        folder = self.world.home / self.dir / stream
        return b"".join(path.read_bytes() for path in sorted(folder.glob("*.log")))


class World:
    def __init__(self, base: Path):
        # Sockets have short names, so the run folder is not below a long one.
        self.run = Path(tempfile.mkdtemp(prefix="tw"))
        self.home = base / "home"
        self.home.mkdir(exist_ok=True)
        self.process: subprocess.Popen | None = None
        self.writers: list[subprocess.Popen] = []

    def start(self, **popen) -> None:
        words = ["-I", "-m", "twelve.engines.local.collector"]
        self.process = subprocess.Popen(
            [sys.executable, *words, "--run", str(self.run), "--home", str(self.home)], **popen
        )
        until(self.answers)

    def answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client, suppress(OSError):
            client.connect(str(self.run / "collector.sock"))
            return True
        return False

    def kill(self, number: int = signal.SIGKILL) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)

    def connect(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(20)
        client.connect(str(self.run / "collector.sock"))
        return client

    def ask(self, **request) -> dict:
        with self.connect() as client:
            client.sendall(json.dumps(request).encode() + b"\n")
            return json.loads(client.makefile().readline())

    def fifos(self, name="shop/production/web.1@v7", streams=("stdout", "stderr"), **logs):
        return Fifos(self, name, streams, **logs)

    def pss(self) -> int:
        """In kB."""
        lines = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))

    def write_lines(self, fifos: Fifos, first, last, width=100, chunk=4096, stream="stdout"):
        numbers = [str(n) for n in (first, last, width, chunk)]
        words = [sys.executable, "-I", "-c", WRITER, *numbers, str(fifos.path / stream)]
        writer = subprocess.Popen(words)
        self.writers.append(writer)
        return writer

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        for process in (self.process, *self.writers):
            if process and process.poll() is None:
                process.kill()
                process.wait(20)
        shutil.rmtree(self.run, ignore_errors=True)


def until(fact: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.005)


def numbers(data: bytes) -> list[int]:
    return [int(line[:10]) for line in data.splitlines()]
