"""How the Python part of an app is installed: by the first of its files that declares it."""

import hashlib
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from twelve.errors import Invalid
from twelve.factors.dependencies.machine.asked import python_asked
from twelve.factors.dependencies.machine.versions import Request
from twelve.factors.dependencies.python.locks.entries import Index, Locked
from twelve.factors.dependencies.python.locks.pipfile import pipfile_python, read_pipfile
from twelve.factors.dependencies.python.locks.poetry import read_poetry
from twelve.factors.dependencies.python.locks.pylock import read_pylock
from twelve.factors.dependencies.python.locks.uv import locked_projects, locked_python
from twelve.factors.dependencies.python.project import Project, is_there, read_project, table
from twelve.factors.dependencies.python.requirements import read_requirements

Read = Callable[[str], bytes | None]

Manager = Literal[
    "uv.lock",
    "poetry.lock",
    "Pipfile.lock",
    "pylock.toml",
    "requirements.txt",
    "pyproject.toml",
    "nothing",
]

READ = ("uv.lock", "poetry.lock", "Pipfile.lock", "pylock.toml", "requirements.txt")
"""Files that say what is installed: the first that is there does."""

UNREAD = (
    ("pdm.lock", "pdm export -f pylock -o pylock.toml` (or `-f requirements -o requirements.txt"),
    ("Pipfile", "pipenv lock"),
    ("environment.yml", "pip list --format freeze > requirements.txt"),
    ("environment.yaml", "pip list --format freeze > requirements.txt"),
    ("conda-lock.yml", "pip list --format freeze > requirements.txt"),
    ("setup.py", "echo . > requirements.txt"),
)
"""Files in forms that are not read, and the command that writes one that is."""


class PythonPlan(NamedTuple):
    """How the Python part is installed."""

    manager: Manager
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
    member: str = ""
    """The one member of a workspace that is installed, or nothing."""
    indexes: tuple[Index, ...] = ()
    """Registries that the lock names besides the usual one."""
    others: tuple[Request, ...] = ()
    """What else is asked of the interpreter; ``request`` goes before them."""
    warnings: tuple[str, ...] = ()


def plan_python(
    names: frozenset[str], read: Read, build_table: Mapping[str, Any]
) -> PythonPlan | None:
    """Decide what is installed; None when this is no Python app. Raises Invalid."""
    project = read_project(read)
    chosen = build_table.get("member", "")
    if chosen and "uv.lock" not in names:
        raise Invalid(
            "twelve.toml: build/member: there is no uv.lock beside it",
            "run `uv lock` in the root of the workspace, or drop the key",
        )
    plan = _by_file(names, read, build_table, project)
    if plan is None:
        return None
    asked = python_asked(read, _declared_pythons(read, project, plan.manager))
    plan = plan._replace(request=asked[0] if asked else None, others=asked[1:])
    return plan._replace(warnings=tuple(_warnings(plan, names)))


def _by_file(
    names: frozenset[str], read: Read, build_table: Mapping[str, Any], project: Project | None
) -> PythonPlan | None:
    extras, groups = tuple(build_table.get("extras", ())), tuple(build_table.get("groups", ()))
    if "uv.lock" in names and project:
        return _from_uv(read, project, extras, groups, str(build_table.get("member", "")))
    if "poetry.lock" in names:
        plan = _exact("poetry.lock", read_poetry(read, extras, groups), project)
        return plan._replace(projects=(*_own(names, read, project), *plan.projects))
    if "Pipfile.lock" in names:
        return _exact("Pipfile.lock", read_pipfile(read, groups), project)
    if "pylock.toml" in names:
        plan = _exact("pylock.toml", read_pylock(read), project)
        chosen = _sha(plan.lock.encode(), repr((extras, groups)).encode())
        return plan._replace(extras=extras, groups=groups, lock=chosen)
    if "requirements.txt" in names:
        return _from_requirements(read, project)
    if undeclared := _undeclared(names, project):
        raise undeclared
    if project and project.declared:
        return _from_project(read, project, extras, groups)
    if any(name.endswith(".py") and "/" not in name for name in names):
        return PythonPlan("nothing", None, _sha(b""))
    return None


