"""pylock.toml, which uv installs as it is; only what is of this codebase is taken out of it."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from twelve.errors import Invalid
from twelve.factors.dependencies.python.locks.entries import Locked
from twelve.factors.dependencies.python.project import read_toml, table
from twelve.factors.dependencies.python.requirements import inside

Read = Callable[[str], bytes | None]

PATH = "pylock.toml"
BLOCK = re.compile(r"^\[\[packages\]\]", re.MULTILINE)
EXPORT = "`uv export --format pylock.toml --no-emit-local -o pylock.toml`"


def read_pylock(read: Read) -> Locked:
    """Give the lock without the folders of this codebase, which are installed with the app.

    Raises Invalid when it is no lock, or names a file beside it.
    """
    data = read(PATH) or b""
    document = read_toml(data, PATH, f"write it anew, e.g. with {EXPORT}")
    packages = document.get("packages")
    if "lock-version" not in document or not isinstance(packages, list):
        raise Invalid(
            f"{PATH}: not a lock file (no lock-version, no packages)",
            f"write it anew, e.g. with {EXPORT}",
        )
    projects = []
    for entry in packages:
        if path := _file(entry):
            raise Invalid(
                f"{PATH}: {entry.get('name')} is a file beside it ({path})",
                f"publish it to a registry, or leave it out: {EXPORT}",
            )
        if "directory" in entry:
            projects.append(inside(str(table(entry, "directory").get("path", "")), PATH))
    text = _without_folders(data.decode(), packages) if projects else data.decode()
    hashed = not any("vcs" in entry for entry in packages)
    return Locked(text, tuple(sorted(projects)), hashed=hashed)


def _file(entry: Mapping[str, Any]) -> str:
    files = [entry.get("archive"), entry.get("sdist"), *entry.get("wheels", [])]
    return str(next((one["path"] for one in files if isinstance(one, dict) and "path" in one), ""))


def _without_folders(text: str, packages: list[Mapping[str, Any]]) -> str:
    starts = [found.start() for found in BLOCK.finditer(text)]
    if len(starts) != len(packages):
        raise Invalid(f"{PATH}: not written as tools write it", f"write it anew with {EXPORT}")
    blocks = [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    # Tables of other kinds may follow the last package.
    tail = re.search(r"^\[+(?!\[?packages[\].])", blocks[-1], re.MULTILINE)
    rest = blocks[-1][tail.start() :] if tail else ""
    blocks[-1] = blocks[-1][: tail.start()] if tail else blocks[-1]
    kept = [block for block, one in zip(blocks, packages, strict=True) if "directory" not in one]
    return text[: starts[0]] + "".join(kept) + rest
