"""Unpacks an archive that somebody sent: nothing in it can reach outside the folder it goes to."""

import gzip
import hashlib
import io
import os
import tarfile
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from twelve.errors import Invalid
from twelve.factors.codebase.digest import (
    Entry,
    directory,
    file,
    symlink,
    tree_digest,
    with_parents,
)
from twelve.factors.codebase.members import (
    Kind,
    Limits,
    Member,
    check_amount,
    check_content,
    place,
    shown,
)
from twelve.factors.codebase.tree import Tree, TreeFacts

BLOCK = 1 << 16
LONGEST_HEADER = 1 << 20
HEAD = 64
GZIP = b"\x1f\x8b"


class Bounded(io.RawIOBase):
    """A file that gives no large block at once: a header of gigabytes is refused, not read."""

    def __init__(self, source: BinaryIO) -> None:
        self.source = source

    def read(self, size: int = -1) -> bytes:
        """Read at most a block; more than a header can have is refused."""
        if size < 0 or size > LONGEST_HEADER:
            raise Invalid(
                "the archive has a header of more than 1 MiB", "make it with `git archive`"
            )
        return self.source.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place."""
        return self.source.seek(offset, whence)

    def tell(self) -> int:
        """Give the place."""
        return self.source.tell()

    def seekable(self) -> bool:
        """It can seek."""
        return True

    def readable(self) -> bool:
        """It can be read."""
        return True


def receive(
    archive: Path | BinaryIO,
    dest: Path,
    facts: TreeFacts,
    *,
    limits: Limits = Limits(),  # noqa: B008 - a constant
) -> Tree:
    """Unpack a tar, plain or gzipped, into the new folder ``dest``, and digest it.

    It blocks: call it in a thread. ``facts.root`` names the app's folder inside; what lies outside
    is not unpacked. Raises Invalid, naming the member; ``dest`` is then to be thrown away.
    """
    dest.mkdir(parents=True, mode=0o755)
    with ExitStack() as opened:
        source = opened.enter_context(open(archive, "rb")) if isinstance(archive, Path) else archive
        packed = source.read(len(GZIP)) == GZIP
        source.seek(0)
        plain: Any = gzip.GzipFile(fileobj=source) if packed else source
        try:
            entries = _unpack(Bounded(plain), dest, facts.root, limits)
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise Invalid(
                f"the archive is not a whole tar file: {error}", "send it again"
            ) from None
    if not entries:
        raise Invalid("the archive holds no file of the app", "is --root right?")
    whole = with_parents(entries)
    names = sorted(entry.path for entry in whole if entry.kind != "d")
    return Tree(tree_digest(whole), facts, tuple(names))


def _unpack(source: Bounded, dest: Path, root: str, limits: Limits) -> list[Entry]:
    entries: dict[str, Entry] = {}
    links: list[Member] = []
    size = count = 0
    with tarfile.open(fileobj=source, mode="r:", errors="surrogateescape") as reading:
        for header in reading:
            # tarfile keeps every header it saw; an archive of many is then large in memory.
            reading.members.clear()  # type: ignore[attr-defined]
            count, size = count + 1, size + header.size
            check_amount(count, size, limits)
            member = _member(header)
            path = place(member, root)
            if not path:
                continue
            if member.kind == "symlink":
                links.append(member._replace(name=path))
                entries[path] = symlink(path, member.target)
            elif member.kind == "directory":
                (dest / path).mkdir(parents=True, exist_ok=True)
                entries[path] = directory(path)
            elif member.kind == "hardlink":
                entries[path] = _copy(
                    dest, place(Member(member.target, "file"), root), path, entries
                )
            else:
                entries[path] = _write(reading, header, dest, path)
    # Last, so that nothing was ever written through one.
    for link in links:
        _link(dest, link)
    return list(entries.values())


def _member(header: tarfile.TarInfo) -> Member:
    kinds: dict[bytes, Kind] = {
        tarfile.DIRTYPE: "directory",
        tarfile.SYMTYPE: "symlink",
        tarfile.LNKTYPE: "hardlink",
        tarfile.FIFOTYPE: "fifo",
        tarfile.REGTYPE: "file",
        tarfile.AREGTYPE: "file",
        tarfile.CONTTYPE: "file",
    }
    kind = "sparse" if header.issparse() else kinds.get(header.type, "device")
    return Member(header.name, kind, header.size, header.linkname)


def _write(reading: tarfile.TarFile, header: tarfile.TarInfo, dest: Path, path: str) -> Entry:
    content = reading.extractfile(header)
    assert content is not None
    executable = bool(header.mode & 0o100)
    total = hashlib.sha256()
    with _create(dest, path, executable=executable) as out:
        head = content.read(HEAD)
        check_content(path, head)
        block = head
        while block:
            total.update(block)
            out.write(block)
            block = content.read(BLOCK)
    return file(path, executable=executable, sha256=total.hexdigest())


def _copy(dest: Path, target: str | None, path: str, entries: dict[str, Entry]) -> Entry:
    original = entries.get(target or "")
    if original is None or original.kind != "f":
        raise Invalid(
            f"{shown(path)}: a hard link to something that is no file of the app",
            "send the file itself",
        )
    with _create(dest, path, executable=original.executable) as out:
        out.write((dest / original.path).read_bytes())
    return original._replace(path=path)


def _create(dest: Path, path: str, *, executable: bool) -> BinaryIO:
    target = dest / path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.fdopen(os.open(target, flags, 0o755 if executable else 0o644), "wb")
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise Invalid(
            f"the archive holds {shown(path)} twice", "make it with `git archive`"
        ) from None


def _link(dest: Path, link: Member) -> None:
    try:
        (dest / link.name).parent.mkdir(parents=True, exist_ok=True)
        os.symlink(link.target, dest / link.name)
    except (FileExistsError, NotADirectoryError):
        raise Invalid(
            f"the archive holds {shown(link.name)} twice", "make it with `git archive`"
        ) from None
