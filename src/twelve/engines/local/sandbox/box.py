"""The box: what a process may see and use, as the launch says it."""

import errno
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from twelve.engines.local.sandbox import syscalls

TIERS = ("none", "user", "strict")
VIAS = ("userns", "bwrap", "landlock")
HOME = "/tmp/home"  # noqa: S108 - it lies in the private /tmp of the box
DEFAULT_TMP = 64 << 20


class Box(NamedTuple):
    """A launch's ``box``, read and checked."""

    tier: str
    """strict, user, none, or bare: a part of Twelve itself, which only changes its uid."""
    via: str
    """How tier user is made: userns, bwrap, landlock. Empty in the other tiers."""
    uid: int | None
    gid: int | None
    read: tuple[str, ...]
    write: tuple[str, ...]
    tmp: int
    """Bytes of the private memory file system that holds /tmp and /dev/shm."""
    network: bool
    """False: loopback only, or no sockets but unix ones where there is no network namespace."""
    limits: Mapping[str, int]
    user: str
    program: str = ""
    """Path of bwrap, where ``via`` says so."""
    hosts: Mapping[str, str] = {}
    """Names that are resolved here besides those of the machine, each with its address."""

    @property
    def fresh(self) -> bool:
        """Whether we make a fresh root for it ourselves."""
        return self.tier == "strict" or (self.tier == "user" and self.via == "userns")

    @property
    def uncovers(self) -> bool:
        """Whether a part of Twelve with another uid needs paths below folders closed to it."""
        changes = self.tier == "bare" and self.uid is not None and os.geteuid() == 0
        return changes and bool(self.read or self.write)


def read_box(plain: Mapping[str, Any]) -> Box:
    """Read a launch's box; raises OSError (EINVAL) with the key that is off."""
    tier = plain.get("tier", "none")
    if tier not in (*TIERS, "bare"):
        raise _refusal(f"tier: {tier!r} is none of strict, user, none, bare")
    via = (plain.get("via") or "userns") if tier == "user" else ""
    if tier == "user" and via not in VIAS:
        raise _refusal(f"via: {via!r} is none of {', '.join(VIAS)}")
    uid, gid = plain.get("uid"), plain.get("gid")
    if tier == "strict" and uid in (None, 0):
        raise _refusal("uid: tier strict needs a uid, and not root's")
    return Box(
        tier=tier,
        via=via,
        uid=uid,
        gid=uid if gid is None else gid,
        read=_paths(plain, "read"),
        write=_paths(plain, "write"),
        tmp=int(plain.get("tmp") or DEFAULT_TMP),
        network=bool(plain.get("network", True)),
        limits=dict(plain.get("limits") or {}),
        user=_name(plain.get("user") or "app"),
        program=plain.get("program") or "/usr/bin/bwrap",
        hosts=dict(plain.get("hosts") or {}),
    )


def clone_flags(plain: Mapping[str, Any]) -> int:
    """The namespaces to clone the box's first process into; 0 for a plain fork.

    With NEWPID among them that process is PID 1 of its namespace, else it should be a subreaper.
    """
    box = read_box(plain)
    if box.uncovers:
        return syscalls.NEWNS
    if not box.fresh:
        return 0
    flags = syscalls.NEWNS | syscalls.NEWPID | syscalls.NEWIPC | syscalls.NEWUTS
    if box.tier == "user":
        flags |= syscalls.NEWUSER
    return flags if box.network else flags | syscalls.NEWNET


def owner(box: Box) -> tuple[int, int]:
    """Uid and gid that the app runs with."""
    if box.uid is not None:
        return box.uid, box.uid if box.gid is None else box.gid
    return syscalls.started_as()


def _paths(plain: Mapping[str, Any], key: str) -> tuple[str, ...]:
    paths = []
    for path in plain.get(key) or ():
        if not os.path.isabs(path) or "\0" in path:
            raise _refusal(f"{key}: {path!r} is not an absolute path")
        plain_path = os.path.normpath("/" + path.lstrip("/"))
        if plain_path in {"/", "/proc", "/dev", "/tmp", "/sys"}:  # noqa: S108 - the box's own
            raise _refusal(f"{key}: {path!r} cannot be bound as a whole")
        paths.append(plain_path)
    return tuple(dict.fromkeys(paths))


def _name(name: str) -> str:
    if not name.isprintable() or set(name) & set(":/ ,"):
        raise _refusal(f"user: {name!r} cannot stand in a passwd file")
    # An app of that name must not be taken for the superuser, nor hide it.
    return "app" if name == "root" else name


def _refusal(sentence: str) -> OSError:
    return OSError(errno.EINVAL, f"sandbox box: {sentence}")
