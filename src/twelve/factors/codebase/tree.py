"""A tree: the files of one app at one commit, and what is known about where they came from."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Source = Literal["git", "folder", "archive"]


class TreeFacts(NamedTuple):
    """Where a tree came from. Times are nanoseconds since the epoch; unknown texts are empty."""

    source: Source
    commit: str = ""
    root_commit: str = ""
    """First commit: it names the app for good. Empty outside git and in shallow clones."""
    subject: str = ""
    committed_ns: int = 0
    dirty: bool = False
    left_out: tuple[str, ...] = ()
    """Changes that are not part of the tree, by name."""
    root: str = ""
    """The app's folder inside the archive, empty for its top."""
    shallow: bool = False

    def to_plain(self) -> dict[str, Any]:
        """Give JSON-ready data."""
        return {**self._asdict(), "left_out": list(self.left_out)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "TreeFacts":
        """Read what ``to_plain`` gave; unknown keys, from a newer sender, are ignored."""
        known = {key: value for key, value in plain.items() if key in cls._fields}
        return cls(**{**known, "left_out": tuple(known.get("left_out", ()))})


class Tree(NamedTuple):
    """The files of one app: their digest, their names, and where they came from."""

    digest: str
    facts: TreeFacts
    names: tuple[str, ...]
    """Files and symlinks, relative to the app's root, sorted."""


def remarks(facts: TreeFacts) -> list[str]:
    """Say what the user should know about this tree, a sentence each."""
    said = []
    if facts.source == "folder":
        said.append(
            "this folder is not under version control: the build is known by the digest of its "
            "files only (`git init`, then commit, to have a history)"
        )
    if facts.dirty:
        said.append(f"built from {facts.commit[:7]} plus changes that no commit holds (--dirty)")
    config = tuple(name for name in facts.left_out if name.rpartition("/")[2] == ".env")
    if config:
        said.append(
            f"not in this build, because config is no part of one: {some(config)} "
            f"(`twelve config import {config[0]}` sets what it holds)"
        )
    if others := tuple(name for name in facts.left_out if name not in config):
        said.append(f"not in this build, because not committed: {some(others)}")
    if facts.shallow:
        said.append(
            "this is a shallow clone: the app's root commit is unknown "
            "(`git fetch --unshallow` mends it)"
        )
    return said


def some(names: tuple[str, ...], most: int = 5) -> str:
    """Name the first few, and count the others."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
