"""What an archive may hold: regular files, directories, and symlinks that stay inside."""

import posixpath
from typing import Literal, NamedTuple

from twelve.errors import Invalid

Kind = Literal["directory", "file", "symlink", "hardlink", "device", "fifo", "socket", "sparse"]

LFS_SIGNATURE = b"version https://git-lfs.github.com/spec/"
SHOWN_LENGTH = 200


class Limits(NamedTuple):
    """How much a tree may hold before it is refused."""

    members: int = 200_000
    size: int = 2 << 30
    """Bytes of all files together."""


class Member(NamedTuple):
    """One member of an archive as its header tells it; ``target`` belongs to links."""

    name: str
    kind: Kind
    size: int = 0
    target: str = ""


def place(member: Member, root: str) -> str | None:
    """Give the member's path below the app's root, ``""`` for the root, None when outside.

    Raises Invalid, by name, for whatever must not be unpacked at all.
    """
    path = clean(member.name)
    if root and path != root and not path.startswith(root + "/"):
        return None
    inside = path[len(root) :].lstrip("/") if root else path
    _check_kind(member)
    if member.kind == "symlink" and inside:
        _check_target(inside, member)
    return inside


def clean(name: str) -> str:
    """Give an archive name without ``./`` and trailing slashes.

    Raises Invalid for absolute names and for names that climb.
    """
    if name.startswith("/"):
        raise Invalid(f"the archive holds an absolute path: {shown(name)}", _RELATIVE)
    if "\0" in name or ".." in name.split("/"):
        raise Invalid(f"the archive holds a path that leaves its root: {shown(name)}", _RELATIVE)
    path = posixpath.normpath(name)
    return "" if path == "." else path


def check_amount(members: int, size: int, limits: Limits) -> None:
    """Raise Invalid when there are too many members, or too many bytes."""
    if members > limits.members:
        raise Invalid(
            f"the tree has more than {limits.members} files",
            "leave out what is not source (.gitignore, export-ignore in .gitattributes)",
        )
    if size > limits.size:
        raise Invalid(
            f"the tree is larger than {limits.size >> 20} MiB",
            "keep large data in a backing service; leave it out by .gitignore or export-ignore",
        )


def check_content(path: str, head: bytes) -> None:
    """Raise Invalid when a file is only a pointer to one kept elsewhere; ``head`` is its start."""
    if head.startswith(LFS_SIGNATURE):
        raise Invalid(
            f"{shown(path)}: a Git LFS pointer, not the file itself",
            "take the file out of LFS, or keep it in a backing service such as an S3 bucket",
        )


def check_submodules(paths: tuple[str, ...]) -> None:
    """Raise Invalid for submodules: an archive has empty folders in their places."""
    if paths:
        raise Invalid(
            f"git submodule {', '.join(map(shown, paths))}: not part of a commit's files",
            "declare it as a dependency, or merge its files into this codebase (git subtree)",
        )


def shown(name: str) -> str:
    """Give a name that is safe to print."""
    printable = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return (printable if printable.isprintable() else repr(printable))[:SHOWN_LENGTH]


_RELATIVE = "make the archive with `git archive` or from inside the folder: names are relative"
_REFUSED: dict[str, str] = {
    "hardlink": "a hard link",
    "device": "a device file",
    "fifo": "a FIFO",
    "socket": "a socket",
    "sparse": "a sparse file",
}


def _check_kind(member: Member) -> None:
    if member.kind == "hardlink":
        clean(member.target)
        return
    if what := _REFUSED.get(member.kind):
        raise Invalid(
            f"{shown(member.name)}: {what} cannot be part of a build",
            "a codebase holds files, folders and symlinks: remove it",
        )


def _check_target(path: str, member: Member) -> None:
    inside = posixpath.normpath(posixpath.join(posixpath.dirname(path), member.target))
    if member.target.startswith("/") or inside == ".." or inside.startswith("../"):
        raise Invalid(
            f"{shown(member.name)}: a symlink that leaves the app's root ({shown(member.target)})",
            "copy what it points to into the codebase, or declare it as a dependency",
        )
