"""A finding: one fault that a rule found, with every place where it shows."""

from typing import Literal, NamedTuple

Severity = Literal["high", "medium", "low", "info"]


class Place(NamedTuple):
    """Where: a path relative to the root, and a line from 1 (0 when the whole file is meant)."""

    path: str
    line: int = 0
    column: int = 0


class Finding(NamedTuple):
    """One cause, all its places, and the way out."""

    requirement: str
    severity: Severity
    message: str
    places: tuple[Place, ...] = ()
    fix: str = ""
    app: str = ""
    """The folder of the app that it is about, where a repository holds several."""
