"""uv.lock: which folders of the codebase it installs, and what it names."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from twelve.errors import Invalid
from twelve.factors.dependencies.python.locks.entries import plain
from twelve.factors.dependencies.python.project import table


def locked_projects(lock: bytes, member: str = "") -> tuple[str, ...]:
    """Give the folders and files of this codebase that uv.lock installs for the root project.

    With ``member`` for that member of the workspace. Raises Invalid when there is no such member.
    """
    text = lock.decode("utf-8", "replace")
    local = re.findall(
        r'^source = \{ (?:editable|directory|path) = "([^"]*)" \}', text, re.MULTILINE
    )
    # Reading the whole lock takes ten times as long, and is needed only for a workspace.
    if local in ([], ["."]) and not member:
        return tuple(local)
    packages = {str(entry["name"]): entry for entry in tomllib.loads(text).get("package", [])}
    reached = _reach(_roots(packages, member), packages)
    return tuple(
        sorted(
            path
            for name in reached
            if (path := _source(packages[name])) and "virtual" not in packages[name]["source"]
        )
    )


def locked_names(lock: bytes) -> frozenset[str]:
    """Give the names of all packages in uv.lock, poetry.lock or pylock.toml."""
    found = re.findall(
        r'^\[\[packages?\]\]\nname = "([^"]*)"', lock.decode("utf-8", "replace"), re.MULTILINE
    )
    return frozenset(map(plain, found))


def locked_python(lock: bytes) -> str:
    """Give the versions of Python that uv.lock or pylock.toml is for."""
    found = re.search(rb'^requires-python = "([^"]*)"', lock, re.MULTILINE)
    return found[1].decode("utf-8", "replace") if found else ""


def _roots(packages: Mapping[str, Mapping[str, Any]], member: str) -> Sequence[str]:
    local = [name for name, entry in packages.items() if _source(entry)]
    if member and member not in local:
        raise Invalid(
            f"twelve.toml: build/member: uv.lock holds no {member!r} of this codebase",
            f"write one of {', '.join(sorted(local)) or 'the names in the workspace'}",
        )
    # The root of a workspace may be no project itself: then all its members are wanted.
    return [member] if member else [one for one in local if _source(packages[one]) == "."] or local


def _reach(names: Sequence[str], packages: Mapping[str, Mapping[str, Any]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in reached or name not in packages:
            continue
        reached.add(name)
        waiting += [str(one["name"]) for one in packages[name].get("dependencies", [])]
    return reached


def _source(entry: Mapping[str, Any]) -> str:
    source = table(entry, "source")
    return str(
        next(
            (source[key] for key in ("editable", "directory", "path", "virtual") if key in source),
            "",
        )
    )
