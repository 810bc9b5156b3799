"""Makes a folder a layer: times, modes and owners alike, every byte digested, none writable."""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from twelve.errors import BuildFailed
from twelve.factors.codebase.digest import Entry, directory, file, symlink, tree_digest

EPOCH_NS = 1_000_000_000
"""mtime of everything in a layer: one second, because some programs take zero for "unknown"."""


class Sealed(NamedTuple):
    """What a folder holds: its digest, and how many entries and bytes."""

    digest: str
    entries: int
    size: int


def seal(root: Path) -> Sealed:
    """Normalise and digest all below the folder. Raises BuildFailed for a device or socket."""
    owner = (0, 0) if os.geteuid() == 0 else None
    if owner is None:
        # A hook may have taken the rights to its own files from itself.
        _open_up(root)
    entries, size = [], 0
    for path, name, facts in _walk(root):
        entries.append(_entry(path, name, facts))
        if stat.S_ISREG(facts.st_mode):
            size += facts.st_size
        _normalise(path, facts, owner)
    _normalise(str(root), os.lstat(root), owner)
    return Sealed(tree_digest(entries), len(entries), size)


def digest_folder(root: Path) -> str:
    """Digest a folder as it is, changing nothing."""
    return tree_digest(_entry(path, name, facts) for path, name, facts in _walk(root))


def hand_over(root: Path, uid: int, gid: int) -> None:
    """Give the folder and all in it to a user; symlinks are not followed."""
    for path, _, facts in _walk(root):
        if (facts.st_uid, facts.st_gid) != (uid, gid):
            os.chown(path, uid, gid, follow_symlinks=False)
    os.chown(root, uid, gid, follow_symlinks=False)


def copy_writable(source: Path, target: Path) -> None:
    """Copy a sealed folder so that its owner may write to all of it."""
    target.mkdir()
    with os.scandir(source) as listing:
        for found in listing:
            copy = target / found.name
            if found.is_symlink():
                copy.symlink_to(os.readlink(found.path))
            elif found.is_dir():
                copy_writable(Path(found.path), copy)
            else:
                shutil.copyfile(found.path, copy)
                copy.chmod(0o755 if found.stat().st_mode & 0o100 else 0o644)


def discard(root: Path) -> None:
    """Remove a folder, even one that was sealed; nothing happens when there is none."""
    if root.is_symlink() or not root.is_dir():
        root.unlink(missing_ok=True)
        return
    _open_up(root)
    shutil.rmtree(root)


def _open_up(root: Path) -> None:
    """Let the owner read everything and write to all folders."""
    os.chmod(root, 0o700)
    for folder, names, files in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                os.chmod(path, 0o700)
        for name in files:
            path = os.path.join(folder, name)
            mode = os.lstat(path).st_mode
            if stat.S_ISREG(mode) and not mode & 0o400:
                os.chmod(path, stat.S_IMODE(mode) | 0o400)


def _walk(root: Path) -> Iterator[tuple[str, str, os.stat_result]]:
    """Give path, name below the root, and facts of each entry, a folder after its content."""
    prefix = len(str(root)) + 1
    waiting = [str(root)]
    folders = []
    while waiting:
        with os.scandir(waiting.pop()) as listing:
            for found in listing:
                facts = found.stat(follow_symlinks=False)
                if stat.S_ISDIR(facts.st_mode):
                    waiting.append(found.path)
                    folders.append((found.path, found.path[prefix:], facts))
                else:
                    yield found.path, found.path[prefix:], facts
    yield from reversed(folders)


def _entry(path: str, name: str, facts: os.stat_result) -> Entry:
    if stat.S_ISREG(facts.st_mode):
        with open(path, "rb") as opened:
            content = hashlib.file_digest(opened, "sha256").hexdigest()
        return file(name, executable=bool(facts.st_mode & 0o100), sha256=content)
    if stat.S_ISLNK(facts.st_mode):
        return symlink(name, os.readlink(path))
    if stat.S_ISDIR(facts.st_mode):
        return directory(name)
    raise BuildFailed(
        f"{name}: a build holds files, folders and symlinks only, and this is none of them",
        "let the hook remove the sockets, FIFOs and devices that it makes",
    )


def _normalise(path: str, facts: os.stat_result, owner: tuple[int, int] | None) -> None:
    if owner and (facts.st_uid, facts.st_gid) != owner:
        os.chown(path, *owner, follow_symlinks=False)
    if not stat.S_ISLNK(facts.st_mode):
        executable = stat.S_ISDIR(facts.st_mode) or facts.st_mode & 0o100
        os.chmod(path, 0o555 if executable else 0o444)
    os.utime(path, ns=(EPOCH_NS, EPOCH_NS), follow_symlinks=False)
