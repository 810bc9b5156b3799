"""Finds the Python and Node programs of this machine, and what of the disk they need to run."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from twelve.errors import Missing
from twelve.factors.dependencies.machine.versions import (
    Candidate,
    Request,
    Version,
    choose,
    parse_version,
    shown,
)

ASK_SECONDS = 10
PROGRAM = re.compile(r"python3(\.\d+)?")
SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/sbin")
"""Folders that every process can read anyway."""

GET_PYTHON = (
    "install it (`uv python install VERSION`, pyenv, or the system's package manager), or name "
    "an interpreter in TWELVE_PYTHONS"
)
GET_NODE = "install that version and put it first on PATH, or widen what package.json asks for"


class Interpreter(NamedTuple):
    """A program that runs apps: its real path, full version, and the folders it reads from."""

    path: str
    version: str
    read: tuple[str, ...]


class Node(NamedTuple):
    """A Node with its npm."""

    path: str
    version: str
    read: tuple[str, ...]
    npm: str
    """npm as PATH has it."""
    npm_script: str
    """The JavaScript file behind it."""
    manager: str = ""
    """The program of another package manager, where the lock is of one."""
    manager_version: str = ""


def find_python(
    request: Request | None,
    pythons: Iterable[str],
    environ: Mapping[str, str],
    memory: Path,
    others: Sequence[Request] = (),
) -> Interpreter:
    """Choose the interpreter that answers the request, and the ``others`` where one can.

    ``pythons`` are programs or folders that go before all others; ``memory`` is the file that
    remembers versions. Raises Missing.
    """
    versions = _recall(memory)
    before = dict(versions)
    own = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    preferred = [os.path.realpath(path) for path in _programs(pythons)]
    found = list(dict.fromkeys([*preferred, own, *map(os.path.realpath, _usual(environ))]))
    candidates = [
        Candidate(version, path, preferred=path in preferred, own=path == own)
        for path in found
        if (version := _version(path, versions, ("-I", "-S", "--version")))
    ]
    if versions != before:
        _keep(memory, versions)
    chosen = choose(request, candidates, "Python", GET_PYTHON, others)
    return Interpreter(chosen.path, shown(chosen.version), outside_system([_prefix(chosen.path)]))


def find_node(request: Request | None, environ: Mapping[str, str], memory: Path) -> Node:
    """Give the Node on PATH. Raises Missing when there is none that the app asks for."""
    path = shutil.which("node", path=environ.get("PATH"))
    npm = shutil.which("npm", path=environ.get("PATH"))
    if path is None or npm is None:
        what = "node" if path is None else "npm"
        raise Missing(f"this app needs Node, and there is no `{what}` on PATH", GET_NODE)
    real = os.path.realpath(path)
    versions = _recall(memory)
    before = dict(versions)
    version = _version(real, versions, ("--version",)) or ()
    if versions != before:
        _keep(memory, versions)
    chosen = choose(request, [Candidate(version, real)], "Node", GET_NODE)
    # npm is a script of its own package; the folders on PATH may only hold links to both.
    script = os.path.realpath(npm)
    read = [os.path.dirname(path), os.path.dirname(npm), _prefix(real), _prefix(script)]
    return Node(real, shown(chosen.version), outside_system(read), npm, script)


def twelves_own() -> tuple[str, tuple[str, ...]]:
    """Give the folder of the interpreter that has Twelve's modules, and what it reads from."""
    packages = [_home_of(name) for name in ("twelve", "uvicorn")]
    read = [sys.prefix, sys.base_prefix, *filter(None, packages)]
    return os.path.join(sys.prefix, "bin"), outside_system(read)


def _home_of(package: str) -> str:
    found = find_spec(package)
    return os.path.dirname(os.path.dirname(found.origin)) if found and found.origin else ""


def outside_system(paths: Iterable[str]) -> tuple[str, ...]:
    """Drop folders that every process sees anyway, and those inside others."""
    kept: list[str] = []
    for path in sorted({*paths, *map(os.path.realpath, paths)}, key=len):
        if not any(_within(path, one) for one in (*SYSTEM, *kept)):
            kept.append(path)
    return tuple(sorted(kept))


def libc() -> str:
    """Name the platform that compiled packages are made for: machine, C library and its version."""
    try:
        name = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):
        name = "musl"
    return f"{os.uname().machine}-{name.replace(' ', '-')}"


def _usual(environ: Mapping[str, str]) -> list[str]:
    home = Path(environ.get("HOME", "/nonexistent"))
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local/share")
    folders = [
        *_listing(Path(environ.get("PYENV_ROOT") or home / ".pyenv") / "versions"),
        *_listing(data / "uv/python"),
        Path("/usr/local"),
        Path("/usr"),
    ]
    return _programs([str(folder / "bin") for folder in folders])


def _programs(places: Iterable[str]) -> list[str]:
    found: list[str] = []
    for place in places:
        path = Path(place).absolute()
        if path.is_dir():
            inside = path if list(path.glob("python3*")) else path / "bin"
            found += [str(one) for one in _listing(inside) if PROGRAM.fullmatch(one.name)]
        elif os.access(path, os.X_OK):
            found.append(str(path))
    return found


def _listing(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _version(path: str, memory: dict[str, str], ask: tuple[str, ...]) -> Version | None:
    try:
        facts = os.stat(path)
    except OSError:
        return None
    key = f"{path} {facts.st_ino} {facts.st_size} {facts.st_mtime_ns}"
    if key not in memory:
        memory[key] = _ask(path, ask)
    return parse_version(memory[key]) if memory[key] else None


def _ask(path: str, words: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(
            [path, *words], capture_output=True, timeout=ASK_SECONDS, check=False, env={}, text=True
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    match = re.fullmatch(r"(?:Python |v)(\d+\.\d+\.\d+)", done.stdout.strip())
    return match[1] if match else ""


def _recall(memory: Path) -> dict[str, str]:
    try:
        found = json.loads(memory.read_bytes())
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _keep(memory: Path, versions: Mapping[str, str]) -> None:
    memory.parent.mkdir(parents=True, exist_ok=True)
    temporary = memory.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(versions))
    os.replace(temporary, memory)


def _prefix(path: str) -> str:
    return os.path.dirname(os.path.dirname(path))


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
