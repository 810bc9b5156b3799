"""How far a drain has come, in a file of its own: what was delivered is not sent again."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from twelve.engines.local.logfiles import Mark


@dataclass
class Progress:
    """The place in each stream, and what there is to say of the drain."""

    marks: Mapping[str, Mark] = field(default_factory=dict)
    graves: int = 0
    lines: int = 0
    """How many were delivered."""
    missing: int = 0
    """Bytes that retention had deleted before they could be sent; each gap was told."""
    delivered_ns: int = 0
    """When the last were delivered."""
    error: str = ""
    """Why the last try failed; empty while all is well."""
    error_ns: int = 0
    tries: int = 0
    """Failures in a row."""


def read_progress(path: str) -> Progress | None:
    """What the file says; None when there is none, or it cannot be read: then all is sent again."""
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        with open(path, encoding="utf-8") as file:
            plain: dict[str, Any] = json.load(file)
        marks = {folder: Mark(*mark) for folder, mark in plain.pop("marks").items()}
        return Progress(marks, **plain)
    return None


def write_progress(path: str, progress: Progress) -> None:
    """Put it in the place of the former, whole, and on the disk. Raises OSError."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(asdict(progress) | {"marks": dict(progress.marks)}, file)
        file.flush()
        os.fdatasync(file.fileno())
    os.replace(path + ".new", path)


def path_of(home: str, key: str) -> str:
    """The file of a drain."""
    return f"{home}/drains/{key}.json"
