"""What processes cost, as the kernel counts it: CPU seconds, memory, descriptors, threads."""

import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from demo.stall import held as held  # noqa: PLC0414 - one of the costs

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
    return list(descend(pid, children_of(everything())))


def children_of(table: dict[int, Seen]) -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for seen in table.values():
        children.setdefault(seen.parent, []).append(seen.pid)
    return children


def descend(pid: int, children: dict[int, list[int]]) -> Iterator[int]:
    for child in children.get(pid, ()):
        yield child
        yield from descend(child, children)


PARTS = ("control", "supervisor", "collector", "router")


def parts_of(home: Path) -> dict[str, list[int]]:
    """The pids of a home's parts by name; `inits` are those of its apps, the parts have theirs too.

    By the supervisor's own notes: what it has adopted does not descend from it.
    """
    found: dict[str, list[int]] = {name: [] for name in (*PARTS, "inits", "inits of parts")}
    mark, table = os.fsencode(home), everything()
    found["supervisor"] = [
        pid
        for pid in table
        if b"twelve.engines.local.supervisor" in (words := read(pid, "cmdline")) and mark in words
    ]
    children = children_of(table)
    helpers = {each for pid in found["supervisor"] for each in descend(pid, children)}
    try:
        rows = json.loads((home / "supervisor/state.json").read_text())["instances"]
    except (OSError, ValueError):
        rows = []
    for row in rows:
        if row["gone"] or row["pid"] not in table:
            continue
        own = row["name"].startswith("twelve/")
        found["inits of parts" if own else "inits"].append(row["pid"])
        helpers -= {row["pid"], *descend(row["pid"], children)}
        if own and (name := row["name"][len("twelve/") :].partition("@")[0]) in PARTS:
            found[name] += [row["app_pid"]] if row["app_pid"] in table else []
    # One that forks the inits is the supervisor's own.
    found["supervisor"] += sorted(helpers - set(found["supervisor"]))
    return found
