"""requirements.txt with all it includes."""

import posixpath
import re
from collections.abc import Callable
from typing import NamedTuple

from twelve.errors import Invalid
from twelve.factors.dependencies.python.project import package_name, read_project

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
    unread: tuple[str, ...] = ()
    """Those of them whose own dependencies only their build backend knows."""


def read_requirements(read: Read, path: str = "requirements.txt") -> Requirements:
    """Read the file and all it includes. Raises Invalid for what is missing or outside."""
    lines: list[str] = []
    constraints: list[str] = []
    _gather(read, path, lines, constraints, 0)
    kept, found = [], []
    for line in lines:
        local = _local(line)
        if local is None:
            kept.append(line)
        else:
            found.append((inside(local[0], path), local[1]))
    unread = []
    # What an exact file leaves out, it leaves out knowingly.
    if not _hashed(kept):
        for project, extras in found:
            own = _dependencies(read, project, extras)
            kept += own or ()
            unread += [project] if own is None else []
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
        hashed=_hashed(kept),
        projects=tuple(dict.fromkeys(project for project, _ in found)),
        unread=tuple(dict.fromkeys(unread)),
    )


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
        _gather(read, inside(target, path), into, constraints, depth + 1)


def _logical_lines(data: bytes, path: str) -> list[str]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(f"{path}: not UTF-8 (byte {error.start})", "save the file as UTF-8") from None
    joined = re.sub(r"\\\r?\n", " ", text)
    bare = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in joined.splitlines())
    return [line for line in bare if line]


def inside(target: str, path: str) -> str:
    """Give the path relative to the root. Raises Invalid, naming the file, when it leaves it."""
    plain = posixpath.normpath(target)
    if plain.startswith(("/", "..")):
        raise Invalid(
            f"{path}: {target} lies outside the codebase",
            "publish it as a package, or move it into this repository",
        )
    return plain


def _hashed(lines: list[str]) -> bool:
    wanted = [line for line in lines if not line.startswith("-")]
    return bool(wanted) and all("--hash" in line for line in wanted)


def _local(line: str) -> tuple[str, tuple[str, ...]] | None:
    """Give path and extras of a line that names something of this codebase."""
    target = re.sub(r"^(-e|--editable)[\s=]*", "", line)
    if target == line and not target.startswith((".", "file:")):
        return None
    if re.match(r"\w+\+|https?:", target):
        return None
    path = re.sub(r"^file:(//)?", "", target.split(" ;")[0].split("#")[0]).strip()
    extras = re.search(r"\[([^\]]*)\]$", path)
    names = re.findall(r"[\w.-]+", extras[1]) if extras else []
    return path[: extras.start()] if extras else path, tuple(names)


def _dependencies(read: Read, folder: str, extras: tuple[str, ...]) -> tuple[str, ...] | None:
    """Give what a project of this codebase depends on; None when that is not written down."""
    if folder.endswith((".whl", ".gz", ".zip")):
        return ()
    project = read_project(read, posixpath.normpath(f"{folder}/pyproject.toml"))
    if project and project.declared and not project.dynamic:
        chosen = (re.sub(r"[-_.]+", "-", one).lower() for one in extras)
        return (*project.lines, *(line for one in chosen for line in project.extras.get(one, ())))
    texts = (read(posixpath.normpath(f"{folder}/{name}")) for name in ("setup.py", "setup.cfg"))
    hidden = bool(project and project.foreign) or any(
        b"install_requires" in (t or b"") for t in texts
    )
    return None if hidden or (project and project.dynamic) else ()
