"""The plan of a build: what to install, with which interpreter, what to run, by files alone."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from twelve.errors import Invalid
from twelve.factors.dependencies.frameworks import collects_static, static_folder
from twelve.factors.dependencies.machine.asked import node_asked
from twelve.factors.dependencies.machine.packages import SystemPackage, system_packages
from twelve.factors.dependencies.machine.versions import Request
from twelve.factors.dependencies.node import LOCKS, Lock, Manager, Package, read_lock, read_package
from twelve.factors.dependencies.python.plan import PythonPlan, plan_python

Read = Callable[[str], bytes | None]

BUILD_KEYS = ("hooks", "collectstatic", "extras", "groups", "member", "packages")
"""Keys of the [build] table that this room reads."""

COLLECTSTATIC = "python manage.py collectstatic --noinput"


class NodePlan(NamedTuple):
    """How the Node part is installed."""

    manager: Manager
    lock_path: str
    lock: str
    request: Request | None
    shipped: bool
    """Needed at run time, not only to build."""
    build: bool
    """``npm run build`` makes something."""
    local: bool
    scripted: tuple[str, ...] = ()
    scripted_tools: tuple[str, ...] = ()
    others: tuple[Request, ...] = ()
    """What else is asked of Node; ``request`` goes before them."""


class BuildPlan(NamedTuple):
    """What a build does, in order: dependencies, npm's build script, hooks."""

    python: PythonPlan | None
    node: NodePlan | None
    static: bool
    """Processes may run ``python -m twelve.static``, with Twelve's own interpreter."""
    hooks: tuple[str, ...]
    warnings: tuple[str, ...]
    packages: tuple[SystemPackage, ...] = ()
    """What must be installed on the machine; nothing of it is by a build."""


def plan_build(names: Iterable[str], read: Read, build_table: Mapping[str, Any]) -> BuildPlan:
    """Decide how to build the codebase with these file names.

    ``build_table`` is the [build] table of twelve.toml. Raises Invalid when a file does not say
    what it must.
    """
    known = frozenset(names)
    table = _checked(build_table)
    commands = _commands(read)
    python = plan_python(known, read, table)
    static = python is None and _is_static(known, read, commands)
    node = _plan_node(known, read, commands, alone=python is None and not static)
    hooks = list(_strings(table, "hooks"))
    wanted = table.get("collectstatic", True)
    if (
        wanted
        and not any("collectstatic" in hook for hook in hooks)
        and collects_static(known, read)
    ):
        hooks.append(COLLECTSTATIC)
    packages = system_packages(read, table)
    warnings = python.warnings if python else ()
    return BuildPlan(python, node, static, tuple(hooks), warnings, packages)


def _checked(table: Mapping[str, Any]) -> Mapping[str, Any]:
    for key in ("hooks", "extras", "groups", "packages"):
        value = table.get(key, ())
        if (
            isinstance(value, str)
            or not isinstance(value, Sequence)
            or not all(isinstance(one, str) and one.strip() for one in value)
        ):
            raise Invalid(f"twelve.toml: build/{key}: not a list of texts", f'write {key} = ["…"]')
    if not isinstance(table.get("collectstatic", True), bool):
        raise Invalid(
            "twelve.toml: build/collectstatic: not true or false", "write collectstatic = false"
        )
    if not isinstance(table.get("member", ""), str):
        raise Invalid("twelve.toml: build/member: not a text", 'write member = "api"')
    return table


def _plan_node(names: frozenset[str], read: Read, commands: str, *, alone: bool) -> NodePlan | None:
    package = read_package(read)
    if package is None:
        return None
    build = "build" in package.scripts
    mentioned = bool(re.search(r"(?<![\w./-])(node|npm|npx)(?![\w./-])", commands))
    shipped = mentioned or (alone and (bool(package.dependencies) or _serves(package, names)))
    if not (build or shipped):
        return None
    # A package that depends on nothing needs no lock.
    free = not (package.dependencies or package.tools) and not names.intersection(LOCKS)
    lock = Lock("npm", "", (), (), local=False) if free else read_lock(names, read)
    asked = node_asked(read, package.engines)
    return NodePlan(
        manager=lock.manager,
        lock_path=lock.path,
        lock=hashlib.sha256((read(lock.path) if lock.path else None) or b"").hexdigest(),
        request=asked[0] if asked else None,
        others=asked[1:],
        shipped=shipped,
        build=build,
        local=lock.local,
        scripted=lock.scripted,
        scripted_tools=lock.scripted_tools,
    )


def _serves(package: Package, names: frozenset[str]) -> bool:
    return "start" in package.scripts or (package.main or "server.js") in names


def _is_static(names: frozenset[str], read: Read, commands: str) -> bool:
    """Tell whether processes run Twelve's file server, or would when none are declared."""
    declared = "Procfile" in names or "[processes" in commands
    return "twelve.static" in commands or (not declared and static_folder(names, read) is not None)


def _commands(read: Read) -> str:
    return "\n".join(
        (read(path) or b"").decode("utf-8", "replace") for path in ("Procfile", "twelve.toml")
    )


def _strings(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(table.get(key, ()))
