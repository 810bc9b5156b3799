"""The plan of a build: what to install, with which interpreter, what to run, by files alone."""

import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from twelve.errors import Invalid
from twelve.factors.dependencies.frameworks import collects_static, static_folder
from twelve.factors.dependencies.machine.versions import Request, node_request, python_request
from twelve.factors.dependencies.node import LOCKS, Lock, Package, read_lock, read_package
from twelve.factors.dependencies.python.locks.uv import locked_projects
from twelve.factors.dependencies.python.project import Project, read_project
from twelve.factors.dependencies.python.requirements import read_requirements

Read = Callable[[str], bytes | None]

BUILD_KEYS = ("hooks", "collectstatic", "extras", "groups")
"""Keys of the [build] table that this room reads."""

COLLECTSTATIC = "python manage.py collectstatic --noinput"


class PythonPlan(NamedTuple):
    """How the Python part is installed."""

    manager: Literal["uv.lock", "requirements.txt", "pyproject.toml", "nothing"]
    request: Request | None
    lock: str
    """sha256 of everything that decides what is installed."""
    requirements: str = ""
    constraints: str = ""
    pinned: frozenset[str] = frozenset()
    hashed: bool = False
    projects: tuple[str, ...] = ()
    """Folders and wheels of this codebase that are installed too."""
    backend_pinned: bool = True
    dynamic: bool = False
    """Only the project's build backend knows the dependencies."""
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    members: bool = False
    """The root of a workspace is no project itself: all members are installed."""


class NodePlan(NamedTuple):
    """How the Node part is installed."""

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


class BuildPlan(NamedTuple):
    """What a build does, in order: dependencies, npm's build script, hooks."""

    python: PythonPlan | None
    node: NodePlan | None
    static: bool
    """Processes may run ``python -m twelve.static``, with Twelve's own interpreter."""
    hooks: tuple[str, ...]
    warnings: tuple[str, ...]


def plan_build(names: Iterable[str], read: Read, build_table: Mapping[str, Any]) -> BuildPlan:
    """Decide how to build the codebase with these file names.

    ``build_table`` is the [build] table of twelve.toml. Raises Invalid when a file does not say
    what it must.
    """
    known = frozenset(names)
    table = _checked(build_table)
    commands = _commands(read)
    python = _plan_python(known, read, table)
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
    return BuildPlan(python, node, static, tuple(hooks), tuple(_warnings(python, known)))


def _checked(table: Mapping[str, Any]) -> Mapping[str, Any]:
    for key in ("hooks", "extras", "groups"):
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
    return table


def _plan_python(names: frozenset[str], read: Read, table: Mapping[str, Any]) -> PythonPlan | None:
    project = read_project(read)
    if "uv.lock" in names and project:
        plan = _from_lock(read, project, table)
    elif "requirements.txt" in names:
        plan = _from_requirements(read, project)
    elif project and project.declared:
        plan = _from_project(read, project, table)
    elif undeclared := _undeclared(names, project):
        raise undeclared
    elif any(name.endswith(".py") and "/" not in name for name in names):
        plan = PythonPlan("nothing", None, _sha(b""))
    else:
        return None
    return plan._replace(request=_python_request(read, project))


def _from_lock(read: Read, project: Project, table: Mapping[str, Any]) -> PythonPlan:
    lock = read("uv.lock") or b""
    extras, groups = _strings(table, "extras"), _strings(table, "groups")
    return PythonPlan(
        "uv.lock",
        None,
        _sha(lock, _deciding(read), repr((extras, groups)).encode()),
        projects=locked_projects(lock),
        backend_pinned=project.backend_pinned,
        extras=extras,
        groups=groups,
        members=not project.declared,
    )


def _from_requirements(read: Read, project: Project | None) -> PythonPlan:
    found = read_requirements(read)
    return PythonPlan(
        "requirements.txt",
        None,
        _sha(found.text.encode(), found.constraints.encode()),
        requirements=found.text,
        constraints=found.constraints,
        pinned=found.pinned,
        hashed=found.hashed,
        projects=found.projects,
        backend_pinned=project.backend_pinned if project else False,
    )


