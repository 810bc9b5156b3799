"""
The state file: what a new supervisor must know to find the children of a dead one.

It holds no environment.
"""

import json
import os
from typing import Any

FILE = "state.json"
VERSION = 1


def path_of(home: str) -> str:
    """Where the state file of a home is."""
    return os.path.join(home, "supervisor", FILE)


def save(home: str, boot: str, instances: list[dict[str, Any]], *, sync: bool) -> None:
    """Replace the file as a whole; with ``sync`` it is on the disk before this returns."""
    body = {"version": VERSION, "boot_id": boot, "instances": instances}
    replace(path_of(home), json.dumps(body).encode(), sync=sync)


def load(home: str) -> tuple[str, list[dict[str, Any]]]:
    """The boot that the file speaks of, and its instances; nothing when it cannot be read."""
    try:
        with open(path_of(home), "rb") as file:
            body = json.loads(file.read())
        if body["version"] != VERSION:
            return "", []
        return str(body["boot_id"]), list(body["instances"])
    except (OSError, ValueError, KeyError, TypeError):
        return "", []


def replace(path: str, data: bytes, *, sync: bool) -> None:
    """Write to a temporary name, then rename: a reader sees the old or the new, never half."""
    temporary = f"{path}.new"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        if sync:
            os.fsync(fd)
    finally:
        os.close(fd)
    os.rename(temporary, path)
