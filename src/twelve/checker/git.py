"""What git's own files say: the commit, the branches, the tracked files. Nothing is run."""

import fnmatch
import os
import struct
from pathlib import Path

from twelve.checker.source import Source, decode
from twelve.picture.tree import Repository


def find_git(root: Path) -> Path | None:
    """The git directory of the repository that the folder is in."""
    for folder in (root, *root.parents):
        git = folder / ".git"
        if git.is_dir():
            return git
        if git.is_file():
            said = git.read_text("utf-8", "replace").strip()
            if said.startswith("gitdir:"):
                path = folder / said.removeprefix("gitdir:").strip()
                return path if path.is_dir() else None
    return None


def tracked_files(git: Path, root: Path) -> set[str] | None:
    """Tracked paths relative to the checked root; None when the index cannot be read."""
    try:
        data = (git / "index").read_bytes()
        names = _index_names(data)
    except (OSError, ValueError, struct.error, IndexError):
        return None
    prefix = (
        os.path.relpath(root, git.parent) + "/" if git.name == ".git" and root != git.parent else ""
    )
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}


def _index_names(data: bytes) -> list[str]:
    magic, version, count = struct.unpack(">4sII", data[:12])
    if magic != b"DIRC" or version not in (2, 3, 4):
        raise ValueError(version)
    names, at, before = [], 12, b""
    for _ in range(count):
        flags = struct.unpack(">H", data[at + 60 : at + 62])[0]
        start = at + 62 + (2 if version >= 3 and flags & 0x4000 else 0)
        if version == 4:
            cut, start = _varint(data, start)
            end = data.index(b"\0", start)
            name = before[: len(before) - cut] + data[start:end]
            at = end + 1
        else:
            end = data.index(b"\0", start)
            name = data[start:end]
            at += (end - at + 8) & ~7
        before = name
        names.append(name.decode("utf-8", "surrogateescape"))
    return names


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = data[at] & 127
    while data[at] & 128:
        at += 1
        value = ((value + 1) << 7) | (data[at] & 127)
    return value, at + 1


def read_repository(root: Path, source: Source) -> Repository:
    """The facts of version control around a folder."""
    ignored = ignore_patterns(source)
    others = submodules(decode(source.read(".gitmodules")))
    git = find_git(root)
    if git is None:
        other = any(
            (folder / name).is_dir() for folder in (root, *root.parents) for name in (".hg", ".svn")
        )
        return Repository(other, "", (), others, ignored)
    common = git
    if (git / "commondir").is_file():
        common = (git / (git / "commondir").read_text().strip()).resolve()
    return Repository(True, _commit(git, common), tuple(sorted(_branches(common))), others, ignored)


def _commit(git: Path, common: Path) -> str:
    try:
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref:"):
            return head
        ref = head.removeprefix("ref:").strip()
        if (common / ref).is_file():
            return (common / ref).read_text().strip()
        return next((line.split()[0] for line in _packed(common) if line.endswith(" " + ref)), "")
    except (OSError, ValueError):
        return ""


def _packed(common: Path) -> list[str]:
    try:
        return [
            line for line in (common / "packed-refs").read_text().splitlines() if line[:1].isalnum()
        ]
    except OSError:
        return []


def _branches(common: Path) -> set[str]:
    found = set()
    for line in _packed(common):
        ref = line.partition(" ")[2]
        for prefix in ("refs/heads/", "refs/remotes/origin/"):
            if ref.startswith(prefix):
                found.add(ref.removeprefix(prefix))
    heads = common / "refs" / "heads"
    if heads.is_dir():
        found |= {path.relative_to(heads).as_posix() for path in heads.rglob("*") if path.is_file()}
    return found - {"HEAD"}


def submodules(text: str) -> tuple[str, ...]:
    """The folders that ``.gitmodules`` gives to other repositories."""
    return tuple(
        line.partition("=")[2].strip().rstrip("/")
        for line in text.splitlines()
        if line.strip().startswith("path") and line.partition("=")[2].strip()
    )


def ignore_patterns(source: Source) -> tuple[tuple[str, str, int], ...]:
    """The patterns of all .gitignore files: pattern, the file's path, line."""
    found = []
    for path in (".gitignore",):
        for number, line in enumerate(decode(source.read(path)).splitlines(), 1):
            text = line.strip()
            if text and not text.startswith("#"):
                found.append((text, path, number))
    return tuple(found)


def is_ignored(
    path: str, patterns: tuple[tuple[str, str, int], ...]
) -> tuple[str, str, int] | None:
    """The last pattern that ignores the path; a small reader, good for the plain patterns that people write."""
    hit = None
    pieces = path.split("/")
    for pattern, origin, line in patterns:
        negated = pattern.startswith("!")
        text = pattern.lstrip("!").rstrip("/")
        anchored = text.startswith("/") or "/" in text
        text = text.lstrip("/")
        heads = ["/".join(pieces[: n + 1]) for n in range(len(pieces))] if anchored else pieces
        if any(fnmatch.fnmatchcase(head, text) for head in heads):
            hit = None if negated else (pattern, origin, line)
    return hit