def _from_project(read: Read, project: Project, table: Mapping[str, Any]) -> PythonPlan:
    extras, groups = _strings(table, "extras"), _strings(table, "groups")
    return PythonPlan(
        "pyproject.toml",
        None,
        _sha(_deciding(read), repr((extras, groups)).encode()),
        projects=(".",) if project.packaged else (),
        backend_pinned=project.backend_pinned,
        dynamic=project.dynamic,
        extras=extras,
        groups=groups,
    )


def _undeclared(names: frozenset[str], project: Project | None) -> Invalid | None:
    """Tell which file holds dependencies in a form that is not read."""
    for path, export in (
        ("poetry.lock", "poetry export -f requirements.txt -o requirements.txt"),
        ("Pipfile.lock", "pipenv requirements > requirements.txt"),
        ("Pipfile", "pipenv requirements > requirements.txt"),
        ("setup.py", "echo . > requirements.txt"),
        ("environment.yml", "pip freeze > requirements.txt"),
    ):
        if path in names:
            return Invalid(
                f"{path}: not a form of dependencies that a build reads",
                f"run `{export}` and commit it",
            )
    if project and project.foreign:
        return Invalid(
            "pyproject.toml: has no [project] table",
            "declare dependencies in [project], then `uv lock`",
        )
    return None


def _python_request(read: Read, project: Project | None) -> Request | None:
    for path in (".python-version", "runtime.txt"):
        lines = (read(path) or b"").decode("utf-8", "replace").splitlines()
        wanted = next((line for line in lines if line.strip() and not line.startswith("#")), "")
        if wanted:
            return python_request(wanted, path)
    if project and project.python:
        return python_request(project.python, f"pyproject.toml ({project.python_key})")
    return None


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
    lock = Lock("", (), (), local=False) if free else read_lock(names, read)
    return NodePlan(
        lock_path=lock.path,
        lock=_sha((read(lock.path) if lock.path else None) or b""),
        request=_node_request(read, package),
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


def _node_request(read: Read, package: Package) -> Request | None:
    if package.engine:
        return node_request(package.engine, "package.json (engines.node)")
    for path in (".node-version", ".nvmrc"):
        if text := (read(path) or b"").decode("utf-8", "replace").strip():
            return node_request(text, path)
    return None


def _warnings(python: PythonPlan | None, names: frozenset[str]) -> list[str]:
    said = []
    if python and python.manager == "nothing":
        said.append(
            "no dependencies are declared (requirements.txt, pyproject.toml): only the standard "
            "library is there"
        )
    if python and python.manager != "nothing" and python.request is None:
        said.append('no Python version is asked for: write one into .python-version, e.g. "3.12"')
    if python and python.manager == "pyproject.toml":
        said.append(
            "there is no uv.lock, so versions are chosen anew whenever pyproject.toml changes: "
            "run `uv lock` and commit it"
        )
    if python and python.manager == "uv.lock" and "requirements.txt" in names:
        said.append("uv.lock is used; requirements.txt is not read")
    return said


def _deciding(read: Read) -> bytes:
    """Give the parts of pyproject.toml that decide what is installed: others change freely."""
    table = tomllib.loads((read("pyproject.toml") or b"").decode())
    project = table.get("project", {})
    keys = ("name", "dependencies", "optional-dependencies", "requires-python", "dynamic")
    chosen = {
        "project": {key: project.get(key) for key in keys},
        "groups": table.get("dependency-groups"),
        "uv": table.get("tool", {}).get("uv"),
    }
    return json.dumps(chosen, sort_keys=True, default=str).encode()


def _commands(read: Read) -> str:
    return "\n".join(
        (read(path) or b"").decode("utf-8", "replace") for path in ("Procfile", "twelve.toml")
    )


def _strings(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(table.get(key, ()))


def _sha(*parts: bytes) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()
