"""What Twelve itself holds in memory while nothing happens: PSS of its processes, in MB.

    python -m bench.idle_memory [SECONDS]

One Flask app is deployed, then nobody asks for so many seconds. `sum` is control, supervisor (its
own small helper too) and collector; an init for each process, and the router, are told beside.
"""

import json
import os
import re
import sys
import time
from pathlib import Path

from demo.home import EXAMPLES, make_home, repository

PARTS = {
    "control": rb"-m\0twelve\0serve",
    "supervisor": rb"twelve\.engines\.local\.supervisor",
    "collector": rb"twelve\.engines\.local\.collector",
    "router": rb"envoy",
}


def main(seconds=20):
    home = make_home()
    try:
        app = repository(home, EXAMPLES / "flask")
        home.twelve("deploy", cwd=app)
        time.sleep(seconds)
        found = {name: [] for name in (*PARTS, "inits")}
        for pid in family(supervisor_of(home)):
            words = read(pid, "cmdline")
            part = next((name for name, form in PARTS.items() if re.search(form, words)), "")
            if words.startswith(b"twelve: init"):
                # One has nothing below it: the helper that forks the others, the supervisor's own.
                part = "inits" if children(pid) else "supervisor"
            if part:
                found[part].append((pid, pss(pid)))
        sums = {name: round(sum(size for _, size in rows), 1) for name, rows in found.items()}
        own = sum(sums[name] for name in ("control", "supervisor", "collector"))
        counts = {name: len(rows) for name, rows in found.items()}
        print(
            json.dumps(
                {"sum": round(own, 1), **sums, "processes": counts, "load": os.getloadavg()[0]},
                indent=2,
            )
        )
    finally:
        home.end()


def supervisor_of(home):
    mark = str(home.home).encode()
    for pid in sorted(map(int, filter(str.isdigit, os.listdir("/proc")))):
        words = read(pid, "cmdline").split(b"\0")
        if b"twelve.engines.local.supervisor" in words and mark in words:
            return pid
    raise SystemExit("no supervisor runs")


def family(pid):
    return [pid, *(each for child in children(pid) for each in family(child))]


def children(pid):
    return [int(child) for child in read(pid, f"task/{pid}/children").split()]


def read(pid, name):
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def pss(pid):
    found = re.search(rb"^Pss: +(\d+) kB", read(pid, "smaps_rollup"), re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
