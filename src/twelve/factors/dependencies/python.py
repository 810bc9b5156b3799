"""What a Python app declares: requirements.txt with all it includes, pyproject.toml, uv.lock."""

import posixpath
import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from twelve.errors import Invalid

Read = Callable[[str], bytes | None]

INCLUDE_DEPTH = 10


class Requirements(NamedTuple):
    """requirements.txt, its includes put in place and what is local taken out."""

    text: str
    constraints: str
    names: frozenset[str]
    """Normalised names of the packages it mentions."""
    pinned: frozenset[str]
    """Those of them with ``==`` or an exact URL."""
    hashed: bool
    """Every line has its hash: it is a whole lock by itself."""
    projects: tuple[str, ...]
    """Local projects and wheels (``-e .``, ``./libs/mail``), relative to the root."""


class Project(NamedTuple):
    """What pyproject.toml says."""

    declared: bool
    """It has a [project] table; else it only configures tools."""
    requires_python: str
    packaged: bool
    """The project itself is installed: it has a [build-system] and does not say otherwise."""
    backend_pinned: bool
    dynamic: bool
    """Its dependencies come from other files, by its build backend."""
    dependencies: frozenset[str]
    foreign: str
    """A manager whose own tables hold the dependencies (``poetry``), or nothing."""


def read_requirements(read: Read, path: str = "requirements.txt") -> Requirements:
    """Read the file and all it includes. Raises Invalid for what is missing or outside."""
    lines: list[str] = []
    constraints: list[str] = []
    _gather(read, path, lines, constraints, 0)
    kept, projects = [], []
    for line in lines:
        local = _local(line)
        if local is None:
            kept.append(line)
        else:
            projects.append(_inside(local, path))
    wanted = [line for line in kept if not line.startswith("-")]
    names = {line: package_name(line) for line in wanted}
    pinned = {
        line for line in wanted if re.search(r"(?<![!<>~=])={2,3}(?!=)|@\s*\S*@[0-9a-f]{40}", line)
    }
    return Requirements(
        text="".join(f"{line}\n" for line in kept),
        constraints="".join(f"{line}\n" for line in constraints),
        names=frozenset(filter(None, names.values())),
        pinned=frozenset(filter(None, (names[line] for line in pinned))),
        hashed=bool(wanted) and all("--hash" in line for line in wanted),
        projects=tuple(dict.fromkeys(projects)),
    )


def read_project(read: Read, path: str = "pyproject.toml") -> Project | None:
    """Read pyproject.toml; None when there is none. Raises Invalid when it is not TOML."""
    data = read(path)
    if data is None:
        return None
    try:
        table = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(
            f"{path}: {error}", "mend the file; `uv lock` tells whether it is right"
        ) from None
    project = _table(table, "project")
    tool = _table(table, "tool")
    system = _table(table, "build-system")
    package = _table(tool, "uv").get("package", bool(system))
    backends = [str(line) for line in system.get("requires", [])]
    return Project(
        declared=bool(project),
        requires_python=str(project.get("requires-python", "")),
        packaged=bool(project) and bool(package),
        backend_pinned=bool(backends) and all("==" in line for line in backends),
        dynamic="dependencies" in project.get("dynamic", []),
        dependencies=frozenset(package_name(str(line)) for line in project.get("dependencies", [])),
        foreign="poetry" if not project and _table(tool, "poetry").get("dependencies") else "",
    )


def locked_projects(lock: bytes) -> tuple[str, ...]:
    """Give the folders and files of this codebase that uv.lock installs for the root project."""
    text = lock.decode("utf-8", "replace")
    local = re.findall(
        r'^source = \{ (?:editable|directory|path) = "([^"]*)" \}', text, re.MULTILINE
    )
    # Reading the whole lock takes ten times as long, and is needed only for a workspace.
    if local in ([], ["."]):
        return tuple(local)
    packages = {str(entry["name"]): entry for entry in tomllib.loads(text).get("package", [])}
    roots = [name for name, entry in packages.items() if _source(entry) == "."]
    # The root of a workspace may be no project itself: then all its members are wanted.
    roots = roots or [name for name, entry in packages.items() if _source(entry)]
    reached = _reach(roots, packages)
    return tuple(
        sorted(
            path
            for name in reached
            if (path := _source(packages[name])) and "virtual" not in packages[name]["source"]
        )
    )


def locked_names(lock: bytes) -> frozenset[str]:
    """Give the names of all packages in uv.lock."""
    found = re.findall(
        r'^\[\[package\]\]\nname = "([^"]*)"', lock.decode("utf-8", "replace"), re.MULTILINE
    )
    return frozenset(found)


def package_name(line: str) -> str:
    """Give the normalised name that a requirement line begins with, or nothing."""
    match = re.match(
        r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?=$|[\s\[<>=!~;@#\\,(])", line.strip()
    )
    return re.sub(r"[-_.]+", "-", match[0]).lower() if match else ""


def _gather(read: Read, path: str, lines: list[str], constraints: list[str], depth: int) -> None:
    data = read(path)
    if data is None:
        raise Invalid(
            f"{path}: there is no such file in the codebase",
            "commit it, or drop the line that includes it",
        )
    if depth > INCLUDE_DEPTH:
        raise Invalid(f"{path}: includes itself", "drop the `-r` line that closes the circle")
    for line in _logical_lines(data, path):
        match = re.match(
            r"(?:-r|--requirement|-c|--constraint)(?:\s*=\s*|\s+|(?=[^\s-]))(\S+)", line
        )
        if not match:
            lines.append(line)
            continue
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), match[1]))
        into = constraints if line.startswith(("-c", "--constraint")) else lines
        _gather(read, _inside(target, path), into, constraints, depth + 1)


def _logical_lines(data: bytes, path: str) -> list[str]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(f"{path}: not UTF-8 (byte {error.start})", "save the file as UTF-8") from None
    joined = re.sub(r"\\\r?\n", " ", text)
    bare = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in joined.splitlines())
    return [line for line in bare if line]


def _local(line: str) -> str | None:
    target = re.sub(r"^(-e|--editable)[\s=]*", "", line)
    if target != line or target.startswith((".", "file:")):
        if re.match(r"\w+\+|https?:", target):
            return None
        path = re.sub(r"^file:(//)?", "", target.split(" ;")[0].split("#")[0])
        return re.sub(r"\[[^\]]*\]$", "", path.strip())
    return None


def _inside(target: str, path: str) -> str:
    inside = posixpath.normpath(target)
    if inside.startswith(("/", "..")):
        raise Invalid(
            f"{path}: {target} lies outside the codebase",
            "publish it as a package, or move it into this repository",
        )
    return inside


def _reach(names: list[str], packages: Mapping[str, Mapping[str, Any]]) -> set[str]:
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
    source = _table(entry, "source")
    return str(
        next(
            (source[key] for key in ("editable", "directory", "path", "virtual") if key in source),
            "",
        )
    )


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = table.get(key)
    return value if isinstance(value, dict) else {}
