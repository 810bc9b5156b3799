"""The seam to the sandbox: which calls are made where in the life of an instance."""

import os
from typing import Any

from twelve.engines.local import sandbox
from twelve.engines.local.sandbox import cgroups, hierarchies, limits, seccomp, syscalls

clone_flags = sandbox.clone_flags
enter = sandbox.enter
confine = sandbox.confine
wrap = sandbox.wrap

Groups = hierarchies.Groups
Kills = cgroups.Kills
find_groups = hierarchies.find
join = cgroups.join
memory_kills = cgroups.memory_kills
kill_group = cgroups.kill
of_process = limits.of_process


def warm() -> None:
    """Make once, before any fork, what is the same for every box."""
    if machine := syscalls.machine():
        for internet in (True, False):
            seccomp.filter_program(machine, internet=internet)


def prepare(plan: dict[str, Any], pid: int) -> None:
    """
    What only the parent can do for a cloned init, before it runs. Raises OSError.

    Root may put an app of tier user under another uid: then the map is ours to write.
    """
    owns = plan.get("uid") in {None, os.geteuid()}
    if plan["tier"] == "user" and plan.get("via", "userns") == "userns" and not owns:
        sandbox.map_ids(plan, pid)


def plain_groups(groups: Groups) -> dict[str, Any]:
    """As ``hello`` says it: what the supervisor keeps limits with."""
    return {
        "places": {name: list(place) for name, place in groups.places.items()},
        "missing": list(groups.missing),
    }


def make_group(groups: Groups, name: str, plan: dict[str, Any]) -> None:
    """A group for a box with limits that are kept by one. Raises OSError."""
    if wanted := limits.of_group(plan.get("limits") or {}):
        cgroups.make(groups, name, wanted)


def doors(groups: Groups, name: str, plan: dict[str, Any]) -> list[int]:
    """Descriptors by which the app joins its group; the caller closes them."""
    return cgroups.doors(groups, name) if limits.of_group(plan.get("limits") or {}) else []


def end_group(groups: Groups, name: str) -> bool:
    """End what is left in a group, and the group itself; False when the kernel keeps it yet."""
    cgroups.empty(groups, name)
    return cgroups.remove(groups, name)


def sweep_groups(groups: Groups, known: set[str]) -> bool:
    """End all groups of the home but the known ones; False when one of them is not gone yet."""
    left = {name for name in cgroups.names(groups) - known if not end_group(groups, name)}
    return not left
