"""Dependency manifests: requirements files, pyproject, Pipfile, setup.cfg and package.json."""

import json
import re
import tomllib
from typing import Any

from twelve.picture.pattern import pattern
from twelve.picture.tree import Broken, Manifest, Requirement

NAME = pattern(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*(.*)$")
REQUIREMENTS = pattern(
    r"(^|/)(requirements?|constraints?|reqs?)([._-][\w.-]+)?\.(txt|in|pip)$|(^|/)requirements?/[\w.-]+\.(txt|in|pip)$"
)
DEV = pattern(r"(dev|test|lint|doc|ci|local|type|style|bench|example|tool)", re.IGNORECASE)
EXACT = pattern(r"^\d[\w.+-]*$|^(npm:|https?://.*#[0-9a-f]{7,}|git\+.*#[0-9a-f]{40})")


def is_manifest(path: str) -> bool:
    """Is it a dependency manifest, by its name?"""
    name = path.rpartition("/")[2]
    if name in ("pyproject.toml", "package.json", "Pipfile", "setup.cfg", "setup.py"):
        return True
    return path.endswith((".txt", ".in", ".pip")) and bool(REQUIREMENTS.search(path))


def read_manifest(path: str, text: str) -> tuple[Manifest | None, Broken | None]:
    """The manifest, or why it does not parse."""
    name = path.rpartition("/")[2]
    try:
        if name == "pyproject.toml":
            return _pyproject(path, text), None
        if name == "package.json":
            return _package(path, text), None
        if name == "Pipfile":
            return _pipfile(path, text), None
        if name in ("setup.cfg", "setup.py"):
            return _setup(path, text), None
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        last = len(text.rstrip().splitlines())
        return None, Broken(path, int(found[1]) if found else last, str(error))
    except json.JSONDecodeError as error:
        return None, Broken(path, error.lineno, error.msg)
    except (ValueError, RecursionError, TypeError, AttributeError) as error:
        return None, Broken(path, 0, str(error)[:200])
    return _requirements(path, text), None


def normal(name: str) -> str:
    """A distribution's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _requirement(
    text: str, path: str, line: int, *, dev: bool = False, hashed: bool = False
) -> Requirement | None:
    spec = text.split(";", maxsplit=1)[0].split(" #", maxsplit=1)[0].strip()
    if " @ " in spec or spec.startswith(("git+", "http:", "https:")):
        name = (
            spec.partition("@")[0].strip()
            if " @ " in spec
            else (
                re.search(r"egg=([\w.-]+)", text)
                or re.search(r"/([\w.-]+)/(?:archive|tarball|zipball|releases)/", spec)
                or re.search(r"/([\w.-]+?)(\.git)?(@|$)", spec)
                or [None, ""]
            )[1]
        )
        return Requirement(
            normal(str(name or "")),
            spec,
            path,
            line,
            dev,
            bool(re.search(r"@[0-9a-f]{7,}|\.(whl|tar\.gz|zip)", spec)),
            hashed,
            "",
        )
    match = NAME.match(spec)
    if not match:
        return None
    version = match[3].split("--")[0].strip().rstrip("\\").strip()
    pinned = bool(re.match(r"^={2,3}\s*[\w.+!-]+$", version))
    return Requirement(normal(match[1]), version, path, line, dev, pinned, hashed)


def _requirements(path: str, text: str) -> Manifest:
    made: list[Requirement] = []
    includes = []
    dev = bool(DEV.search(path.rpartition("/")[2].removeprefix("requirements"))) or path.rpartition(
        "/"
    )[2].startswith("constraints")
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("--hash") and made:
            made[-1] = made[-1]._replace(hashed=True)
        elif line.startswith(("-r", "--requirement", "-c", "--constraint")):
            includes.append(line.split(None, 1)[-1].removeprefix("-r").strip())
        elif line.startswith(("-e", "--editable", ".", "/")):
            local = line.removeprefix("--editable").removeprefix("-e").strip()
            if local.startswith((".", "/")):
                made.append(Requirement(local, "", path, number, dev, True, False, local))
            elif (found := _requirement(local, path, number, dev=dev)) is not None:
                made.append(found)
        elif not line.startswith("-"):
            found = _requirement(line, path, number, dev=dev, hashed="--hash" in line)
            if found is not None:
                made.append(found)
    return Manifest(path, "requirements", tuple(made), tuple(includes), False, dev)


def _line(text: str, word: str) -> int:
    at = text.find(word)
    return text.count("\n", 0, at) + 1 if at >= 0 else 1


def _pyproject(path: str, text: str) -> Manifest:
    data = tomllib.loads(text)
    project = data.get("project", {})
    made = [_requirement(spec, path, _line(text, spec)) for spec in project.get("dependencies", [])]
    groups = []
    for name, specs in {
        **project.get("optional-dependencies", {}),
        **data.get("dependency-groups", {}),
    }.items():
        groups.append(name)
        made += [
            _requirement(spec, path, _line(text, spec), dev=bool(DEV.search(name)))
            for spec in specs
            if isinstance(spec, str)
        ]
    poetry = data.get("tool", {}).get("poetry", {})
    made += _poetry(poetry.get("dependencies", {}), path, text, dev=False)
    for name, group in poetry.get("group", {}).items():
        made += _poetry(group.get("dependencies", {}), path, text, dev=name != "main")
    made += _poetry(poetry.get("dev-dependencies", {}), path, text, dev=True)
    sources = data.get("tool", {}).get("uv", {}).get("sources", {})
    local = {
        normal(n): s["path"]
        for n, s in sources.items()
        if isinstance(s, dict) and isinstance(s.get("path"), str)
    }
    found = tuple(r._replace(local=local.get(r.name, "")) for r in made if r is not None)
    library = (
        "build-system" in data
        and poetry.get("package-mode") is not False
        and bool(project.get("classifiers") or project.get("urls") or poetry.get("classifiers"))
    )
    workspaces = tuple(data.get("tool", {}).get("uv", {}).get("workspace", {}).get("members", ()))
    has = bool(project or poetry)
    kind = "pyproject" if has or groups else "tools"
    return Manifest(
        path,
        kind,
        found,
        (),
        library,
        False,
        normal(str(project.get("name") or poetry.get("name") or "")),
        (),
        workspaces,
        tuple(groups),
    )


def _poetry(table: dict[str, Any], path: str, text: str, *, dev: bool) -> list[Requirement | None]:
    made: list[Requirement | None] = []
    for name, spec in table.items():
        if name == "python":
            continue
        version = (
            spec
            if isinstance(spec, str)
            else str(spec.get("version", ""))
            if isinstance(spec, dict)
            else ""
        )
        local = str(spec.get("path", "")) if isinstance(spec, dict) else ""
        made.append(
            Requirement(
                normal(name),
                version,
                path,
                _line(text, name),
                dev,
                bool(re.match(r"^(==)?\d[\w.]*$", version)),
                False,
                local,
            )
        )
    return made


def _pipfile(path: str, text: str) -> Manifest:
    data = tomllib.loads(text)
    made: list[Requirement | None] = []
    for name, table in data.items():
        # Each table beside these is a group of packages, by pipenv's categories.
        if name not in ("source", "requires", "scripts", "pipenv") and isinstance(table, dict):
            made += _poetry(table, path, text, dev=bool(DEV.search(name)))
    return Manifest(path, "pipfile", tuple(r for r in made if r is not None))


def _setup(path: str, text: str) -> Manifest:
    """Only what a reader may take without running: the quoted or listed specs of install_requires."""
    made = []
    match = re.search(r"install_requires\s*=\s*(\[[^\]]*\]|(?:\n[ \t]+\S.*)+)", text)
    if match:
        offset = text.count("\n", 0, match.start()) + 1
        for number, raw in enumerate(match[1].split("\n")):
            bare = raw.strip() and not {"[", "]"} & set(raw) and path.endswith(".cfg")
            specs = re.findall(r"[\"']([^\"']+)[\"']", raw) or ([raw.strip()] if bare else [])
            made += [_requirement(spec, path, offset + number) for spec in specs]
    return Manifest(path, "setup", tuple(r for r in made if r is not None), (), True)


def _package(path: str, text: str) -> Manifest:
    data = json.loads(text)
    if not isinstance(data, dict):
        raise TypeError("package.json is not an object")
    made = []
    for table, dev in (
        ("dependencies", False),
        ("optionalDependencies", False),
        ("peerDependencies", False),
        ("devDependencies", True),
    ):
        for name, spec in (data.get(table) or {}).items():
            version = str(spec)
            local = version.partition(":")[2] if version.startswith(("file:", "link:")) else ""
            made.append(
                Requirement(
                    name,
                    version,
                    path,
                    _line(text, f'"{name}"'),
                    dev,
                    bool(EXACT.match(version)) or bool(local),
                    False,
                    local,
                )
            )
    scripts = tuple(
        (name, str(body), _script_line(text, name))
        for name, body in (data.get("scripts") or {}).items()
    )
    workspaces = data.get("workspaces") or ()
    if isinstance(workspaces, dict):
        workspaces = workspaces.get("packages") or ()
    library = (
        not data.get("private")
        and bool(data.get("main") or data.get("exports"))
        and bool(data.get("files") or data.get("publishConfig"))
    )
    name = str(data.get("name") or "")
    return Manifest(
        path,
        "package.json",
        tuple(made),
        (),
        library,
        False,
        name,
        scripts,
        tuple(map(str, workspaces)),
    )


def _script_line(text: str, name: str) -> int:
    at = text.find('"scripts"')
    found = text.find(f'"{name}"', max(at, 0))
    return text.count("\n", 0, found) + 1 if found >= 0 else 1
