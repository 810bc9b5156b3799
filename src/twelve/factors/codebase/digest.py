"""A tree's digest: one sha256 over its sorted entries, the same wherever and whenever it is taken.

An entry is a line of NUL-separated fields: ``d PATH``, ``f PATH x|- SHA256`` or ``l PATH TARGET``.
Times, owners and all mode bits but the owner's exec bit are left out. Paths are bytes as the file
system has them.
"""

import hashlib
from collections.abc import Iterable
from typing import Literal, NamedTuple


class Entry(NamedTuple):
    """One directory, file or symlink of a tree, its path relative to the root."""

    kind: Literal["d", "f", "l"]
    path: str
    executable: bool = False
    content: str = ""
    """sha256 of a file in hex, or the target of a symlink."""


def directory(path: str) -> Entry:
    """Give the entry of a directory."""
    return Entry("d", path)


def file(path: str, *, executable: bool, sha256: str) -> Entry:
    """Give the entry of a regular file."""
    return Entry("f", path, executable, sha256)


def symlink(path: str, target: str) -> Entry:
    """Give the entry of a symlink."""
    return Entry("l", path, content=target)


def tree_digest(entries: Iterable[Entry]) -> str:
    """Give the sha256, in hex, of all entries in the order of their paths' bytes."""
    lines = sorted((_bytes(entry.path), _line(entry)) for entry in entries)
    total = hashlib.sha256()
    for _, line in lines:
        total.update(line)
    return total.hexdigest()


def with_parents(entries: Iterable[Entry]) -> list[Entry]:
    """Add the directories that the entries' paths imply: archives may leave them out."""
    known = {entry.path: entry for entry in entries}
    for path in list(known):
        parent = path.rpartition("/")[0]
        while parent and parent not in known:
            known[parent] = directory(parent)
            parent = parent.rpartition("/")[0]
    return list(known.values())


def _line(entry: Entry) -> bytes:
    fields = [entry.kind.encode(), _bytes(entry.path)]
    if entry.kind == "f":
        fields += [b"x" if entry.executable else b"-", entry.content.encode()]
    if entry.kind == "l":
        fields.append(_bytes(entry.content))
    return b"\0".join(fields) + b"\n"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
