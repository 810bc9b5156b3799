"""Lines per CPU second of the collector, alone and with a follower; what is lost, torn, twice.

    python -m bench.collector [--lines N] [--dir FOLDER]

Writers are a C program (bench/lines.c) on FIFOs as the supervisor makes them. CPU is user + system
of the collector, and of the follower's process for the rows that have one. Prints JSON.
"""

import argparse
import asyncio
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
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Self

from bench import costs

HERE = Path(__file__).parent
MIB = 1 << 20


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lines", type=int, default=2_000_000)
    options.add_argument("--dir")
    options.add_argument("--follow", nargs=4, help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.follow:
        asyncio.run(follow(*asked.follow))
        return
    base = Path(tempfile.mkdtemp(prefix="twb", dir=asked.dir))
    try:
        subprocess.run(["cc", "-O2", "-o", base / "lines", HERE / "lines.c"], check=True)
        rows = [
            measure(base, asked.lines, writers, chunk, follower)
            for chunk in (1 << 16, 4096, 100)
            for writers in (1, 8)
            for follower in (None, "text", "lines")
            if follower is None or chunk != 100 or follower == "text"
        ]
        # Each prints 20 000 lines in writes that cut them, and is gone.
        rows.append(measure(base, 160_000, 8, 4096, None) | {"burst": True})
    finally:
        shutil.rmtree(base)
    machine = {"cpus": os.cpu_count(), "kernel": platform.release(), "load": os.getloadavg()}
    print(json.dumps({"machine": machine, "lines": asked.lines, "rows": rows}, indent=1))


def measure(base: Path, lines: int, writers: int, chunk: int, follower: str | None) -> dict:
    if chunk == 100:
        lines //= 4
    each = lines // writers
    with Place(base) as place:
        fifos = [place.fifo(number) for number in range(writers)]
        following = place.follow(follower, each * writers) if follower else None
        begun = time.monotonic()
        words = [[base / "lines", str(number), str(each), str(chunk)] for number in range(writers)]
        running = [
            subprocess.Popen(word, stdout=fifo) for word, fifo in zip(words, fifos, strict=True)
        ]
        assert all(writer.wait(600) == 0 for writer in running)
        place.drain()
        wall = time.monotonic() - begun
        cpu = place.cpu()
        row = {"writers": writers, "chunk": chunk, "lines": each * writers, "follower": follower}
        row |= {"collector_cpu": cpu, "wall": round(wall, 2), "pss_kb": place.pss()}
        total = cpu
        if following:
            text, _ = following.communicate(timeout=600)
            heard = json.loads(text)
            row["follower_cpu"] = round(heard.pop("cpu"), 2)
            total += row["follower_cpu"]
            row |= heard
        row["lines_per_cpu_second"] = round(each * writers / max(cpu, 0.01))
        row["lines_per_cpu_second_together"] = round(each * writers / max(total, 0.01))
        row |= place.check(writers, each)
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
        self.before = costs.fine_cpu([self.collector.pid])
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
        """Seconds since it answered: its start is not what is measured."""
        return costs.fine_cpu([self.collector.pid]) - self.before

    def pss(self) -> int:
        lines = Path(f"/proc/{self.collector.pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))

    def check(self, writers: int, each: int) -> dict:
        found = {"lost": 0, "torn": 0, "twice": 0}
        for number in range(writers):
            folder = self.home / f"logs/shop/production/web.{number}@v1/stdout"
            data = b"".join(path.read_bytes() for path in sorted(folder.glob("*.log")))
            seen = set()
            for line in data.splitlines():
                if len(line) != 99 or line[:2] != b"@@" or line[-2:] != b"##":
                    found["torn"] += 1
                elif line[6:16] in seen:
                    found["twice"] += 1
                else:
                    seen.add(line[6:16])
            found["lost"] += each - len(seen)
        return found


async def follow(run: str, home: str, form: str, lines: str) -> None:
    """A follower in a process of its own: text to a file, as ``logs -f >file`` does."""
    from twelve.engines.local.collector_client import Collector
    from twelve.engines.local.growth import Watch
    from twelve.engines.local.logreader import lines as read_lines
    from twelve.engines.local.logreader import text_blocks
    from twelve.factors.logs.filter import Filter

    wanted, heard = int(lines), 0
    started = resource.getrusage(resource.RUSAGE_SELF)
    with open(home + "/followed", "wb", buffering=0) as out:  # noqa: ASYNC230 - it is what is measured
        async with Collector(run) as collector, Watch(collector) as grew:
            told = {"want": Filter(), "follow": True, "grew": grew}
            reading = text_blocks if form == "text" else read_lines
            async with aclosing(reading(home, "shop", "production", **told)) as stream:
                async for piece in stream:
                    heard += piece.count(b"\n") if form == "text" else 1
                    if form == "text":
                        out.write(piece)
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
