"""Control groups: the kernel keeps an instance to its memory, processors and number of processes.

One group for each run of an instance, ``twelve/<home>/<instance>``. Its name says whose it is, so
nothing of it has to be remembered.
"""

import contextlib
import errno
import os
import signal
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from twelve.engines.local.sandbox.hierarchies import Groups, Place, members, read, write

PERIOD = 100_000
"""Microseconds over which processor time is counted."""
SMALLEST_QUOTA = 1_000
SHARES, MOST_SHARES = 1024, 262_144
_ROUNDS = 50
_PAUSE = 0.002  # seconds


class Kills(NamedTuple):
    """What a group says about memory."""

    killed: int
    """How many of its processes were killed for want of it."""
    limit: int
    """Bytes."""


def make(groups: Groups, name: str, limits: Mapping[str, float]) -> None:
    """Make an instance's groups with ``memory`` (bytes), ``cpus`` and ``pids`` as far as given.

    Raises OSError with a sentence.
    """
    remove(groups, name)
    for controller, place in groups.places.items():
        if controller == "memory" and "memory" not in limits and not place.unified:
            continue  # accounting is not free
        folder = groups.folder(controller, name)
        try:
            _make_folder(groups, controller, folder)
            for file, value in _settings(controller, place, limits):
                _set(os.path.join(folder, file), value)
        except OSError as error:
            reason = error.strerror or str(error)
            raise OSError(error.errno, f"control group {folder}: {reason}") from None


def doors(groups: Groups, name: str) -> list[int]:
    """A descriptor for each group of the instance: who writes ``0`` there is a member.

    The process does it itself, so none of its children can be missed. The caller closes them.
    """
    # It has one thread then. To move a whole process stops every fork of the machine, which takes
    # 10 ms; version 1 can move a thread alone.
    files = {
        groups.folder(controller, name): "cgroup.procs" if place.unified else "tasks"
        for controller, place in groups.places.items()
    }
    found = []
    for folder, file in files.items():
        with contextlib.suppress(FileNotFoundError):
            found.append(os.open(f"{folder}/{file}", os.O_WRONLY | os.O_CLOEXEC))
    return found


def join(door: int) -> None:
    """Become a member, with all that this process starts from now on."""
    os.write(door, b"0")


def memory_kills(groups: Groups, name: str) -> Kills | None:
    """What the kernel killed in it for want of memory; None where there is no limit of memory."""
    place = groups.places.get("memory")
    if place is None:
        return None
    folder = groups.folder("memory", name)
    events = "memory.events" if place.unified else "memory.oom_control"
    limit = read(f"{folder}/{'memory.max' if place.unified else 'memory.limit_in_bytes'}").strip()
    for line in read(f"{folder}/{events}").splitlines():
        key, _, number = line.partition(" ")
        if key == "oom_kill" and limit.isdigit():
            return Kills(int(number), int(limit))
    return None


def kill(groups: Groups, name: str) -> None:
    """SIGKILL to every member, those that fork meanwhile too."""
    for folder in groups.folders(name):
        with contextlib.suppress(OSError):
            write(f"{folder}/pids.max", "0")  # from here on none of them can fork
        with contextlib.suppress(OSError):
            write(f"{folder}/cgroup.kill", "1")
    for folder in groups.folders(name):
        for pid in members(folder):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def empty(groups: Groups, name: str) -> None:
    """Kill the members and wait until the last is gone, at most a tenth of a second."""
    for _ in range(_ROUNDS):
        if not any(members(folder) for folder in groups.folders(name)):
            return
        kill(groups, name)
        time.sleep(_PAUSE)


def remove(groups: Groups, name: str) -> bool:
    """Remove an instance's groups, and the home's with the last; False while they have members."""
    done = True
    for folder in groups.folders(name):
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            continue
        except OSError:
            done = False
            continue
        for above in (os.path.dirname(folder), os.path.dirname(os.path.dirname(folder))):
            with contextlib.suppress(OSError):
                os.rmdir(above)
    return done


def names(groups: Groups) -> set[str]:
    """The instances that have groups, whoever made them."""
    found: set[str] = set()
    for folder in groups.folders():
        with contextlib.suppress(OSError):
            found |= {entry.name for entry in os.scandir(folder) if entry.is_dir()}
    return found


def _settings(
    controller: str, place: Place, limits: Mapping[str, float]
) -> Iterator[tuple[str, str]]:
    """Files of a group, and what is written there."""
    memory, cpus, pids = (limits.get(key) for key in ("memory", "cpus", "pids"))
    if controller == "pids" and pids:
        yield "pids.max", str(int(pids))
    elif controller == "cpu" and cpus:
        quota = max(SMALLEST_QUOTA, int(cpus * PERIOD))
        if place.unified:
            yield "cpu.max", f"{quota} {PERIOD}"
        else:
            yield "cpu.cfs_period_us", str(PERIOD)
            yield "cpu.cfs_quota_us", str(quota)
    elif controller == "memory" and memory:
        if place.unified:
            yield "memory.max", str(int(memory))
            yield "memory.swap.max", "0"
        else:
            yield "memory.limit_in_bytes", str(int(memory))
            yield "memory.memsw.limit_in_bytes", str(int(memory))


def _set(path: str, value: str) -> None:
    """Where the kernel was built without a count of swap, there is none to forbid."""
    try:
        write(path, value)
    except FileNotFoundError:
        if not path.endswith(("memory.swap.max", "memory.memsw.limit_in_bytes")):
            raise


def _make_folder(groups: Groups, controller: str, folder: str) -> None:
    """The group and those above it. Another home may take the uppermost away at any time."""
    place = groups.places[controller]
    home = groups.folder(controller)
    for _ in range(_ROUNDS):
        try:
            for above in (os.path.dirname(home), home):
                with contextlib.suppress(FileExistsError):
                    os.mkdir(above, 0o755)
                    _weigh(above, controller, place)
                if place.unified:
                    write(f"{above}/cgroup.subtree_control", f"+{controller}")
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder, 0o755)
        except FileNotFoundError:
            continue
        return
    raise FileNotFoundError(errno.ENOENT, f"{home} is removed again and again")


def _weigh(folder: str, controller: str, place: Place) -> None:
    """In version 1 a group weighs as much as one process beside it: ours holds many."""
    if controller == "cpu" and not place.unified:
        shares = min(MOST_SHARES, SHARES * (os.cpu_count() or 1))
        write(f"{folder}/cpu.shares", str(shares))
