"""Limits: which of a box's are kept by a control group, and what stands in where there is none."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from twelve.engines.local.sandbox.hierarchies import Groups

CONTROLLER = {"memory": "memory", "cpus": "cpu", "pids": "pids"}
"""The limits that hold for an instance as a whole, and what keeps each. The rest are rlimits."""
PIDS = 1024
"""Of a process that says nothing: far above what servers need, far below what hurts a machine."""
BUILD_PIDS = 4096
"""Compilers start as many as there are processors, each with threads."""
DEPLOY_PIDS = 4096
"""Of all processes of a uid, where only the uid can be counted."""


class Kept(NamedTuple):
    """What this machine keeps, for people."""

    by: str
    """``cgroup v2``, ``cgroup v1``, ``cgroup v1 and v2`` or ``rlimits``."""
    missing: tuple[str, ...]
    """Sentences."""


def of_group(limits: Mapping[str, Any]) -> dict[str, float]:
    """Those that a group can keep; nothing means that the instance needs no group."""
    return {name: limits[name] for name in CONTROLLER if limits.get(name)}


def of_process(box: Mapping[str, Any], groups: Groups) -> dict[str, int]:
    """The rlimits of a box: its own, and what stands in for limits without a group.

    RLIMIT_DATA counts the private memory that a process may write, stacks of threads as a whole;
    RLIMIT_AS would count what runtimes only reserve, which is more than any limit.
    """
    limits = dict(box.get("limits") or {})
    wanted = of_group(limits)
    rest = {name: int(value) for name, value in limits.items() if name not in CONTROLLER}
    if "memory" in wanted and "memory" not in groups.places:
        rest["data"] = int(wanted["memory"])
    if "pids" in wanted and "pids" not in groups.places:
        if box["tier"] == "strict":  # the uid is the deploy's, and so is the count
            rest["nproc"] = max(DEPLOY_PIDS, int(wanted["pids"]))
        elif box["tier"] == "user" and box.get("via", "userns") == "userns":
            rest["nproc"] = int(wanted["pids"])  # counted for each user namespace
    return rest


def kept(groups: Groups, tier: str, via: str) -> Kept:
    """What keeps limits here, and what is missing, in sentences."""
    versions = sorted({2 if place.unified else 1 for place in groups.places.values()})
    by = "cgroup " + " and ".join(f"v{number}" for number in versions) if versions else "rlimits"
    instead = {
        "memory": "for each process alone, by RLIMIT_DATA, which refuses memory and kills nobody",
        "cpu": "not kept",
        "pids": f"{DEPLOY_PIDS} for all processes of a deploy"
        if tier == "strict"
        else "by a limit of the user namespace"
        if (tier, via) == ("user", "userns")
        else "not kept",
    }
    reasons = (line.partition(": ") for line in groups.missing)
    missing = [f"{name}: {instead[name]} ({why})" for name, _, why in reasons]
    if tier == "none" or (tier, via) == ("user", "landlock"):
        missing.append("tmp: not kept (only namespaces give a /tmp that can be full)")
    return Kept(by, tuple(missing))
