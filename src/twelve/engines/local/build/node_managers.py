"""yarn and pnpm: where their programs are, and the words that let them install as npm does."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from twelve.engines.local.build.interpreters import Node, outside_system
from twelve.engines.local.build.seal import discard
from twelve.errors import Missing
from twelve.factors.dependencies.node import Manager

SCRIPTS = ("preinstall", "install", "postinstall")
TRACES = (
    ".yarn-integrity",
    ".modules.yaml",
    ".pnpm-workspace-state.json",
    ".pnpm-workspace-state-v1.json",
    ".pnpm",
)
"""What they note in node_modules about times and places."""

OBEYING = {
    # A codebase may name a program to run in place of the one that was found.
    "YARN_IGNORE_PATH": "1",
    "COREPACK_ENABLE_NETWORK": "0",
    "NPM_CONFIG_MANAGE_PACKAGE_MANAGER_VERSIONS": "false",
    "NPM_CONFIG_PACKAGE_MANAGER_STRICT": "false",
}


def with_manager(node: Node, manager: Manager, environ: Mapping[str, str]) -> Node:
    """Give the Node with the program of the manager. Raises Missing when it is not there."""
    if manager == "npm":
        return node
    lock = "yarn.lock" if manager == "yarn" else "pnpm-lock.yaml"
    found = _on_path(manager, environ) or _of_corepack(manager, environ)
    if found is None:
        raise Missing(
            f"{lock}: there is no `{manager}` on PATH",
            f"install it (`npm install --global {manager}{'@1' if manager == 'yarn' else ''}`), or "
            f"commit what `npm install --package-lock-only` writes in place of {lock}",
        )
    read = outside_system([*node.read, str(found.parent.parent)])
    return node._replace(manager=str(found), manager_version=_version(found), read=read)


def words_of(node: Node, manager: Manager, cache: Path, *, tools: bool) -> tuple[str, ...]:
    """Give the words that install what the lock says, with what only builds need or without."""
    if manager == "npm":
        extent = "--include=dev" if tools else "--omit=dev"
        npm = (node.path, node.npm_script)
        return (*npm, "ci", extent, "--ignore-scripts", "--cache", str(cache))
    program, frozen = _program(node), ("install", "--frozen-lockfile", "--ignore-scripts")
    if manager == "yarn":
        extent = f"--production={'false' if tools else 'true'}"
        quiet = ("--non-interactive", "--no-progress", "--silent")
        return (*program, *frozen, extent, *quiet, "--cache-folder", str(cache))
    extent = "--prod=false" if tools else "--prod"
    # Real folders, as npm makes them: nothing in a layer is to point out of it.
    form = ("--config.node-linker=hoisted", "--package-import-method=copy")
    return (*program, *frozen, extent, *form, "--reporter=append-only", "--store-dir", str(cache))


def words_here(node: Node, manager: Manager) -> tuple[str, ...]:
    """Give the words that install all of the lock beside a developer's own files."""
    if manager == "npm":
        return (node.path, node.npm_script, "ci")
    return (*_program(node), "install", "--frozen-lockfile")


def scripted_below(modules: Path) -> tuple[str, ...]:
    """Give the packages that run scripts when they are installed: by looking at each."""
    found = set()
    for path in modules.rglob("package.json"):
        owner = path.parent.parent
        if owner.name != "node_modules" and owner.parent.name != "node_modules":
            continue
        try:
            package = json.loads(path.read_bytes())
            scripts = package.get("scripts") or {}
        except (OSError, ValueError, AttributeError):
            continue
        if any(name in scripts for name in SCRIPTS) or (path.parent / "binding.gyp").is_file():
            found.add(str(path.parent.relative_to(modules)).rpartition("node_modules/")[2])
    return tuple(sorted(found))


def forget_traces(modules: Path) -> None:
    """Remove what differs from one installation to the next."""
    for name in TRACES:
        if os.path.lexists(modules / name):
            discard(modules / name)


def _program(node: Node) -> tuple[str, ...]:
    script = node.manager.endswith((".js", ".cjs", ".mjs"))
    return (node.path, node.manager) if script else (node.manager,)


def _on_path(name: str, environ: Mapping[str, str]) -> Path | None:
    found = shutil.which(name, path=environ.get("PATH"))
    real = Path(os.path.realpath(found)) if found else None
    # corepack's stand-in fetches the real one, which a build does not let it.
    return None if real is None or "corepack" in real.parts else real


def _of_corepack(name: str, environ: Mapping[str, str]) -> Path | None:
    home = environ.get("HOME", "/nonexistent")
    top = Path(environ.get("COREPACK_HOME") or f"{home}/.cache/node/corepack")
    held = [*top.glob(f"v1/{name}/*/bin/{name}.*js"), *top.glob(f"{name}/*/bin/{name}.*js")]
    return max(held, key=_order, default=None)


def _order(path: Path) -> tuple[int, ...]:
    parts = path.parent.parent.name.split(".")
    return tuple(int(part) if part.isdigit() else -1 for part in parts)


def _version(program: Path) -> str:
    try:
        return str(json.loads((program.parent.parent / "package.json").read_bytes())["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return str(program.stat().st_size)
