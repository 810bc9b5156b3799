"""What a Node app declares: package.json and the lock beside it."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple

from twelve.errors import Invalid

Read = Callable[[str], bytes | None]

Manager = Literal["npm", "yarn", "pnpm"]

NPM_LOCK = "run `npm install --package-lock-only` and commit package-lock.json"
NPM_LOCKS = ("package-lock.json", "npm-shrinkwrap.json")
LOCKS = (*NPM_LOCKS, "yarn.lock", "pnpm-lock.yaml")
"""The first that is there says what is installed."""


class Package(NamedTuple):
    """What package.json says."""

    scripts: Mapping[str, str]
    main: str
    engines: tuple[tuple[str, str], ...]
    """What it asks of Node, each with its place: ``engines.node``, Volta's pin."""
    dependencies: frozenset[str]
    tools: frozenset[str]
    """devDependencies."""


class Lock(NamedTuple):
    """What a lock says; not all of them tell which packages run scripts."""

    manager: Manager
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
        engines=tuple(
            (str(_table(table, key).get("node", "")), f"package.json ({key}.node)")
            for key in ("engines", "volta")
        ),
        dependencies=frozenset(_table(table, "dependencies")),
        tools=frozenset(_table(table, "devDependencies")),
    )


def read_lock(names: Iterable[str], read: Read) -> Lock:
    """Read the lock. Raises Invalid when there is none that can be followed."""
    known = set(names)
    path = next((path for path in LOCKS if path in known), "")
    data = read(path) or b""
    match path:
        case "":
            bun = known & {"bun.lock", "bun.lockb"}
            found = "only a lock of bun" if bun else "no package-lock.json"
            raise Invalid(f"package.json: {found} beside it", NPM_LOCK)
        case "yarn.lock":
            return _yarn(data, read)
        case "pnpm-lock.yaml":
            return _pnpm(data, known)
        case _:
            return _npm(data, path)


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


def _npm(data: bytes, path: str) -> Lock:
    table = _json(data, path)
    if not isinstance(table.get("packages"), dict):
        # Made by npm 6 or older: which packages have scripts is known when they are installed.
        local = any(
            "file:" in text for text in re.findall(r'"version":\s*"([^"]*)"', data.decode())
        )
        return Lock("npm", path, (), (), local)
    local = any(map(_is_local, _packages(table).values()))
    return Lock("npm", path, *scripted_in(table), local=local)


def _packages(table: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    packages = _table(table, "packages")
    return {key: entry for key, entry in packages.items() if isinstance(entry, dict)}


def _yarn(data: bytes, read: Read) -> Lock:
    text = data.decode("utf-8", "replace")
    # Newer ones begin with __metadata, and are followed by a yarn that each codebase brings.
    if re.search(r"^__metadata:", text, re.MULTILINE):
        raise Invalid("yarn.lock: made by yarn 2 or newer, which a build does not run", NPM_LOCK)
    workspaces = "workspaces" in _json(read("package.json") or b"{}", "package.json")
    local = bool(re.search(r'^"?[^\s#][^\n]*@(?:file|link):', text, re.MULTILINE))
    return Lock("yarn", "yarn.lock", (), (), local=local or workspaces)


def _pnpm(data: bytes, names: set[str]) -> Lock:
    local = re.search(rb"(?:specifier|version): [\"']?(?:file|link|workspace):", data)
    return Lock(
        "pnpm",
        "pnpm-lock.yaml",
        (),
        (),
        local=bool(local) or "pnpm-workspace.yaml" in names,
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
