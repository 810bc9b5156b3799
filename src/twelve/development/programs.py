"""The developer's own programs: which folders of PATH a process may use, and what they need."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from twelve.engines.local.build.interpreters import SYSTEM, outside_system

MOST_LINKS = 500
"""In one folder of programs; further ones are not followed."""
REACHED_BY_LINKS = 40


class Tools(NamedTuple):
    """``path`` are folders of programs, ``read`` what must be seen to run them."""

    path: tuple[str, ...]
    read: tuple[str, ...]


def tools_of(environ: Mapping[str, str], closed: Iterable[Path]) -> Tools:
    """The folders of PATH outside of the system's, in its order.

    Shown are the folders themselves, the installation that they belong to (``X/bin`` with
    ``X/lib``), and the installations that their links lead to: versions of pyenv and nvm, virtual
    environments, tools of uv and pipx. Never shown are HOME and its own ``.local`` or ``.cargo``
    as wholes, nor anything that holds one of ``closed``.
    """
    home = os.path.realpath(environ.get("HOME") or "/nonexistent")
    kept_out = [home, *(os.path.realpath(path) for path in closed)]
    path, read = [], []
    for given in environ.get("PATH", "").split(os.pathsep):
        for folder in real_folders(given, environ):
            if is_system(folder):
                path.append(folder)
            elif os.path.isdir(folder) and not holds(folder, kept_out):
                path.append(folder)
                read += [folder, *installations(folder, home, kept_out)]
    return Tools(tuple(dict.fromkeys(path)), outside_system(dict.fromkeys(read)))


def real_folders(folder: str, environ: Mapping[str, str]) -> Iterator[str]:
    """A folder of PATH; for pyenv's shims, which need pyenv itself, those of its versions."""
    if not os.path.isabs(folder):
        return
    root = os.path.normpath(folder).removesuffix("/shims")
    if not folder.rstrip("/").endswith("/shims") or not os.path.isdir(f"{root}/versions"):
        yield os.path.normpath(folder)
        return
    chosen = environ.get("PYENV_VERSION", "").split(":")
    if chosen == [""]:
        try:
            chosen = Path(root, "version").read_text().split()
        except OSError:
            chosen = []
    yield from (f"{root}/versions/{name}/bin" for name in chosen)


def installations(folder: str, home: str, kept_out: list[str]) -> Iterator[str]:
    """The installations that the programs of a folder belong to."""
    yield from installation(folder, home, kept_out)
    found: set[str] = set()
    with os.scandir(folder) as entries:
        for number, entry in enumerate(entries):
            if number >= MOST_LINKS or len(found) >= REACHED_BY_LINKS:
                break
            if entry.is_symlink():
                found.add(os.path.dirname(os.path.realpath(entry.path)))
    for target in sorted(found - {folder}):
        if not is_system(target) and os.path.isdir(target) and not holds(target, kept_out):
            yield target
            yield from installation(target, home, kept_out)


def installation(folder: str, home: str, kept_out: list[str]) -> Iterator[str]:
    """``X`` for ``X/bin`` when it has a ``lib`` and is no folder of HOME's own."""
    prefix, name = os.path.split(folder)
    if name not in {"bin", "sbin"} or os.path.dirname(prefix) == home:
        return
    if os.path.isdir(f"{prefix}/lib") and not holds(prefix, kept_out):
        yield prefix


def is_system(folder: str) -> bool:
    """Every process sees it anyway."""
    return any(folder == one or folder.startswith(f"{one}/") for one in SYSTEM)


def holds(folder: str, inner: Iterable[str]) -> bool:
    """Whether one of the inner paths is the folder or lies below it."""
    top = os.path.realpath(folder)
    return top == "/" or any(one == top or one.startswith(f"{top}/") for one in inner)
