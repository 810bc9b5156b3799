"""Ends a home whose maker is gone: a run that was cut short leaves nothing running.

Run as ``python -m demo.guard FOLDER RUN`` in the home's environment. While the maker lives it holds
this standard input; a word there says that it has ended the home itself, or keeps it.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from demo.leftovers import Seen, Watch, command, parent, processes, read

ROOT = Path(__file__).parent.parent
PROGRAM = Path(sys.executable).parent / "twelve"
PATIENCE = 120.0
SHORT_PATIENCE = 5.0
"""Seconds for what was ended to be reaped."""


class Guard(NamedTuple):
    """The process that waits, as its maker holds it."""

    process: subprocess.Popen[bytes]

    def release(self) -> None:
        """The home is ended, or kept: nothing is left to do."""
        if self.process.returncode is None:
            self.process.communicate(b"over\n")


def start(folder: Path, run: Path, environ: Mapping[str, str]) -> Guard:
    """Begin to wait; in a session of its own, so that Ctrl-C passes it by."""
    process = subprocess.Popen(
        [sys.executable, "-m", "demo.guard", str(folder), str(run)],
        cwd=ROOT,
        env=dict(environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return Guard(process)


def end_home(folder: Path, run: Path) -> None:
    """As its maker would have ended it."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            [PROGRAM, "down", "--all"],
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE,
            cwd=folder,
        )
    sweep(folder, run)


def left_by(folder: Path, run: Path) -> list[str]:
    """What goes on although the home was told to end, besides what this process has started."""
    watch = Watch([folder, run], folder, [])
    deadline = time.monotonic() + SHORT_PATIENCE
    while True:
        every = set(processes())
        ours = below(os.getpid(), every)
        found = [s for s in watch.marked(every) if s.pid not in ours and not waits(s.pid)]
        if not found or time.monotonic() > deadline:
            return [f"{seen.pid}: {command(seen.pid)}" for seen in sorted(found)]
        time.sleep(0.05)


def below(pid: int, among: Iterable[Seen]) -> set[int]:
    """A process and all that descend from it."""
    parents = {seen.pid: parent(seen.pid) for seen in among}
    known = {pid}
    while more := {each for each, above in parents.items() if above in known} - known:
        known |= more
    return known


def sweep(folder: Path, run: Path) -> None:
    """End by force what goes on: commands of the maker's, all of it when ``down`` failed."""
    watch = Watch([folder, run], folder, [])
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        alive = [seen.pid for seen in watch.marked(processes()) if not waits(seen.pid)]
        if not alive:
            break
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    remove(folder)
    remove(run)


def waits(pid: int) -> bool:
    """Whether it is a guard: it ends when it is told to, or of itself."""
    return b"\0demo.guard\0" in read(pid, "cmdline")


def remove(folder: Path) -> None:
    """A folder of a home's, with what is read-only in it."""
    for inside, _, _ in os.walk(folder):
        # Layers are read-only, for their owner too.
        os.chmod(inside, 0o700)
    shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Wait for the word, or for the end of who should say it."""
    folder, run = map(Path, sys.argv[1:])
    if not sys.stdin.buffer.readline():
        end_home(folder, run)


if __name__ == "__main__":
    main()
