"""All parts of the bench, one after the other; RESULTS.md, results.json and curves/ are written.

    python -m bench [--quick | --renew] [PART…]

A part is a program of its own and prints JSON. One that fails or does not end in its time is told as
failed, and the others run. Exit 0: every part ended and every bar holds; 1: a bar is missed; 2: a
part failed. With names of parts, or --quick, the committed figures are left alone; with --renew
those of the named parts are put in the place of the former ones, and say of what commit they are.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bench import programs, reading, reading_runners
from bench.ending import told_to_end
from bench.reading import Reading
from bench.report import Outcome, amount, machine, summary, verdict, write, written

HERE = Path(__file__).parent
ENDS = 60.0
"""Seconds that a part gets to end what it began."""
WHOLE = 900.0
"""Seconds that all parts may take: the last one measures in what is left of them, or in its least."""
LEAST = 240.0


class Part(NamedTuple):
    """A program of the bench."""

    title: str
    read: Callable[[dict], Reading]
    within: float
    words: tuple[str, ...] = ()
    quick: tuple[str, ...] = ("--quick",)
    module: str = ""
    rest: bool = False
    """It takes ``--seconds=N``: as many as are left."""


QUICK_RUNNERS = ("--quick", "cat", "twelve", "honcho", "supervisor")
PARTS = {
    "cli_start": Part("A command's start", reading.cli_start, 120),
    "collector": Part(
        "The collector", reading.collector, 300, ("--lines", "1000000"), ("--lines", "200000")
    ),
    "stalled": Part("Readers that sleep", reading.stalled, 150, ("60",), ("8",)),
    "follow": Part("Lines to a file", reading.follow, 120),
    "restart": Part("Restart of a worker", reading.restart, 60, ("20",), ("5",)),
    "stop": Part("A stop", reading.stop, 90, ("7",), ("3",)),
    "killed_web": Part(
        "kill -9 of a web process", reading.killed_web, 150, ("5000", "2000"), ("1000", "600")
    ),
    "router": Part("The router", reading.router, 90, ("--json",), ("--json", "1")),
    "hop": Part("The hop beside nginx and HAProxy", reading.hop, 180),
    "redeploy": Part("Redeploy, rollback, crash", reading.redeploy, 240),
    "idle_memory": Part("Memory at rest", reading.idle_memory, 90, ("10",), ("3",)),
    "many": Part("Many apps", reading.many, 600),
    "flood": Part("A flood of lines next door", reading.flood, 200),
    "neighbours": Part("Noisy neighbours", reading.neighbours, 300),
    "deploy_under_load": Part("Changes under load", reading.under_load, 240, (), ("50",)),
    "runners": Part("Process runners", reading_runners.read, 500, (), QUICK_RUNNERS, rest=True),
}
BESIDE = {"runners", "hop"}
"""They measure programs of others beside Twelve."""
LEFT_OUT_WHEN_QUICK = {
    *("deploy_under_load", "many", "neighbours", "flood", "stalled", "killed_web"),
}


def run(name: str, part: Part, *, quick: bool, left: float = WHOLE) -> Outcome:
    """One part in a process of its own; ``left`` are the seconds that are left for all of them."""
    within = min(part.within, max(LEAST, left)) if part.rest else part.within
    words = [
        sys.executable,
        "-m",
        "bench.part",
        part.module or f"bench.{name}",
        *(part.quick if quick else part.words),
        *([f"--seconds={within - ENDS:g}"] if part.rest else []),
    ]
    began, load = time.monotonic(), os.getloadavg()[0]
    log, said = programs.CACHE / f"{name}.log", programs.CACHE / f"{name}.json"
    # Not a pipe: what a part leaves running would hold it open.
    with log.open("wb") as stderr, said.open("wb") as stdout:
        process = subprocess.Popen(
            words,
            cwd=HERE.parent,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        why = ""
        try:
            process.wait(within)
        except subprocess.TimeoutExpired:
            why = f"no end in {within:g} s"
        finally:
            end(process)
    text = said.read_bytes()
    seconds = time.monotonic() - began
    found, read = None, Reading([])
    try:
        # One that was cut short may tell what it has found until then.
        found = last_of(text) if text or not why else None
        read = part.read(found) if found is not None else read
    except (ValueError, KeyError, TypeError, IndexError) as error:
        last = log.read_text(errors="replace").strip().splitlines()[-1:]
        words = (last or [f"{type(error).__name__}: {error}"])[0][:200]
        why = why or f"exit {process.returncode}: {words}"
    return Outcome(name, part.title, read, found, seconds, load, why)


def last_of(text: bytes) -> dict:
    """All of it is JSON, or its last line is."""
    try:
        return json.loads(text)
    except ValueError:
        return json.loads(text.strip().splitlines()[-1])


def end(process: subprocess.Popen[bytes]) -> None:
    """As from outside: it ends what it began; then by force, with all of its group."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(ENDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def show(outcome: Outcome) -> None:
    print(f"\n{outcome.title} ({outcome.name}, {outcome.seconds:.0f} s)", flush=True)
    if outcome.failed:
        print(f"  FAILED: {outcome.failed}", flush=True)
    for figure in outcome.reading.figures:
        held = verdict(figure).strip("*")
        print(f"  {figure.what:72.72} {amount(figure):>22}  {figure.bar:22} {held}", flush=True)


def main(words: list[str]) -> int:
    """Run them, write, say how it went."""
    quick = "--quick" in words
    named = [word for word in words if not word.startswith("-")]
    if unknown := [name for name in named if name not in PARTS]:
        print(f"there is no part {unknown[0]!r}: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    names = named or [name for name in PARTS if not (quick and name in LEFT_OUT_WHEN_QUICK)]
    about = machine()
    programs.CACHE.mkdir(exist_ok=True)
    if BESIDE & set(names):
        print("the programs of others, into bench/.cache …", flush=True)
        for name, why in programs.fill().items():
            print(f"  absent: {name}: {why}", flush=True)
    outcomes, versions, began = [], programs.versions(), time.monotonic()
    folder = programs.CACHE / "some" if quick or named else HERE
    former: dict[str, Outcome] = {}
    renewed = ""
    if "--renew" in words and named and not quick:
        renewed = f"{about['day']}, commit {about['commit']}"
        folder = HERE
        about, versions, former = written(HERE, {name: part.read for name, part in PARTS.items()})
    for name in names:
        left = WHOLE - (time.monotonic() - began)
        outcomes.append(run(name, PARTS[name], quick=quick, left=left)._replace(renewed=renewed))
        show(outcomes[-1])
        known = former | {outcome.name: outcome for outcome in outcomes}
        page = write(folder, about, versions, [known[name] for name in PARTS if name in known])
    print("\n" + "\n".join(summary(outcomes)), flush=True)
    print(f"\nwritten: {page}", flush=True)
    if any(outcome.failed for outcome in outcomes):
        return 2
    return 1 if any(outcome.missed for outcome in outcomes) else 0


if __name__ == "__main__":
    with told_to_end():
        try:
            sys.exit(main(sys.argv[1:]))
        except KeyboardInterrupt:
            sys.exit(130)
