"""What processes cost, as the kernel counts it: CPU seconds, memory, descriptors, threads."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

TICKS = os.sysconf("SC_CLK_TCK")


class Seen(NamedTuple):
    """A living process."""

    pid: int
    parent: int
    name: str
    cpu: float


def read(pid: int, name: str) -> bytes:
    """A file of /proc; nothing when the process is gone."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def look(pid: int) -> Seen | None:
    """One process; nothing for a zombie."""
    head, _, tail = read(pid, "stat").decode(errors="replace").rpartition(")")
    fields = tail.split()
    if not fields or fields[0] in "ZX":
        return None
    return Seen(
        pid, int(fields[1]), head.partition("(")[2], (int(fields[11]) + int(fields[12])) / TICKS
    )


def everything() -> dict[int, Seen]:
    """All living processes."""
    return {
        int(pid): seen for pid in os.listdir("/proc") if pid.isdigit() and (seen := look(int(pid)))
    }


def marked(*marks: str) -> dict[int, Seen]:
    """Those that carry a mark in arguments or environment, and all that descend from them."""
    table, wanted = everything(), [mark.encode() for mark in marks]
    found = {
        pid
        for pid in table
        if pid != os.getpid()
        and any(mark in read(pid, "cmdline") or mark in read(pid, "environ") for mark in wanted)
    }
    while more := {pid for pid, seen in table.items() if seen.parent in found} - found:
        found |= more
    found.discard(os.getpid())
    return {pid: table[pid] for pid in found}


def cpu(pids: Iterable[int]) -> float:
    """User and system seconds, in ticks of 10 ms."""
    return sum(seen.cpu for pid in pids if (seen := look(pid)))


def fine_cpu(pids: Iterable[int]) -> float:
    """Seconds on a processor, to the nanosecond, of the threads that live."""
    total = 0
    for pid in pids:
        try:
            threads = os.listdir(f"/proc/{pid}/task")
        except OSError:
            continue
        total += sum(
            int((read(pid, f"task/{each}/schedstat").split() or [b"0"])[0]) for each in threads
        )
    return total / 1e9


def pss(pid: int) -> float:
    """The process's share of memory, in MB."""
    found = re.search(rb"^Pss: +(\d+) kB", read(pid, "smaps_rollup"), re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def descriptors(pid: int) -> int:
    """How many it has open."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def threads(pid: int) -> int:
    """How many it has."""
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return 0


def below(pid: int) -> list[int]:
    """All that descend from it."""
    children: dict[int, list[int]] = {}
    for seen in everything().values():
        children.setdefault(seen.parent, []).append(seen.pid)
    return list(descend(pid, children))


def descend(pid: int, children: dict[int, list[int]]) -> Iterator[int]:
    for child in children.get(pid, ()):
        yield child
        yield from descend(child, children)


PARTS = {
    "control": re.compile(rb"-m\0twelve\0serve"),
    "supervisor": re.compile(rb"twelve\.engines\.local\.supervisor"),
    "collector": re.compile(rb"twelve\.engines\.local\.collector"),
    "router": re.compile(rb"envoy"),
}


def parts_of(home: Path) -> dict[str, list[int]]:
    """The pids of a home's parts by name; `inits` are those of its apps, the parts have theirs too."""
    mark, table = os.fsencode(home), everything()
    words = {pid: read(pid, "cmdline") for pid in table}
    roots = [pid for pid in table if PARTS["supervisor"].search(words[pid]) and mark in words[pid]]
    below: dict[int, list[int]] = {}
    for pid, seen in table.items():
        below.setdefault(seen.parent, []).append(pid)
    family = {pid for root in roots for pid in (root, *descend(root, below))}
    found: dict[str, list[int]] = {name: [] for name in (*PARTS, "inits", "inits of parts")}
    for pid in sorted(family):
        if words[pid].startswith(b"twelve: init"):
            # One has nothing below it: the helper that forks the others, the supervisor's own.
            own = any(
                form.search(words[each]) for each in below.get(pid, ()) for form in PARTS.values()
            )
            name = "inits of parts" if own else "inits" if below.get(pid) else "supervisor"
            found[name].append(pid)
            continue
        name = next((name for name, form in PARTS.items() if form.search(words[pid])), "")
        if name:
            found[name].append(pid)
    return found
