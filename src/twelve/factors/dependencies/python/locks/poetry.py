"""poetry.lock: who is installed, and whether the lock fits pyproject.toml."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from twelve.errors import Invalid
from twelve.factors.dependencies.python.locks.entries import (
    NEVER,
    Locked,
    index,
    line,
    lines,
    plain,
    refused,
    repository,
    settled,
)
from twelve.factors.dependencies.python.locks.poetry_graph import reached
from twelve.factors.dependencies.python.project import read_toml, table
from twelve.factors.dependencies.python.requirements import inside

Read = Callable[[str], bytes | None]

PATH = "poetry.lock"
RELOCK = "run `poetry lock` and commit poetry.lock"
OWN_KEYS = ("dependencies", "source", "extras", "dev-dependencies")
PROJECT_KEYS = ("requires-python", "dependencies", "optional-dependencies")


class Wanted(NamedTuple):
    """A package of the lock, and when it is installed."""

    entry: Mapping[str, Any]
    marker: str


def read_poetry(read: Read, extras: Sequence[str], groups: Sequence[str]) -> Locked:
    """Give what poetry.lock installs: the main group, and the extras and groups chosen.

    Raises Invalid when it does not fit pyproject.toml, or names what cannot be fetched.
    """
    lock = read_toml(read(PATH) or b"", PATH, RELOCK)
    data = read("pyproject.toml")
    if data is None:
        raise Invalid("poetry.lock: there is no pyproject.toml beside it", "commit pyproject.toml")
    document = read_toml(data, "pyproject.toml", "mend the file; `poetry check` tells more")
    metadata = table(lock, "metadata")
    check_fresh(document, str(metadata.get("content-hash", "")))
    packages = [one for one in lock.get("package", []) if isinstance(one, dict)]
    _check_extras(extras, table(lock, "extras"))
    if all("groups" in one for one in packages):
        wanted = list(_of_groups(packages, extras, groups))
    else:
        found = reached(document, packages, extras, groups)
        wanted = [Wanted(one, found[plain(one["name"])]) for one in _only(packages, found)]
    return _locked(wanted, table(metadata, "files"))


def check_fresh(document: Mapping[str, Any], content_hash: str) -> None:
    """Raise Invalid when the lock was made from other dependencies than pyproject.toml names."""
    if content_hash and content_hash not in {_digest(one) for one in _contents(document)}:
        raise Invalid("poetry.lock: pyproject.toml has changed since it was written", RELOCK)


def _contents(document: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """Give what the versions of Poetry take the hash of."""
    project, tool = table(document, "project"), table(table(document, "tool"), "poetry")
    groups = {"group": tool["group"]} if "group" in tool else {}
    declared = {key: project[key] for key in PROJECT_KEYS if project.get(key) is not None}
    yield {key: tool.get(key) for key in OWN_KEYS} | groups
    if declared:
        own = {key: tool[key] for key in OWN_KEYS if tool.get(key) is not None}
        yield {"project": declared, "tool": {"poetry": own | groups}}
        named = table(document, "dependency-groups")
        yield {"project": declared, "dependency-groups": named, "tool": {"poetry": own | groups}}


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _check_extras(extras: Iterable[str], known: Mapping[str, Any]) -> None:
    names = {plain(one) for one in known}
    for extra in extras:
        if plain(extra) not in names:
            raise Invalid(
                f"twelve.toml: build/extras: poetry.lock knows no extra {extra!r}",
                f"write one of {', '.join(sorted(names))}" if names else "drop the key",
            )


def _of_groups(
    packages: Iterable[Mapping[str, Any]], extras: Sequence[str], groups: Sequence[str]
) -> Iterable[Wanted]:
    chosen = ("main", *groups)
    for entry in packages:
        member = [one for one in chosen if one in entry["groups"]]
        markers = entry.get("markers", "")
        each = [markers if isinstance(markers, str) else markers.get(one, "") for one in member]
        known = [settled(str(one), extras) for one in each]
        if not member or all(one == NEVER for one in known):
            continue
        yield Wanted(entry, "" if "" in known else " or ".join(f"({one})" for one in known))


def _only(
    packages: Iterable[Mapping[str, Any]], found: Collection[str]
) -> Iterable[Mapping[str, Any]]:
    return (one for one in packages if plain(one["name"]) in found)


def _locked(wanted: Iterable[Wanted], files: Mapping[str, Any]) -> Locked:
    """``files`` is where old locks keep the hashes."""
    text, projects, indexes, hashed = [], [], [], True
    for entry, marker in wanted:
        name, source = str(entry["name"]), table(entry, "source")
        kind, url = source.get("type"), str(source.get("url", ""))
        hashes = [one["hash"] for one in entry.get("files", []) or files.get(name, [])]
        match kind:
            case "directory":
                projects.append(inside(url, PATH))
            case "file" if url.endswith(".whl"):
                projects.append(inside(url, PATH))
            case "git":
                commit = str(source.get("resolved_reference", ""))
                place = repository(url, commit, str(source.get("subdirectory", "")))
                text.append(line(name, place, (), marker))
                hashed = False
            case "url":
                text.append(line(name, f" @ {url}", hashes, marker))
                hashed = hashed and bool(hashes)
            case None | "legacy":
                indexes.append(index(str(source.get("reference", "")), url) if kind else None)
                text.append(line(name, f"=={entry['version']}", hashes, marker))
                hashed = hashed and bool(hashes)
            case _:
                raise refused(PATH, name, f"of a kind that a build cannot fetch ({kind} {url})")
    known = tuple(dict.fromkeys(one for one in indexes if one))
    return Locked(lines(text), tuple(sorted(projects)), known, hashed)
