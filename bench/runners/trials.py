"""The trials of a runner: what it costs, how fast it turns, and what it does when things go wrong."""

import contextlib
import os
import signal
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from bench import costs
from bench.runners.running import Place, Run, now, running, said_by, start_sink, until

ALIGNED, CUT = 65_500, 4096
"""Sizes of writes: whole lines, and as stdio does, which cuts lines."""
MANY = 20
CROWD = (1, 20, 100)
BURST = 20_000
REST_MS, STALL_MS = 5000, 11_000
STALLED_LINES = 2_000_000
CATCH_UP = 8.0
PATIENCE = 90.0
SETTLE = 1.0
WARM = 5.0


def warm_up(place: Place) -> None:
    """What the first start makes, later ones find; it runs until it has come to rest."""
    with running(place, "stamp") as run:
        run.wait("start", within=60)
        time.sleep(WARM)


def start(place: Place) -> dict[str, float]:
    """Milliseconds from the exec to the process, and to its first byte."""
    with running(place, "stamp") as run:
        began = run.wait("start")[0].at
        found = {"child": (began - run.began) / 1e6}
        if run.runner.out == "pipe" and until(lambda: run.first_byte):
            found["byte"] = (run.first_byte - run.began) / 1e6
        return found


def throughput(place: Place, writers: int, chunk: int, lines: int) -> dict | None:
    """Lines per second and per CPU second of the runner's own, and what became of them."""
    runner, each = place.runner, lines // writers
    if runner.out == "screen":
        return None
    judge = (writers, each) if runner.out == "pipe" else None
    with running(place, *[f"lines {each} {chunk} wait"] * writers, judge=judge) as run:
        run.wait("start", writers)
        own = run.own()
        before, began = costs.cpu(own), run.go()
        found = run.report(PATIENCE) if judge else judged_files(run, writers, each)
        spent = costs.cpu(run.own()) - before
        wall = (found.pop("last_ns") - began) / 1e9
        found.pop("first_ns")
        seen = found["seen"]
        return {
            "lines": writers * each,
            **found,
            "cpu": round(spent, 2),
            "per_cpu_second": round(seen / max(spent, 0.01)),
            "per_second": round(seen / max(wall, 0.001)),
        }


def judged_files(run: Run, writers: int, each: int, within: float = PATIENCE) -> dict:
    """The same report for a runner that writes files."""
    folder, size, since = run.place.app / "logs", -1, time.monotonic()
    last, deadline = now(), time.monotonic() + within
    while time.monotonic() < deadline and time.monotonic() - since < 0.2:
        grown = sum(path.stat().st_size for path in log_files(folder))
        if grown != size:
            size, since, last = grown, time.monotonic(), now()
        if grown < writers * each * 100:
            since = time.monotonic()
        time.sleep(0.002)
    with subprocess.Popen(["cat", *log_files(folder)], stdout=subprocess.PIPE) as every:
        assert every.stdout
        sink = start_sink(every.stdout.fileno(), writers, each)
        every.stdout.close()
        found = said_by(sink, within)
        sink.communicate()
    return found | {"last_ns": last}


def log_files(folder: Path) -> list[Path]:
    """Each log's archives in their order, then what is current."""
    every = [path for path in folder.glob("*/*") if path.name[0] == "@" or path.name == "current"]
    return sorted(every, key=lambda path: (path.parent, path.name == "current", path.name))


def stop_many(place: Place) -> dict[str, float | int | None]:
    """Milliseconds until a runner with 20 processes is gone, and how many are not."""
    with running(place, *["stamp"] * MANY) as run:
        run.wait("start", MANY, 60)
        time.sleep(SETTLE)
        took = run.stop(30)
        until(lambda: not run.workers(), 0.5)
        return {"ms": took, "left": len(run.workers())}


@contextlib.contextmanager
def together(places: Sequence[Place]) -> Iterator[dict[str, Run]]:
    """A run of each that starts, at rest."""
    with contextlib.ExitStack() as opened:
        runs = {}
        for place in places:
            run = opened.enter_context(running(place, "stamp"))
            with contextlib.suppress(TimeoutError):
                run.wait("start")
                runs[place.runner.title] = run
        # Some count a process as started only after a second.
        time.sleep(2)
        yield runs


