"""One run of a runner: its folder, its processes, what they told, what is left of them."""

import contextlib
import fcntl
import json
import os
import pty
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from bench import costs, programs
from bench.runners.adapters import Runner
from demo.home import PORTS_EACH, free_block, free_port

HERE = Path(__file__).parent
WORK = "work"
SINK = programs.CACHE / "sink"
now = time.monotonic_ns


def build() -> None:
    """The two C programs."""
    programs.CACHE.mkdir(exist_ok=True)
    for name in (WORK, "sink"):
        made = programs.CACHE / name
        words = ["cc", "-O2", "-D_GNU_SOURCE", "-o", str(made), str(HERE / f"{name}.c")]
        subprocess.run(words, check=True)


class Told(NamedTuple):
    """A moment that a process told."""

    word: str
    id: int
    at: int
    sender: tuple[str, int]


class Place:
    """A folder for the runs of one runner: what the first of them makes, the next ones find."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.mark = f"twb{secrets.token_hex(6)}"
        self.folder = Path("/tmp", self.mark)
        self.app = self.folder / "app"
        self.app.mkdir(parents=True)
        for folder in (self.folder, self.app):
            folder.chmod(0o755)
        shutil.copy(programs.CACHE / WORK, self.app / WORK)
        first = free_block()
        self.environ = programs.environ() | {
            "HOME": str(self.folder),
            "BENCH_MARK": self.mark,
            "TERM": "xterm",
            "TWELVE_HOME": str(self.folder / "home"),
            "TWELVE_HTTP_PORT": str(free_port()),
            "TWELVE_PORTS": f"{first}-{first + PORTS_EACH - 1}",
        }
        self.environ.pop("PORT", None)
        # One port for all runs: what a runner is told to run is the same each time.
        self.ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.ear.bind(("127.0.0.1", 0))
        self.run: Run | None = None
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        """Pass on what processes tell."""
        mark = self.mark.encode()
        with contextlib.suppress(OSError):
            while data := self.ear.recvfrom(512):
                said, word, number, at = (data[0].split() + [b""] * 4)[:4]
                if said == mark and (run := self.run):
                    run.hear(Told(word.decode(), int(number), int(at), data[1]))

    def remove(self) -> None:
        """The folder, and whoever still carries its mark."""
        sweep(self.mark)
        self.ear.close()
        for folder, _, _ in os.walk(self.folder):
            with contextlib.suppress(OSError):
                os.chmod(folder, 0o700)
        shutil.rmtree(self.folder, ignore_errors=True)


def sweep(mark: str) -> list[str]:
    """Kill whoever carries the mark; who it was."""
    named = []
    for _ in range(100):
        left = costs.marked(mark)
        if not left:
            break
        named = named or sorted(seen.name for seen in left.values())
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
    return named


class Run:
    """A runner that runs."""

    def __init__(
        self, place: Place, *modes: str, judge: tuple[int, int] | None = None, stall: int = 0
    ) -> None:
        """``modes``: one for each process, `stamp` or `lines 100 64 exit`. ``judge``: writers, lines."""
        self.place, self.runner = place, place.runner
        self.told: list[Told] = []
        self.news = threading.Condition()
        place.run = self
        self.first_byte: int | None = None
        self.sink: subprocess.Popen[str] | None = None
        for name in ("logs", "sv"):
            shutil.rmtree(place.app / name, ignore_errors=True)
        port = place.ear.getsockname()[1]
        commands = [
            (f"p{number}", self.words(number, mode, port)) for number, mode in enumerate(modes)
        ]
        argv = self.runner.prepare(place.app, commands)
        stdin, stdout = self.ends(judge, stall)
        with (place.folder / "stderr").open("ab") as stderr:
            screen = self.runner.out == "screen"
            self.began = now()
            self.process = subprocess.Popen(
                argv,
                cwd=place.app,
                env=place.environ,
                stdin=stdin,
                stdout=stdout,
                stderr=stdout if screen else stderr,
                start_new_session=True,
            )
        os.close(stdin)
        os.close(stdout)

    def words(self, number: int, mode: str, port: int) -> str:
        name, *more = mode.split()
        text = " ".join(
            [f"{self.place.app}/{WORK}", name, str(number), str(port), self.place.mark, *more]
        )
        return f"sh -c '{text.removesuffix(' &')} & wait'" if mode.endswith("&") else text

    def ends(self, judge: tuple[int, int] | None, stall: int) -> tuple[int, int]:
        """Its standard input and output."""
        if self.runner.out == "screen":
            reader, writer = pty.openpty()
            fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
            threading.Thread(target=self.read, args=(reader,), daemon=True).start()
            return writer, os.dup(writer)
        nothing = os.open(os.devnull, os.O_RDWR)
        if self.runner.out == "files":
            return nothing, os.dup(nothing)
        reader, writer = os.pipe()
        if judge:
            self.sink = start_sink(reader, *judge, stall)
            os.close(reader)
        else:
            threading.Thread(target=self.read, args=(reader,), daemon=True).start()
        return nothing, writer

    def read(self, reader: int) -> None:
        kept = b""
        with contextlib.suppress(OSError):
            while data := os.read(reader, 65536):
                if self.first_byte is None:
                    kept += data
                    if b"@@" in kept:
                        self.first_byte = now()
        os.close(reader)

    def hear(self, told: Told) -> None:
        with self.news:
            self.told.append(told)
            self.news.notify_all()

    def heard(self, word: str) -> list[Told]:
        return [told for told in self.told if told.word == word]

    def wait(self, word: str, count: int = 1, within: float = 30) -> list[Told]:
        """All that told the word, once there are so many. Raises TimeoutError."""
        with self.news:
            if not self.news.wait_for(lambda: len(self.heard(word)) >= count, within):
                raise TimeoutError(
                    f"{len(self.heard(word))} of {count} told {word!r} in {within:g} s"
                )
            return self.heard(word)

    def go(self) -> int:
        """Let the writers begin."""
        at = now()
        for told in self.heard("start"):
            self.place.ear.sendto(b"go", told.sender)
        return at

    def workers(self) -> list[int]:
        """The pids of its processes that live."""
        seen = costs.marked(self.place.mark)
        return [pid for pid, each in seen.items() if each.name == WORK]

    def own(self) -> list[int]:
        """The pids of the runner and its helpers, shells between it and the programs included."""
        seen = costs.marked(self.place.mark)
        return [pid for pid, each in seen.items() if each.name != WORK]

    def report(self, within: float) -> dict:
        """What the sink says, by then at the latest."""
        assert self.sink, "nothing judges this run"
        return said_by(self.sink, within)

    def stop(self, within: float = 15, number: signal.Signals | None = None) -> float | None:
        """Milliseconds until the runner is gone; nothing when it did not go."""
        began = now()
        self.process.send_signal(number or self.runner.stop)
        try:
            self.process.wait(within)
        except subprocess.TimeoutExpired:
            return None
        return (now() - began) / 1e6

    def close(self) -> list[str]:
        """End all; the names of what was still there after the runner."""
        if self.process.poll() is None:
            self.stop(5)
        left = sweep(self.place.mark)
        self.process.wait()
        if self.sink:
            self.sink.kill()
            self.sink.communicate()
        self.place.run = None
        return left


def start_sink(reader: int, writers: int, lines: int, stall: int = 0) -> subprocess.Popen[str]:
    words = [str(SINK), str(writers), str(lines), *([str(stall)] if stall else [])]
    return subprocess.Popen(words, stdin=reader, stdout=subprocess.PIPE, text=True)


def said_by(sink: subprocess.Popen[str], within: float) -> dict:
    timer = threading.Timer(within, sink.terminate)
    timer.start()
    try:
        assert sink.stdout
        return dict(json.loads(sink.stdout.readline() or "{}"))
    finally:
        timer.cancel()


@contextlib.contextmanager
def running(place: Place, *modes: str, **more: object) -> Iterator[Run]:
    """A run that is over at the end, whatever happens."""
    run = Run(place, *modes, **more)
    try:
        yield run
    finally:
        run.close()


def until(condition: Callable[[], object], within: float = 10) -> bool:
    """Whether it held by then."""
    end = time.monotonic() + within
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.002)
    return True
