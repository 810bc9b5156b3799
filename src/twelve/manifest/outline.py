"""Outline: the files that ``twelve init`` proposes for a codebase that has none."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from twelve.errors import Invalid
from twelve.factors.config.contract import Declared
from twelve.factors.config.secret import looks_secret
from twelve.factors.dependencies.frameworks import declared_packages, propose
from twelve.factors.resources.attachment import guessed_kinds
from twelve.manifest.reads import variables_read
from twelve.manifest.writing import render_env_example, render_procfile, render_twelve_toml

RELEASE = "release"
SOURCES = (".py", ".js", ".mjs", ".cjs", ".ts")
NOT_OURS = ("tests/", "test/", "docs/", "migrations/")
LARGEST = 512 * 1024

Read = Callable[[str], bytes | None]


class Outline(NamedTuple):
    """What would be written, and why."""

    files: dict[str, str]
    why: tuple[str, ...]


def outline(app: str, names: Iterable[str], read: Read) -> Outline:
    """Procfile, .env.example and twelve.toml, as far as they are missing and something was found.

    Raises Invalid when nothing tells what the app is.
    """
    known = tuple(names)
    found = propose(known, read)
    if not found and "Procfile" not in known:
        raise Invalid(
            "nothing here tells what to run",
            hint="write a Procfile with a line like  web: gunicorn app:app --bind $HOST:$PORT",
        )
    commands = {each.type: each.command for each in found if each.type != RELEASE}
    release = next((each.command for each in found if each.type == RELEASE), "")
    reads = variables_read(sources(known, read))
    resources = guessed_kinds(reads)
    contract = {
        name: Declared(required=required, secret=looks_secret(name))
        for name, required in reads.items()
        if name not in resources
    }
    texts = {
        "Procfile": render_procfile(commands, release) if commands else "",
        ".env.example": render_env_example(contract) if contract else "",
        "twelve.toml": render_twelve_toml(app=app, resources=resources),
    }
    missing = {name: text for name, text in texts.items() if text and name not in known}
    # What runs is settled where there is a Procfile.
    proposed = found if "Procfile" in missing else ()
    return Outline(missing, tuple(remarks(proposed, declared_packages(frozenset(known), read))))


def remarks(found: Iterable[object], declared: frozenset[str]) -> list[str]:
    """Why each process type is proposed, and what it still needs."""
    said = []
    for each in found:
        kind, why, needed = (getattr(each, key) for key in ("type", "why", "missing"))
        said.append(f"{kind}: {why}")
        if needed and needed not in declared:
            said.append(f"{kind}: needs {needed}, which is not declared yet")
    return said


def sources(names: Iterable[str], read: Read) -> list[str]:
    """The texts of the app's own code."""
    texts = []
    for name in names:
        if name.endswith(SOURCES) and not name.startswith(NOT_OURS):
            data = read(name) or b""
            if len(data) <= LARGEST:
                texts.append(data.decode(errors="replace"))
    return texts
