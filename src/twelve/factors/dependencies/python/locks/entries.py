"""What every lock says of a package, written as lines that name one file each by its hash."""

import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

from twelve.errors import Invalid

PYPI = ("pypi.org", "pypi.python.org", "files.pythonhosted.org")

ALWAYS = "python_full_version >= '0'"
NEVER = "python_full_version < '0'"
"""Markers have no words for true and false."""

EXTRA = re.compile(r"""\bextra\s*(==|!=)\s*(["'])([^"']*)\2""")


class Index(NamedTuple):
    """A registry that a lock names, without what lets one in."""

    name: str
    url: str


class Locked(NamedTuple):
    """A whole lock: nothing is left to resolve."""

    text: str
    """Requirement lines; for pylock.toml the file itself."""
    projects: tuple[str, ...] = ()
    """Folders and wheels of this codebase, relative to its root."""
    indexes: tuple[Index, ...] = ()
    hashed: bool = True
    """Every line has its hash."""


def line(name: str, version: str, hashes: Iterable[str], marker: str = "") -> str:
    """Write a requirement; ``version`` is what follows the name: ``==1.0``, `` @ https://…``."""
    checks = "".join(f" --hash={one}" for one in sorted(set(hashes)))
    return f"{name}{version}{f' ; {marker}' if marker else ''}{checks}"


def lines(found: Iterable[str]) -> str:
    """Write them sorted, each once."""
    return "".join(f"{one}\n" for one in sorted(set(found)))


def repository(url: str, commit: str, subdirectory: str = "") -> str:
    """Write what follows the name of a package that is taken from a git repository."""
    # git's short form of an address has a colon where all others have a slash.
    scp = re.fullmatch(r"([\w.-]+@[\w.-]+):(?!/)(.+)", url)
    address = f"ssh://{scp[1]}/{scp[2]}" if scp else url
    return f" @ git+{address}@{commit}" + (f"#subdirectory={subdirectory}" if subdirectory else "")


def settled(marker: str, extras: Iterable[str]) -> str:
    """Give the marker with its questions for extras answered; ``NEVER`` when it cannot hold."""
    chosen = {plain(one) for one in extras}

    def answer(match: re.Match[str]) -> str:
        return ALWAYS if (plain(match[3]) in chosen) == (match[1] == "==") else NEVER

    done = EXTRA.sub(answer, marker).strip()
    return "" if done == ALWAYS else done


def plain(name: str) -> str:
    """Give the normalised form of a name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def index(name: str, url: str) -> Index | None:
    """Give the registry; None for the one that is asked anyway, or a mirror in its place."""
    parts = urlsplit(url)
    if parts.hostname in PYPI:
        return None
    # A password that a lock carries would be in every build; it comes by UV_INDEX_…_PASSWORD.
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2])
    return Index(re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower(), urlunsplit(bare))


def refused(path: str, name: str, what: str) -> Invalid:
    """Tell of a package that no build can fetch."""
    return Invalid(
        f"{path}: {name} is {what}",
        "publish it to a registry, or move it into this repository, and lock again",
    )
