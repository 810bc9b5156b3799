"""Pipfile.lock: what is installed, and whether the lock fits the Pipfile."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from twelve.errors import Invalid
from twelve.factors.dependencies.python.locks.entries import (
    Locked,
    index,
    line,
    lines,
    plain,
    refused,
    repository,
)
from twelve.factors.dependencies.python.project import read_toml, table
from twelve.factors.dependencies.python.requirements import inside

Read = Callable[[str], bytes | None]

PATH = "Pipfile.lock"
RELOCK = "run `pipenv lock` and commit Pipfile.lock"
NO_CATEGORY = ("source", "packages", "dev-packages", "requires", "scripts", "pipfile", "pipenv")
PYPI = {"name": "pypi", "url": "https://pypi.org/simple", "verify_ssl": True}
VERSIONS = ("python_full_version", "python_version")


def read_pipfile(read: Read, groups: Sequence[str]) -> Locked:
    """Give what Pipfile.lock installs: its default section, and those of the groups chosen.

    Raises Invalid when it does not fit the Pipfile, or names what cannot be fetched.
    """
    lock = _lock(read)
    _check_fresh(read, str(table(table(lock, "_meta"), "hash").get("sha256", "")))
    text, projects, hashed = [], [], True
    for section in ("default", *("develop" if one == "dev-packages" else one for one in groups)):
        if section not in lock and section != "default":
            raise Invalid(
                f"twelve.toml: build/groups: Pipfile.lock has no section {section!r}",
                f"write one of {', '.join(sorted(set(lock) - {'_meta', 'default'}))}",
            )
        for name, entry in table(lock, section).items():
            path = str(entry.get("path", ""))
            if path:
                projects.append(_project(name, path))
            else:
                text.append(_line(name, entry))
                hashed = hashed and "--hash=" in text[-1]
    known = tuple(dict.fromkeys(_indexes(lock)))
    return Locked(lines(text), tuple(sorted(set(projects))), known, hashed)


def pipfile_python(read: Read) -> tuple[str, str]:
    """Give the version of Python that the Pipfile asks for, and where; nothing if it does not."""
    data = read("Pipfile")
    if data is not None:
        requires = table(read_toml(data, "Pipfile", "mend the file"), "requires")
    else:
        requires = table(table(_lock(read), "_meta"), "requires")
    for key in VERSIONS:
        if requires.get(key):
            return str(requires[key]), f"{'Pipfile' if data else PATH} (requires/{key})"
    return "", ""


def pipfile_names(read: Read) -> frozenset[str]:
    """Give the normalised names of what Pipfile.lock installs."""
    return frozenset(map(plain, table(_lock(read), "default")))


def _lock(read: Read) -> dict[str, Any]:
    try:
        lock = json.loads(read(PATH) or b"{}")
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{PATH}: {error}", RELOCK) from None
    if not isinstance(lock, dict):
        raise Invalid(f"{PATH}: not a JSON object", RELOCK)
    return lock


def _check_fresh(read: Read, expected: str) -> None:
    data = read("Pipfile")
    if data is None or not expected:
        return
    document = read_toml(
        data, "Pipfile", "mend the file; `pipenv verify` tells whether it is right"
    )
    # Newer versions of pipenv normalise names before they take the hash.
    if expected not in (_digest(document, str), _digest(document, plain)):
        raise Invalid("Pipfile.lock: the Pipfile has changed since it was written", RELOCK)


def _digest(document: Mapping[str, Any], named: Callable[[str], str]) -> str:
    def section(values: Any) -> Any:
        return {named(key): one for key, one in values.items()} if isinstance(values, dict) else {}

    content = {
        key: section(values) for key, values in document.items() if key not in NO_CATEGORY
    } | {
        "_meta": {
            "sources": document.get("source", [PYPI]),
            "requires": document.get("requires", {}),
        },
        "default": section(document.get("packages")),
        "develop": section(document.get("dev-packages")),
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _project(name: str, path: str) -> str:
    if path.startswith(("/", "..", "~")):
        raise refused(PATH, name, f"a folder outside this codebase ({path})")
    return inside(path, PATH)


def _line(name: str, entry: Mapping[str, Any]) -> str:
    marker, hashes = str(entry.get("markers", "")), entry.get("hashes", ())
    extras = f"[{','.join(entry['extras'])}]" if entry.get("extras") else ""
    named = f"{name}{extras}"
    if re.fullmatch(r"[0-9a-f]{40}", str(entry.get("ref", ""))) and entry.get("git"):
        place = repository(entry["git"], entry["ref"], str(entry.get("subdirectory", "")))
        return line(named, place, (), marker)
    address = str(entry.get("file", ""))
    if re.match(r"https?://", address) and hashes:
        return line(named, f" @ {address}", hashes, marker)
    if not str(entry.get("version", "")).startswith("=="):
        kind = next((one for one in ("git", "hg", "svn", "bzr", "file") if one in entry), "")
        said = f"taken from {kind} {entry[kind]}" if kind else "without a version"
        raise refused(PATH, name, f"{said}, which fixes neither a commit nor a file")
    return line(named, str(entry["version"]), hashes, marker)


def _indexes(lock: Mapping[str, Any]) -> Iterator[Any]:
    for source in table(lock, "_meta").get("sources", []):
        if found := index(str(source.get("name", "")), str(source.get("url", ""))):
            yield found