def _from_uv(
    read: Read, project: Project, extras: tuple[str, ...], groups: tuple[str, ...], member: str
) -> PythonPlan:
    lock = read("uv.lock") or b""
    chosen = (extras, groups, member) if member else (extras, groups)
    return PythonPlan(
        "uv.lock",
        None,
        _sha(lock, _deciding(read), repr(chosen).encode()),
        projects=locked_projects(lock, member),
        backend_pinned=project.backend_pinned,
        extras=extras,
        groups=groups,
        members=not project.declared and not member,
        member=member,
    )


def _exact(manager: Manager, found: Locked, project: Project | None) -> PythonPlan:
    return PythonPlan(
        manager,
        None,
        _sha(found.text.encode(), repr(found.indexes).encode()),
        requirements=found.text,
        hashed=found.hashed,
        projects=found.projects,
        backend_pinned=project.backend_pinned if project else False,
        indexes=found.indexes,
    )


def _from_requirements(read: Read, project: Project | None) -> PythonPlan:
    found = read_requirements(read)
    said = (
        f"the dependencies of {one} itself are not read, as only its build backend knows them: "
        "name them in requirements.txt"
        for one in found.unread
    )
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
        warnings=tuple(said),
    )


def _from_project(
    read: Read, project: Project, extras: tuple[str, ...], groups: tuple[str, ...]
) -> PythonPlan:
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
    if project and project.workspace:
        return Invalid(
            "pyproject.toml: a member of a uv workspace, whose uv.lock lies in the folder above",
            "deploy the root of the workspace, with the member's name in its twelve.toml:\n"
            f'  [build]\n  member = "{project.name}"',
        )
    if project and project.foreign:
        return Invalid(
            "pyproject.toml: has the dependencies in [tool.poetry], and there is no poetry.lock",
            "run `poetry lock` and commit poetry.lock",
        )
    declared = bool(project and project.declared)
    for path, command in UNREAD:
        # setup.py is also what a project with [project] has besides.
        if path in names and not (declared and path != "pdm.lock"):
            return Invalid(
                f"{path}: not a form of dependencies that a build reads",
                f"run `{command}` and commit it",
            )
    return None


def _own(names: frozenset[str], read: Read, project: Project | None) -> tuple[str, ...]:
    """Give the project itself when Poetry would install it."""
    if not (project and project.packaged):
        return ()
    document = tomllib.loads((read("pyproject.toml") or b"").decode())
    scripts = table(table(document, "project"), "scripts")
    poetry = {"scripts": scripts, **table(table(document, "tool"), "poetry")}
    return (".",) if is_there(project, names, poetry) else ()


def _declared_pythons(
    read: Read, project: Project | None, manager: Manager
) -> Iterator[tuple[str, str]]:
    if manager == "Pipfile.lock":
        yield pipfile_python(read)
    if manager == "pylock.toml":
        yield locked_python(read("pylock.toml") or b""), "pylock.toml (requires-python)"
    if project and project.python:
        yield project.python, f"pyproject.toml ({project.python_key})"
    elif manager == "uv.lock":
        # The root of a workspace leaves this to its members.
        yield locked_python(read("uv.lock") or b""), "uv.lock (requires-python)"


def _warnings(plan: PythonPlan, names: frozenset[str]) -> Iterator[str]:
    yield from plan.warnings
    if plan.manager == "nothing":
        yield (
            "no dependencies are declared (requirements.txt, pyproject.toml): only the standard "
            "library is there"
        )
    elif plan.request is None:
        yield 'no Python version is asked for: write one into .python-version, e.g. "3.12"'
    if plan.manager == "pyproject.toml":
        yield (
            "there is no uv.lock, so versions are chosen anew whenever pyproject.toml changes: "
            "run `uv lock` and commit it"
        )
    if unread := [path for path in READ if path in names and path != plan.manager]:
        yield f"{plan.manager} is used; {' and '.join(unread)} {_are(unread)} not read"


def _are(what: list[str]) -> str:
    return "is" if len(what) == 1 else "are"


def _deciding(read: Read) -> bytes:
    """Give the parts of pyproject.toml that decide what is installed: others change freely."""
    document = tomllib.loads((read("pyproject.toml") or b"").decode())
    project = document.get("project", {})
    keys = ("name", "dependencies", "optional-dependencies", "requires-python", "dynamic")
    chosen = {
        "project": {key: project.get(key) for key in keys},
        "groups": document.get("dependency-groups"),
        "uv": document.get("tool", {}).get("uv"),
    }
    return json.dumps(chosen, sort_keys=True, default=str).encode()


def _sha(*parts: bytes) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()
