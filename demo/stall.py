"""A follower and a drain that read nothing for a while, and an app that prints on meanwhile."""

import json
import os
import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

from demo.home import Home, commit, git

WIDTH = 100
TALK = """
import os, sys, time
rate, seconds = int(sys.argv[1]), float(sys.argv[2])
total, step = int(rate * seconds), max(1, rate // 100)
begun, worst = time.monotonic(), 0.0
for first in range(0, total, step):
    numbers = range(first, min(total, first + step))
    data = b"".join(b"%010d " % n + b"x" * 88 + b"\\n" for n in numbers)
    before = time.monotonic()
    while data:
        data = data[os.write(1, data):]
    worst = max(worst, time.monotonic() - before)
    time.sleep(max(0.0, begun + (first + step) / rate - time.monotonic()))
print(f"said {total} worst {worst:.4f} took {time.monotonic() - begun:.3f}", flush=True)
time.sleep(3600)
"""
SAID = re.compile(r"said (\d+) worst ([0-9.]+) took ([0-9.]+)")
MISSING = re.compile(r"(\d+) bytes are missing: deleted by retention")
PATIENCE = 120.0


class Heard(NamedTuple):
    """What a reader got once it was awake."""

    lines: int
    """Numbered ones, each counted once."""
    twice: int
    gaps: tuple[int, ...]
    """Bytes that were told to be missing."""
    in_order: bool


class Talk(NamedTuple):
    """What an app printed while its readers slept, and what they heard of it afterwards."""

    printed: int
    worst_write: float
    """Seconds that the app's slowest write took."""
    took: float
    heard: dict[str, Heard]


class Sleeper:
    """A reader: asleep until ``wake``, then it takes everything up to the app's last line."""

    def __init__(self, read: Callable[[], bytes], text: Callable[[bytes], str | None]) -> None:
        self._read, self._text = read, text
        self._awake = threading.Event()
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()
        self.texts: list[str] = []
        self.said = ""

    def wake(self) -> None:
        """Begin to read."""
        self._awake.set()

    def _take(self) -> None:
        self._awake.wait()
        while not self.said and (line := self._read()):
            text = self._text(line)
            if text is None:
                continue
            self.texts.append(text)
            if SAID.search(text):
                self.said = text

    def heard(self) -> Heard:
        """All of it, once the last line has come."""
        self._thread.join(PATIENCE)
        assert self.said, f"the last line did not come; {len(self.texts)} did"
        numbers = [
            int(text[:10]) for text in self.texts if text[:10].isdigit() and text[10:11] == " "
        ]
        gaps = [int(found[1]) for text in self.texts if (found := MISSING.search(text))]
        once = list(dict.fromkeys(numbers))
        return Heard(len(once), len(numbers) - len(once), tuple(gaps), once == sorted(once))


def talker(home: Home, name: str, rate: int, seconds: float) -> Path:
    """An app that says so many numbered lines a second, once it is scaled up."""
    folder = home.folder / name
    folder.mkdir()
    (folder / "talk.py").write_text(TALK)
    (folder / "twelve.toml").write_text(
        f'app = "{name}"\n[processes.talker]\ncommand = "python talk.py {rate} {seconds}"\n'
        'quantity = 0\ngrace = "1s"\nsettle = "0.2s"\n'
    )
    git(home, folder, "init", "-q")
    commit(home, folder, "First")
    home.twelve("deploy", "-q", "--no-gate", cwd=folder)
    return folder


