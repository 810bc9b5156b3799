"""A process type: a command, and how its processes start, become ready, are limited and stop."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

RESERVED_TYPES = frozenset({"release", "run", "build", "twelve", "router"})
"""``release:`` is the release command; the others name streams that are not an app's."""

_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}\Z", re.ASCII)


class ProcessType(NamedTuple):
    """One process type. Times are in seconds, ``memory`` and ``tmp`` in bytes, None is no limit."""

    name: str
    command: str
    health: str | None = None
    """Path that answers 2xx or 3xx when all is well; without it any answer on PORT will do."""
    ready: float = 60.0
    """How long a new process may take to become ready."""
    settle: float = 2.0
    """A process without a port is ready when it has lived that long."""
    quantity: int = 1
    grace: float = 30.0
    """Time between the stop signal and SIGKILL."""
    drain: float = 60.0
    """How long requests under way may go on before the old release is stopped."""
    idle: float = 300.0
    """The router ends a connection on which nothing has moved for that long."""
    overlap: bool = True
    """Old and new processes may run side by side during a deploy."""
    route: bool = False
    """The router sends requests to it."""
    port: bool = False
    """It is given a PORT."""
    liveness: bool = False
    """``health`` is asked on after readiness, and a process that fails is restarted."""
    stop_signal: str = "SIGTERM"
    memory: int | None = None
    cpus: float | None = None
    pids: int | None = None
    nofile: int | None = None
    tmp: int | None = None
    reload: bool | tuple[str, ...] = True
    """In development: whether a changed file starts new processes, or which files do."""


def reloads(kind: ProcessType, names: Iterable[str]) -> bool:
    """Whether one of the changed files is one that the type starts anew for.

    A pattern ``mail/`` stands for a folder; else ``*`` and ``?`` stand for any letters, also for /.
    """
    if isinstance(kind.reload, bool):
        return kind.reload
    return any(
        name.startswith(pattern) if pattern.endswith("/") else fnmatchcase(name, pattern)
        for name in names
        for pattern in kind.reload
    )


def type_problem(name: str) -> str:
    """Why this cannot name a process type; empty when it can."""
    if not _TYPE.match(name):
        return (
            "is not a name for a process type: write 1 to 63 letters, digits, - or _, "
            "a letter or digit first"
        )
    if name in RESERVED_TYPES:
        return "is a name of Twelve's own: choose another"
    return ""
