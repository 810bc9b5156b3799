"""What a Node app declares: package.json and package-lock.json."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from twelve.errors import Invalid

Read = Callable[[str], bytes | None]

LOCKS = ("package-lock.json", "npm-shrinkwrap.json")
OTHER_LOCKS = {"yarn.lock": "yarn", "pnpm-lock.yaml": "pnpm", "bun.lock": "bun", "bun.lockb": "bun"}


class Package(NamedTuple):
    """What package.json says."""

    scripts: Mapping[str, str]
    main: str
    engine: str
    """``engines.node``, or nothing."""
    dependencies: frozenset[str]
    tools: frozenset[str]
    """devDependencies."""


class Lock(NamedTuple):
    """What package-lock.json says."""

    path: str
    scripted: tuple[str, ...]
    """Packages needed at run time that run a script when they are installed."""
    scripted_tools: tuple[str, ...]
    """The same among those only needed to build."""
    local: bool
    """It takes folders or archives of this codebase (workspaces, ``file:``)."""


def read_package(read: Read) -> Package | None:
    """Read package.json; None when there is none. Raises Invalid when it is not a JSON object."""
    data = read("package.json")
    if data is None:
        return None
    table = _json(data, "package.json")
    main = table.get("main")
    return Package(
        scripts={key: str(value) for key, value in _table(table, "scripts").items()},
        main=main if isinstance(main, str) else "",
        engine=str(_table(table, "engines").get("node", "")),
        dependencies=frozenset(_table(table, "dependencies")),
        tools=frozenset(_table(table, "devDependencies")),
    )


def read_lock(names: Iterable[str], read: Read) -> Lock:
    """Read the lock. Raises Invalid when there is none, or one of another manager only."""
    path = next((path for path in LOCKS if path in names), None)
    data = read(path) if path else None
    if path is None or data is None:
        raise _no_lock(set(names))
    table = _json(data, path)
    if not isinstance(table.get("packages"), dict):
        # Made by npm 6 or older: which packages have scripts is known when they are installed.
        local = any(
            "file:" in text for text in re.findall(r'"version":\s*"([^"]*)"', data.decode())
        )
        return Lock(path, (), (), local)
    return Lock(path, *scripted_in(table), local=any(map(_is_local, _packages(table).values())))


def scripted_in(table: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Which packages of a lock run scripts when they are installed: the app's, and tools."""
    found = [
        (_name(key), bool(entry.get("dev")))
        for key, entry in _packages(table).items()
        if key and entry.get("hasInstallScript")
    ]
    return (
        tuple(sorted(name for name, tool in found if not tool)),
        tuple(sorted(name for name, tool in found if tool)),
    )


def _packages(table: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    packages = _table(table, "packages")
    return {key: entry for key, entry in packages.items() if isinstance(entry, dict)}


def _no_lock(names: set[str]) -> Invalid:
    other = next((OTHER_LOCKS[path] for path in OTHER_LOCKS if path in names), "")
    found = f"only a lock of {other}" if other else "no package-lock.json"
    return Invalid(
        f"package.json: {found} beside it",
        "run `npm install --package-lock-only` and commit package-lock.json",
    )


def _is_local(entry: Mapping[str, Any]) -> bool:
    return bool(entry.get("link")) or str(entry.get("resolved", "")).startswith("file:")


def _name(key: str) -> str:
    return key.rpartition("node_modules/")[2]


def _json(data: bytes, path: str) -> Mapping[str, Any]:
    try:
        table = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Invalid(
            f"{path}: {error}", "mend the file; `npm install` tells whether it is right"
        ) from None
    if not isinstance(table, dict):
        raise Invalid(f"{path}: not a JSON object", "mend the file; `npm init` writes a right one")
    return table


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = table.get(key)
    return value if isinstance(value, dict) else {}
