"""Where this machine lets us make control groups: version 2, version 1, or nowhere.

At the top of each hierarchy that we may write, not below our own group: that ends with a login,
while instances outlive even the supervisor.
"""

import contextlib
import errno
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

CONTROLLERS = ("memory", "cpu", "pids")
TOP = "twelve"
SELF = "twelve-self"
"""Where a service that was given its own group moves itself: a group with groups has no members."""
_MOUNTS, _OWN = "/proc/self/mountinfo", "/proc/self/cgroup"


class Place(NamedTuple):
    """Where groups are made for a controller."""

    folder: str
    """The hierarchy's top, or the part of it that was given to us."""
    unified: bool
    """Version 2, where one group has all controllers."""


class Groups(NamedTuple):
    """What this machine gives to one home."""

    home: str
    """Eight hex digits that part this home's groups from another's."""
    places: Mapping[str, Place]
    """By controller; one that is not there is not kept."""
    missing: tuple[str, ...]
    """Sentences: what is not kept, and why."""

    def folder(self, controller: str, name: str = "") -> str:
        """The group of an instance, or the home's own."""
        return os.path.join(self.places[controller].folder, TOP, self.home, name).rstrip("/")

    def folders(self, name: str = "") -> list[str]:
        """All groups of an instance, each once."""
        return list(dict.fromkeys(self.folder(controller, name) for controller in self.places))


def find(home: str, mounts: str = "", own: str = "") -> Groups:
    """Look for groups that we may make; ``mounts`` and ``own`` are read from /proc unless given."""
    tops, v2 = _hierarchies(mounts or read(_MOUNTS))
    places: dict[str, Place] = {}
    missing: dict[str, str] = {}
    given, why = _given(v2, own or read(_OWN))
    offered = read(os.path.join(given or v2, "cgroup.controllers")).split() if v2 else []
    for controller in CONTROLLERS:
        if controller in tops:
            if _may_write(tops[controller], "cgroup.procs"):
                places[controller] = Place(tops[controller], unified=False)
            else:
                missing[controller] = f"{tops[controller]} is not ours to write"
        elif controller not in offered:
            missing[controller] = why or "the kernel has no control group for it"
        elif reason := why or _enable(given, controller, ours=given != v2):
            missing[controller] = reason
        else:
            places[controller] = Place(given, unified=True)
    return Groups(home, places, tuple(f"{name}: {reason}" for name, reason in missing.items()))


def from_plain(plain: Mapping[str, Any]) -> Groups:
    """What the supervisor's hello told."""
    places = {name: Place(*place) for name, place in plain["places"].items()}
    return Groups("", places, tuple(plain["missing"]))


def write(path: str, value: str) -> None:
    """Write to a file of a control group. Raises OSError."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, value.encode())
    finally:
        os.close(fd)


def read(path: str) -> str:
    """The text of such a file, empty when there is none."""
    try:
        with open(path, "rb") as file:
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def members(folder: str) -> list[int]:
    """The processes in a group."""
    return [int(word) for word in read(f"{folder}/cgroup.procs").split()]


def _hierarchies(mounts: str) -> tuple[dict[str, str], str]:
    """The tops of version 1 by controller, and that of version 2, from /proc/self/mountinfo."""
    tops: dict[str, str] = {}
    v2 = ""
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        fields, (kind, _, *options) = left.split(), (*right.split(), "", "")[:4]
        if kind == "cgroup2" and len(fields) > 4:
            v2 = v2 or fields[4]
        elif kind == "cgroup" and len(fields) > 4:
            for controller in set(CONTROLLERS) & set(options[0].split(",")):
                tops.setdefault(controller, fields[4])
    return tops, v2


def _given(v2: str, own: str) -> tuple[str, str]:
    """The highest group of version 2 that we may make groups in; else why there is none.

    To move a process one must own the group above both its old and its new one, so a part of the
    tree that is ours helps only when we are in it.
    """
    if not v2:
        return "", ""
    path = next((line[3:] for line in own.splitlines() if line.startswith("0::")), "/")
    steps = [step for step in path.split("/") if step]
    for depth in range(len(steps) + 1):
        folder = os.path.join(v2, *steps[:depth])
        if _may_write(folder, "cgroup.procs", "cgroup.subtree_control"):
            return folder, ""
    return "", f"no control group of ours above {path}: a systemd service needs Delegate=yes"


def _enable(folder: str, controller: str, *, ours: bool) -> str:
    """Let groups below have the controller; empty, or why they cannot."""
    for again in (True, False):
        try:
            write(f"{folder}/cgroup.subtree_control", f"+{controller}")
        except OSError as error:
            if error.errno == errno.EBUSY and again and ours and _step_aside(folder):
                continue
            return f"cannot be passed on in {folder}: {error.strerror}"
        return ""
    return ""


def _step_aside(folder: str) -> bool:
    """Move the members of a group that is ours into one below it."""
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(f"{folder}/{SELF}")
        for pid in members(folder):
            with contextlib.suppress(ProcessLookupError):
                write(f"{folder}/{SELF}/cgroup.procs", str(pid))
    except OSError:
        return False
    return True


def _may_write(folder: str, *files: str) -> bool:
    paths = (folder, *(os.path.join(folder, file) for file in files))
    return all(os.access(path, os.W_OK) for path in paths)
