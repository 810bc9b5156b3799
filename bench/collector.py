"""Lines per CPU second of the collector, alone and with a follower; what is lost, torn, twice.

    python -m bench.collector [--lines N] [--dir FOLDER]

Writers are a C program (bench/lines.c) on FIFOs as the supervisor makes them. CPU is user + system
of the collector, and of the follower's process for the rows that have one: it writes text or JSON
to a file as `twelve logs -f` does. The lines in the files of both are judged. Prints JSON, a line
after each row.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, Self

from bench import costs

HERE = Path(__file__).parent
WIDTH = 100


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lines", type=int, default=2_000_000)
    options.add_argument("--dir")
    options.add_argument("--follow", nargs=4, help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.follow:
        follow(*asked.follow)
        return
    base = Path(tempfile.mkdtemp(prefix="twb", dir=asked.dir))
    machine = {"cpus": os.cpu_count(), "kernel": platform.release(), "load": os.getloadavg()}
    found = {"machine": machine, "lines": asked.lines, "rows": []}
    try:
        subprocess.run(["cc", "-O2", "-o", base / "lines", HERE / "lines.c"], check=True)
        for row in ROWS:
            found["rows"].append(measure(base, row, asked.lines))
            print(json.dumps(found), flush=True)
    finally:
        shutil.rmtree(base)


class Row(NamedTuple):
    """So many processes that write so many bytes at once, and who follows."""

    writers: int
    chunk: int
    follower: str | None = None
    share: float = 1.0
    """Of the lines that are asked for."""
    burst: int = 0
    """Lines that each prints before it is gone, whatever is asked for."""


ROWS = [
    *(Row(writers, chunk) for chunk in (65_536, 4096, 100) for writers in (1, 8)),
    *(Row(writers, chunk, "text") for chunk in (65_536, 4096, 100) for writers in (1, 8)),
    # They cut lines, end in the middle of everything, and are gone.
    Row(8, 4096, burst=20_000),
    Row(8, 4096, "text", burst=20_000),
    *(Row(writers, 65_536, "json", share=0.2) for writers in (1, 8)),
]


def measure(base: Path, kind: Row, lines: int) -> dict:
    writers, chunk, follower, share, burst = kind
    each = burst or int(lines * share) // writers
    with Place(base) as place:
        fifos = [place.fifo(number) for number in range(writers)]
        following = place.follow(follower, each * writers) if follower else None
        before = place.cpu()
        begun = time.monotonic()
        words = [[base / "lines", str(number), str(each), str(chunk)] for number in range(writers)]
        running = [
            subprocess.Popen(word, stdout=fifo) for word, fifo in zip(words, fifos, strict=True)
        ]
        assert all(writer.wait(600) == 0 for writer in running)
        place.drain()
        wall = time.monotonic() - begun
        cpu = place.cpu() - before
        row = {"writers": writers, "chunk": chunk, "lines": each * writers, "follower": follower}
        row |= {"burst": bool(burst), "collector_cpu": round(cpu, 4), "wall": round(wall, 2)}
        row["pss_kb"] = place.pss()
        total = cpu
        if following:
            text, _ = following.communicate(timeout=600)
            heard = json.loads(text)
            row["follower_cpu"] = round(heard.pop("cpu"), 4)
            total += row["follower_cpu"]
            row |= heard
        row["lines_per_cpu_second"] = round(each * writers / cpu)
        row["lines_per_cpu_second_together"] = round(each * writers / total)
        printed = [subprocess.check_output([*word[:3], "65536"]) for word in words]
        found = place.check(printed, each)
        if following:
            also = judged([place.home / "followed"], printed, each)
            found = {what: found[what] + also[what] for what in found}
        row |= found
    print(json.dumps(row), file=sys.stderr)
    return row


class Place:
    """A home and a run folder with a collector, for one row."""

    def __init__(self, base: Path) -> None:
        self.run = Path(tempfile.mkdtemp(prefix="run", dir=base))
        self.home = Path(tempfile.mkdtemp(prefix="home", dir=base))
        self.held: list[int] = []

    def __enter__(self) -> Self:
        words = [
            "-I",
            "-m",
            "twelve.engines.local.collector",
            "--run",
            self.run,
            "--home",
            self.home,
        ]
        self.collector = subprocess.Popen([sys.executable, *map(str, words)])
        while not self.ask({"op": "hello"}):
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        for fd in self.held:
            os.close(fd)
        self.collector.send_signal(signal.SIGTERM)
        self.collector.wait(20)
        shutil.rmtree(self.run)
        shutil.rmtree(self.home)

    def ask(self, request: dict) -> dict | None:
        with socket.socket(socket.AF_UNIX) as client, suppress(OSError):
            client.connect(str(self.run / "collector.sock"))
            client.sendall(json.dumps(request).encode() + b"\n")
            return json.loads(client.makefile().readline())
        return None

    def fifo(self, number: int) -> int:
        folder = self.run / "p" / str(number)
        folder.mkdir(parents=True)
        os.mkfifo(folder / "stdout")
        logs = {"dir": f"logs/shop/production/web.{number}@v1", "budget": 4 << 30, "age": 0}
        told = {"name": f"shop/production/web.{number}@v1", "logs": logs, "streams": ["stdout"]}
        (folder / "stream.json").write_text(json.dumps(told))
        self.held.append(os.open(folder / "stdout", os.O_RDWR))
        assert self.ask({"op": "open", "folder": str(folder)}) == {"opened": str(folder)}
        return self.held[-1]

    def follow(self, form: str, lines: int) -> subprocess.Popen:
        words = [
            *("-m", "bench.collector", "--follow"),
            *(str(self.run), str(self.home), form, str(lines)),
        ]
        argv = [sys.executable, *words]
        return subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=HERE.parent)

    def drain(self) -> None:
        for folder in (self.run / "p").iterdir():
            self.ask({"op": "drain", "folder": str(folder)})

    def cpu(self) -> float:
        """Seconds that the collector has taken."""
        return costs.fine_cpu([self.collector.pid])

    def pss(self) -> int:
        lines = Path(f"/proc/{self.collector.pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))

    def check(self, printed: list[bytes], each: int) -> dict:
        count = range(len(printed))
        folders = (self.home / f"logs/shop/production/web.{n}@v1/stdout" for n in count)
        paths = [path for folder in folders for path in sorted(folder.glob("*.log"))]
        return judged(paths, printed, each)


def judged(paths: list[Path], printed: list[bytes], each: int) -> dict:
    """Beside what the writers printed, whatever stands before and behind a line."""
    # A line may begin in one segment of a stream and end in the next.
    streams = [
        b"".join(path.read_bytes() for path in segments)
        for _, segments in groupby(paths, key=lambda path: path.parent)
    ]
    if streams == printed or as_printed(streams, printed):
        return {"lost": 0, "torn": 0, "twice": 0}
    torn = twice = 0
    seen = [bytearray(each) for _ in printed]
    for line in (line for stream in streams for line in stream.splitlines()):
        at = line.find(b"@@")
        whole = line[at : at + WIDTH - 1]
        if len(whole) != WIDTH - 1 or whole[-2:] != b"##" or line.count(b"@@") != 1:
            torn += 1
            continue
        writer, number = int(whole[2:5]), int(whole[6:16])
        twice += seen[writer][number]
        seen[writer][number] = 1
    lost = each * len(printed) - sum(map(sum, seen))
    return {"lost": lost, "torn": torn, "twice": twice}


def as_printed(streams: list[bytes], printed: list[bytes]) -> bool:
    """Whether the ends of the lines are what was printed, each writer's in their order."""
    found: dict[bytes, list[bytes]] = {}
    for stream in streams:
        for line in stream.splitlines(keepends=True):
            end = line[-WIDTH:]
            found.setdefault(end[2:5], []).append(end)
    return [b"".join(found[writer]) for writer in sorted(found)] == printed


def follow(run: str, home: str, form: str, lines: str) -> None:
    """A follower in a process of its own, as ``logs -f >file`` and ``logs -f --json`` are."""
    from twelve.engines.local.following import Following
    from twelve.factors.logs.filter import Filter
    from twelve.factors.logs.render import PLAIN, render

    wanted, heard = int(lines), 0
    following = Following((home, run), ("shop", "production"), Filter())
    started = resource.getrusage(resource.RUSAGE_SELF)
    with open(home + "/followed", "wb", buffering=0) as out:
        for batch in following.batches():
            piece = render(batch, PLAIN if form == "text" else None)
            out.write(piece)
            heard += piece.count(b"\n")
            if heard >= wanted:
                break
    ended = resource.getrusage(resource.RUSAGE_SELF)
    cpu = ended.ru_utime + ended.ru_stime - started.ru_utime - started.ru_stime
    print(json.dumps({"cpu": cpu, "heard": heard, "follower_peak_kb": peak()}))


def peak() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main()
