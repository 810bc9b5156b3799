"""The tree that is checked: a folder on disk, or a mapping in tests. Links out of the tree are never followed."""

import fnmatch
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from twelve.errors import Usage

SKIPPED = frozenset(
    [
        ".git",
        ".hg",
        ".svn",
        ".bzr",
        "node_modules",
        "bower_components",
        ".venv",
        "venv",
        ".tox",
        ".nox",
        "__pycache__",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".hypothesis",
        ".cache",
        ".eggs",
        ".idea",
        ".terraform",
        ".next",
        ".nuxt",
        ".svelte-kit",
        ".turbo",
        ".yarn",
        ".pnpm-store",
        ".gradle",
        ".serverless",
        ".parcel-cache",
        ".direnv",
        "coverage",
    ]
)
"""Folders that hold no code of the app."""
BIGGEST = 2_000_000
MOST_FILES = 1_000_000
TELL_EACH = 10_000


class Entry(NamedTuple):
    """One file found: its size, and where it points when it is a link."""

    path: str
    size: int
    link: str = ""


class Source(Protocol):
    """Where a tree's files come from."""

    def entries(self) -> Iterator[Entry]:
        """All files, folders that never hold app code left out."""

    def read(self, path: str, limit: int = BIGGEST) -> bytes:
        """A file's bytes; nothing when it cannot be read or is larger than the limit."""


class MemoryTree:
    """A tree in a mapping."""

    def __init__(self, files: Mapping[str, str | bytes]) -> None:
        self.files = {
            path: text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
            for path, text in files.items()
        }

    def entries(self) -> Iterator[Entry]:
        for path, data in self.files.items():
            if not path.startswith(".git/"):
                yield Entry(path, len(data))

    def read(self, path: str, limit: int = BIGGEST) -> bytes:
        data = self.files.get(path, b"")
        return data if len(data) <= limit else b""


class Overlay:
    """A tree with some texts replaced or added."""

    def __init__(self, under: Source, texts: Mapping[str, str]) -> None:
        self.under = under
        self.texts = texts

    def entries(self) -> Iterator[Entry]:
        yield from (one for one in self.under.entries() if one.path not in self.texts)
        for path, text in self.texts.items():
            yield Entry(path, len(text))

    def read(self, path: str, limit: int = BIGGEST) -> bytes:
        text = self.texts.get(path)
        return (
            self.under.read(path, limit)
            if text is None
            else text.encode("utf-8", "surrogateescape")
        )


class FolderTree:
    """A folder on disk."""

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise Usage(f"{root}: not a directory", "twelve check PATH wants the folder of an app")
        self.root = root.resolve()
        self.base = os.fspath(self.root).rstrip("/")
        self.excluded: tuple[str, ...] = ()
        self.folders: dict[str, bool] = {}
        self.told: Callable[[int], object] | None = None
        """Hears how many files were found so far."""
        self.cut = False
        """Were there more files than are read?"""

    def without(self, patterns: tuple[str, ...]) -> "FolderTree":
        """The same tree, some paths left out."""
        self.excluded = patterns
        return self

    def entries(self) -> Iterator[Entry]:
        pending = [""]
        count = 0
        while pending:
            folder = pending.pop()
            try:
                with os.scandir(os.path.join(self.base, folder) if folder else self.base) as found:
                    held = sorted(found, key=lambda item: item.name)
            except OSError:
                continue
            for item in held:
                path = f"{folder}/{item.name}" if folder else item.name
                if self.excluded and any(
                    fnmatch.fnmatchcase(path, pattern) for pattern in self.excluded
                ):
                    continue
                if item.is_symlink():
                    yield Entry(path, 0, _target(item.path))
                elif item.is_dir(follow_symlinks=False):
                    if item.name not in SKIPPED:
                        pending.append(path)
                elif item.is_file(follow_symlinks=False):
                    count += 1
                    if self._enough(count):
                        return
                    yield Entry(path, _size(item))

    def _enough(self, count: int) -> bool:
        self.cut = count > MOST_FILES
        if self.told and not count % TELL_EACH:
            self.told(count)
        return self.cut

    def _inside(self, folder: str) -> bool:
        """Does the folder lie in the tree, links followed? Remembered, since many files share one."""
        if folder not in self.folders:
            real = os.path.realpath(os.path.join(self.base, folder))
            self.folders[folder] = (real + os.sep).startswith(self.base + os.sep)
        return self.folders[folder]

    def read(self, path: str, limit: int = BIGGEST) -> bytes:
        """Only regular files under the root are opened, never through a link and never blocking."""
        full = os.path.join(self.base, path)
        try:
            if not self._inside(path.rpartition("/")[0]):
                return b""
            handle = os.open(full, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, ValueError):
            return b""
        try:
            facts = os.fstat(handle)
            if not stat.S_ISREG(facts.st_mode) or facts.st_size > limit:
                return b""
            return _all(handle, facts.st_size)
        except OSError:
            return b""
        finally:
            os.close(handle)


def _all(handle: int, size: int) -> bytes:
    data = os.read(handle, size + 1)
    if len(data) == size:
        return data
    while chunk := os.read(handle, 1 << 20):
        data += chunk
    return data


def _size(item: "os.DirEntry[str]") -> int:
    try:
        return item.stat(follow_symlinks=False).st_size
    except OSError:
        return 0


def _target(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return "?"


WIDE = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
"""The marks of UTF-16: what `>` of an older PowerShell writes, and pip reads."""


def decode(data: bytes) -> str:
    """Text of a file whose encoding nobody promised; nothing for a binary one."""
    for mark, codec in WIDE:
        if data.startswith(mark):
            text = data[2:].decode(codec, "replace")
            return "" if "\0" in text[:4096] else text
    if b"\0" in data[:4096]:
        return ""
    if data[:3] == b"\xef\xbb\xbf":
        data = data[3:]
    return data.decode("utf-8", "surrogateescape")