@contextmanager
def follower(home: Home, folder: Path) -> Iterator[tuple[Sleeper, int]]:
    """``logs -f`` into a pipe that nobody empties, and its pid."""
    process = subprocess.Popen(
        ["twelve", "logs", "-f", "--json", "--type", "talker"],
        cwd=folder,
        env=dict(home.environ),
        stdout=subprocess.PIPE,
        executable=home.environ["PATH"].partition(":")[0] + "/twelve",
    )
    assert process.stdout
    try:
        yield (
            Sleeper(process.stdout.readline, lambda line: str(json.loads(line)["line"])),
            process.pid,
        )
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextmanager
def receiver(home: Home, folder: Path) -> Iterator[Sleeper]:
    """A drain of the app to a receiver of syslog that takes nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        stream = Stream(server)
        home.twelve(
            "drains", "add", f"syslog://127.0.0.1:{stream.port}", "--name", "sleeps", cwd=folder
        )
        try:
            yield Sleeper(stream.message, said_by_talker)
        finally:
            stream.close()
            home.twelve("drains", "rm", "sleeps", cwd=folder, good=False)


class Stream:
    """The messages of the first connection."""

    def __init__(self, server: socket.socket) -> None:
        self.port = server.getsockname()[1]
        self._server = server
        self._file: BinaryIO | None = None

    def message(self) -> bytes:
        """The next one; nothing when the connection has ended."""
        if self._file is None:
            link, _ = self._server.accept()
            with link:
                self._file = link.makefile("rb")
        length = b""
        while (one := self._file.read(1)) not in {b" ", b""}:
            length += one
        return self._file.read(int(length)) if length else b""

    def close(self) -> None:
        """End the connection."""
        if self._file is not None:
            self._file.close()


def said_by_talker(message: bytes) -> str | None:
    """The text of a message that is the app's own."""
    head, _, text = message.partition(b"] ")
    return text.decode() if b" talker." in head else None


class Memory:
    """What some processes hold in memory that no file is behind, looked at twice a second."""

    def __init__(self, pids: dict[str, int]) -> None:
        self._pids = pids
        self.seen: dict[str, list[float]] = {name: [] for name in pids}
        self._asleep = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.5):
            for name, pid in self._pids.items():
                self.seen[name].append(held(pid))

    def woken(self) -> None:
        """From now on the readers take what they missed."""
        self._asleep = len(next(iter(self.seen.values())))

    def growth(self) -> dict[str, tuple[float, float, float]]:
        """MB at first; how far it went from that while the readers slept, and afterwards."""
        return {
            name: (
                row[0],
                max(abs(each - row[0]) for each in row[: self._asleep]),
                max(abs(each - row[0]) for each in row[self._asleep :] or row[-1:]),
            )
            for name, row in self.seen.items()
        }


def held(pid: int) -> float:
    """What a process holds in memory that no file is behind, in MB; 0 when it is gone.

    Its PSS changes also when others that run the same program come and go.
    """
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    found = re.search(r"^Pss_Anon: +(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def talk(home: Home, folders: Iterable[Path], seconds: float) -> None:
    """Let the apps talk, until all have said their last line."""
    for folder in folders:
        home.twelve("ps", "scale", "talker=1", cwd=folder)
    deadline = time.monotonic() + seconds + PATIENCE
    for folder in folders:
        words = ("logs", "-n", "3", "--type", "talker")
        while not SAID.search(home.twelve(*words, cwd=folder).out):
            assert time.monotonic() < deadline, f"{folder.name} does not come to its end"
            time.sleep(0.5)


def wake(readers: Mapping[str, Sleeper]) -> Talk:
    """What an app printed, and what its readers hear of it now."""
    for reader in readers.values():
        reader.wake()
    heard = {name: reader.heard() for name, reader in readers.items()}
    found = SAID.search(next(iter(readers.values())).said)
    assert found
    return Talk(int(found[1]), float(found[2]), float(found[3]), heard)


def control_pid(home: Home) -> int:
    """Of the control plane that a command of this home has started."""
    wanted = f"TWELVE_HOME={home.home}".encode()
    for entry in filter(str.isdecimal, os.listdir("/proc")):
        try:
            words = Path(f"/proc/{entry}/cmdline").read_bytes().split(b"\0")
            environ = Path(f"/proc/{entry}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[-2:-1] == [b"serve"] and wanted in environ:
            return int(entry)
    raise AssertionError("no control runs")


def part_pid(home: Home, name: str) -> int:
    """Of a part whose name begins so."""
    parts = home.json("doctor")["parts"]
    return next(int(part["pid"]) for each, part in parts.items() if each.startswith(name))