def restart(run: Run) -> float | None:
    """Milliseconds from the first kill -9 of its process to the next one's first instruction."""
    (victim,) = run.workers()
    began = now()
    os.kill(victim, signal.SIGKILL)
    try:
        return (run.wait("start", 2, 15)[1].at - began) / 1e6
    except TimeoutError:
        return None


def crowd(place: Place, count: int, seconds: float) -> dict[str, float | int | None]:
    """Memory of the runner and its helpers with so many idle processes; their CPU in so long."""
    with running(place, *["stamp"] * count) as run:
        began = run.began
        last = max(told.at for told in run.wait("start", count, 60))
        time.sleep(SETTLE)
        own = run.own()
        busy = None
        if seconds:
            # What starting them left to do is over by then.
            time.sleep(SETTLE)
            before, at = costs.fine_cpu(own), time.monotonic()
            time.sleep(seconds)
            busy = round((costs.fine_cpu(own) - before) / (time.monotonic() - at) * 100, 3)
        return {
            "pss_mb": round(sum(map(costs.pss, own)), 1),
            "processes": len(own),
            "all_started_ms": round((last - began) / 1e6),
            "idle_cpu_percent": busy,
        }


def deaf(place: Place) -> dict[str, float | int | None]:
    """A process deaf to TERM and INT: when the runner is gone, whether the process is."""
    with running(place, "deaf") as run:
        run.wait("start")
        time.sleep(SETTLE)
        took = run.stop(33)
        until(lambda: not run.workers(), 0.5)
        return {"ms": took and round(took), "left": len(run.workers())}


def grandchild(place: Place) -> dict[str, int]:
    """A shell that waits for its child: how many are left after the stop."""
    with running(place, "stamp &") as run:
        run.wait("start")
        time.sleep(SETTLE)
        run.stop(20)
        until(lambda: not run.workers(), 0.5)
        return {"left": len(run.workers())}


def killed(place: Place) -> dict[str, list[str]]:
    """After kill -9 of the runner itself: which of a printing and a silent process live on."""
    with running(place, "tick 50", "stamp") as run:
        run.wait("start", 2)
        time.sleep(SETTLE)
        os.kill(run.process.pid, signal.SIGKILL)
        run.process.wait()
        time.sleep(2)
        words = [costs.read(pid, "cmdline").split(b"\0")[1].decode() for pid in run.workers()]
        names = {"tick": "printing", "stamp": "silent"}
        return {"alive": sorted(names[word] for word in words)}


def burst(place: Place) -> dict | None:
    """20 000 lines and an exit at once: how many never came out."""
    runner = place.runner
    if runner.out == "screen":
        return None
    judge = (1, BURST) if runner.out == "pipe" else None
    with running(place, f"lines {BURST} {CUT} exit", judge=judge) as run:
        run.wait("start")
        run.go()
        found = run.report(10) if judge else judged_files(run, 1, BURST, 10)
        return {name: found.get(name) for name in ("lost", "torn", "twice")}


def slow_reader(place: Place) -> dict | None:
    """Its reader stands still for 6 s while a process prints: does it grow, does it hold that up?

    And how far it grows while the reader takes what it missed, for a while.
    """
    if place.runner.out != "pipe":
        return None
    mode = f"lines {STALLED_LINES} {ALIGNED} wait"
    with running(place, mode, judge=(1, STALLED_LINES), stall=STALL_MS) as run:
        run.wait("start")
        # A runner's own start is over before it is weighed.
        time.sleep(REST_MS / 1000)
        with Weighed(run) as weighed:
            run.go()
            time.sleep((STALL_MS - REST_MS) / 1000 - 1)
            done, asleep = bool(run.heard("done")), max(weighed.grown, default=0.0)
            with contextlib.suppress(subprocess.TimeoutExpired):
                run.sink.wait(CATCH_UP)
        later = max(weighed.grown, default=0.0)
        return {
            "grown_mb": round(asleep, 1),
            "caught_up_mb": round(later, 1),
            "process_done": done,
        }


class Weighed:
    """How much more memory a runner and its helpers hold than at first, five times a second."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.grown: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._first = self._held()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.2):
            self.grown.append(self._held() - self._first)

    def _held(self) -> float:
        return sum(map(costs.held, self.run.own()))


def spread(values: Sequence[float | None]) -> dict[str, float] | None:
    """Median, least and most."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    return {
        "median": round(statistics.median(known), 1),
        "least": round(min(known), 1),
        "most": round(max(known), 1),
        "of": len(known),
    }
