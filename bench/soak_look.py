"""A home at a moment of the soak: what its parts hold, and its files."""

import os
from pathlib import Path
from typing import Any

from bench import costs
from demo.home import Home

PARTS = ("control", "supervisor", "collector", "router")


def look(home: Home, at: float) -> dict[str, Any]:
    """The parts, and the home's files, at a moment."""
    found: dict[str, Any] = {"at": round(at, 1), "load": round(os.getloadavg()[0], 1)}
    parts = costs.parts_of(home.home)
    for name in PARTS:
        pids = parts[name]
        found[name] = {
            "pids": pids,
            "held_mb": round(sum(map(costs.held, pids)), 2),
            "fds": sum(map(costs.descriptors, pids)),
            "threads": sum(map(costs.threads, pids)),
        }
    found["processes"] = len(parts["inits"])
    for name, folder in (("home", home.home), ("run", home.run), ("tmp", home.temporary)):
        found[f"files in {name}"], found[f"mb in {name}"] = weigh(folder)
    # Where a growth of the home is, if there is one.
    found["by folder"] = {
        path.name: weigh(path)[0] for path in sorted(home.home.iterdir()) if path.is_dir()
    }
    return found


def weigh(folder: Path) -> tuple[int, float]:
    """How many files, how many MB."""
    count = size = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                size += os.lstat(f"{path}/{name}").st_size
            except OSError:
                continue
            count += 1
    return count, round(size / 1e6, 2)
