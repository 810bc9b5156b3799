"""What pyproject.toml says."""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from twelve.errors import Invalid

Read = Callable[[str], bytes | None]


class Project(NamedTuple):
    """What pyproject.toml says."""

    declared: bool
    """It has a [project] table; else it only configures tools."""
    name: str
    python: str
    """The versions of Python that it runs on, or nothing."""
    python_key: str
    """Which key says so."""
    packaged: bool
    """The project itself is installed: it has a [build-system] and does not say otherwise."""
    backend_pinned: bool
    dynamic: bool
    """Its dependencies come from other files, by its build backend."""
    lines: tuple[str, ...]
    """Its dependencies as they are written."""
    extras: Mapping[str, tuple[str, ...]]
    poetry: bool
    """It has a table of Poetry's own."""
    foreign: str
    """A manager whose own tables hold the dependencies (``poetry``), or nothing."""
    workspace: bool
    """It takes packages of a uv workspace."""

    @property
    def dependencies(self) -> frozenset[str]:
        """The normalised names of its dependencies."""
        return frozenset(map(package_name, self.lines))


def read_project(read: Read, path: str = "pyproject.toml") -> Project | None:
    """Read pyproject.toml; None when there is none. Raises Invalid when it is not TOML."""
    data = read(path)
    if data is None:
        return None
    document = read_toml(data, path, "mend the file; `uv lock` tells whether it is right")
    project, tool = table(document, "project"), table(document, "tool")
    system, poetry, uv = table(document, "build-system"), table(tool, "poetry"), table(tool, "uv")
    wanted = table(poetry, "dependencies")
    backends = texts(system.get("requires"))
    requires = str(project.get("requires-python", ""))
    constraint = wanted.get("python", "")
    return Project(
        declared=bool(project),
        name=str(project.get("name") or poetry.get("name") or ""),
        python=requires or (constraint if isinstance(constraint, str) else ""),
        python_key="requires-python" if requires else "tool/poetry/dependencies/python",
        packaged=_packaged(project, poetry, bool(uv.get("package", bool(system)))),
        backend_pinned=bool(backends) and all("==" in line for line in backends),
        dynamic="dependencies" in texts(project.get("dynamic")),
        lines=texts(project.get("dependencies")),
        extras={
            re.sub(r"[-_.]+", "-", key).lower(): texts(lines)
            for key, lines in table(project, "optional-dependencies").items()
        },
        poetry=bool(poetry),
        foreign="poetry" if not project and wanted else "",
        workspace=any(
            isinstance(one, dict) and one.get("workspace") is True
            for one in table(uv, "sources").values()
        ),
    )


def is_there(project: Project, names: Iterable[str], poetry: Mapping[str, Any]) -> bool:
    """Tell whether the modules that Poetry would package are among the codebase's files.

    Many apps name themselves without being packages; Poetry itself then installs nothing.
    """
    if poetry.get("packages") or poetry.get("scripts"):
        return True
    module = re.sub(r"[-.]+", "_", project.name)
    own = {f"{top}{module}{end}" for top in ("", "src/") for end in (".py", "/__init__.py")}
    return not own.isdisjoint(names)


def package_name(line: str) -> str:
    """Give the normalised name that a requirement line begins with, or nothing."""
    match = re.match(
        r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?=$|[\s\[<>=!~;@#\\,(])", line.strip()
    )
    return re.sub(r"[-_.]+", "-", match[0]).lower() if match else ""


def read_toml(data: bytes, path: str, mend: str) -> dict[str, Any]:
    """Read TOML. Raises Invalid, with ``mend`` as the next step."""
    try:
        return tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(f"{path}: {error}", mend) from None


def table(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Give the table of that key, empty when it is none."""
    value = holder.get(key)
    return value if isinstance(value, dict) else {}


def texts(value: Any) -> tuple[str, ...]:
    """Give a list of texts; what is no list is empty."""
    return tuple(str(one) for one in value) if isinstance(value, list) else ()


def _packaged(project: Mapping[str, Any], poetry: Mapping[str, Any], built: bool) -> bool:
    named = bool(project) or bool(poetry.get("name"))
    return named and built and poetry.get("package-mode", True) is not False
