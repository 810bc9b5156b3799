"""What former checks learned of each file: whether a rule may find something in it, and what it imports.

Both follow from the file's content and the rules alone, so they are kept by the digest of that content,
in the user's cache (``$XDG_CACHE_HOME/twelve/check``, else ``~/.cache``), a file for each tree and set of
rules. Nothing of a file is in there but names of packages. A cache that cannot be read or written is none.
"""

import contextlib
import marshal
import os
import sys
import time
from collections.abc import Mapping

from twelve import __version__
from twelve.checker.prefilter import Prefilter
from twelve.checker.quick_imports import quick_imports, quick_requires

FORMAT = 1
KEPT = 30 * 86400
"""Seconds after its last change until what was learned of a tree is forgotten."""
Fact = tuple[bool, tuple[str, ...]]
"""Whether it is worth parsing, and the packages that it may import."""


def fact_of(data: bytes, prefilter: Prefilter | None, *, python: bool) -> Fact:
    """What there is to know of a file."""
    hit = prefilter is None or prefilter.hits(data, python=python)
    return hit, tuple(quick_imports(data) if python else quick_requires(data))


class Known:
    """The facts of one tree's files, as far as they are known; ``path`` is empty where none are kept."""

    def __init__(self, prefilter: Prefilter | None, path: str = "") -> None:
        self.prefilter = prefilter
        self.path = path
        self.former: dict[bytes, Fact] = read(path) if path else {}
        self.facts: dict[bytes, Fact] = {}
        """Those that were asked for."""
        self.learned = False

    def of(self, data: bytes, *, python: bool) -> Fact:
        """The fact of a file's content, found out unless it is known."""
        if not self.path:
            return fact_of(data, self.prefilter, python=python)
        key = digest(data, python=python)
        fact = self.former.get(key)
        if fact is None:
            fact = fact_of(data, self.prefilter, python=python)
            self.learned = True
        self.facts[key] = fact
        return fact

    def keep(self) -> None:
        """Write down what was learned, and forget what was not written for long."""
        if not self.learned:
            return
        folder = os.path.dirname(self.path)
        with contextlib.suppress(OSError):
            os.makedirs(folder, mode=0o700, exist_ok=True)
            beside = f"{self.path}.{os.getpid()}"
            with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(marshal.dumps(self.facts))
            os.replace(beside, self.path)
            forget(folder)


def known_of(root: str, prefilter: Prefilter, environ: Mapping[str, str]) -> Known:
    """Of a tree, with these rules, by this Twelve."""
    caches = environ.get("XDG_CACHE_HOME", "")
    if not caches.startswith("/"):
        caches = f"{environ['HOME']}/.cache" if environ.get("HOME", "").startswith("/") else ""
    if not caches:
        return Known(prefilter)
    here = os.path.dirname(__file__)
    made_of = (
        FORMAT, __version__, sys.version, os.path.realpath(root), prefilter.every, sorted(prefilter.scripted),
        prefilter.mutated, prefilter.pairs, signatures(here), signatures(f"{here}/../picture"),
    )  # fmt: skip
    name = digest(repr(made_of).encode(), python=True).hex()
    return Known(prefilter, f"{caches}/twelve/check/{name}")


def signatures(folder: str) -> list[tuple[str, int, int]]:
    """Of the modules in a folder: what an engineer of Twelve has just changed knows nothing."""
    with os.scandir(folder) as entries:
        found = [(entry.name, entry.stat()) for entry in entries if entry.name.endswith(".py")]
    return sorted((name, told.st_mtime_ns, told.st_size) for name, told in found)


def digest(data: bytes, *, python: bool) -> bytes:
    """By which a content is known; the same text means another thing in another language."""
    try:
        # hashlib brings OpenSSL with it, which takes longer than all that is to be hashed.
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b
    made: bytes = blake2b(data, digest_size=16, person=b"py" if python else b"js").digest()
    return made


def read(path: str) -> dict[bytes, Fact]:
    """What was written there by this user; nothing when there is nothing like it."""
    with contextlib.suppress(OSError, ValueError, TypeError, EOFError), open(path, "rb") as file:
        told = os.fstat(file.fileno())
        if told.st_uid == os.geteuid():
            facts = marshal.loads(file.read())  # noqa: S302 - it is our own, of this user
            if isinstance(facts, dict):
                return facts
    return {}


def forget(folder: str) -> None:
    """Remove what was not written for long. Raises OSError."""
    oldest = time.time() - KEPT
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False) and entry.stat().st_mtime < oldest:
                os.unlink(entry.path)
