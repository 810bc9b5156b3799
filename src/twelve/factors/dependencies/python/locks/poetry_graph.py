"""Locks of Poetry 1, which do not say who needs a package: a walk from what pyproject.toml names.

Markers are gathered on the way: a package is installed where all markers of one of the ways to it
hold.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from twelve.errors import Invalid
from twelve.factors.dependencies.machine.versions import Bound, python_request, shown
from twelve.factors.dependencies.python.locks.entries import EXTRA, plain, settled
from twelve.factors.dependencies.python.project import table

Way = frozenset[str]
"""Markers that must all hold."""

MOST_WAYS = 64
"""To one package, none of which holds wherever another does."""

HINT = (
    "run `poetry lock` with Poetry 2 and commit poetry.lock, or commit in its place what "
    "`poetry export -f requirements.txt -o requirements.txt` writes"
)


class Edge(NamedTuple):
    """A need of one package for another."""

    name: str
    extras: frozenset[str]
    marker: str


class Node(NamedTuple):
    """A package with the extras it is wanted with."""

    name: str
    extras: frozenset[str]


def reached(
    document: Mapping[str, Any],
    packages: Sequence[Mapping[str, Any]],
    extras: Sequence[str],
    groups: Sequence[str],
) -> dict[str, str]:
    """Give the marker of each package that is installed, by its normalised name.

    Raises Invalid when a lock of this age does not tell enough.
    """
    entries = {plain(str(one["name"])): one for one in packages}
    if len(entries) != len(packages):
        names = [plain(str(one["name"])) for one in packages]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise Invalid(
            f"poetry.lock: holds {', '.join(twice)} in several versions, in the form of Poetry 1, "
            "which does not say which is for whom",
            HINT,
        )
    if table(document, "project").get("dependencies"):
        raise Invalid("poetry.lock: written by Poetry 1, which does not read [project]", HINT)
    ways: dict[Node, set[Way]] = {}
    waiting = [(edge, frozenset[str]()) for edge in _named(document, extras, groups)]
    while waiting:
        edge, before = waiting.pop()
        entry = entries.get(edge.name)
        if entry is None:
            # Poetry leaves out what is for other versions of Python than the project's.
            continue
        way = before | {edge.marker} if edge.marker else before
        if not _take(ways.setdefault(Node(edge.name, edge.extras), set()), way, edge.name):
            continue
        waiting += [(one, way) for one in _needs(entry, edge.extras)]
    return _markers(ways)


def _take(known: set[Way], way: Way, name: str) -> bool:
    """Add a way unless a wider one is known."""
    if any(one <= way for one in known):
        return False
    known -= {one for one in known if way <= one}
    known.add(way)
    if len(known) > MOST_WAYS:
        raise Invalid(f"poetry.lock: too many ways lead to {name} to follow them all", HINT)
    return True


def _markers(ways: Mapping[Node, set[Way]]) -> dict[str, str]:
    joined: dict[str, set[Way]] = {}
    for node, known in ways.items():
        joined.setdefault(node.name, set()).update(known)
    return {name: _either(known) for name, known in joined.items()}


def _either(ways: Iterable[Way]) -> str:
    known = sorted(sorted(way) for way in ways)
    if [] in known:
        return ""
    return " or ".join(" and ".join(f"({one})" for one in way) for way in known)


def _named(
    document: Mapping[str, Any], extras: Sequence[str], groups: Sequence[str]
) -> Iterator[Edge]:
    """Give what the project itself needs: by pyproject.toml."""
    poetry = table(table(document, "tool"), "poetry")
    chosen = {
        plain(str(name))
        for extra, names in table(poetry, "extras").items()
        if plain(extra) in map(plain, extras)
        for name in names
    }
    wanted = [table(poetry, "dependencies")]
    wanted += [table(table(table(poetry, "group"), one), "dependencies") for one in groups]
    for named in wanted:
        for name, spec in named.items():
            for one in spec if isinstance(spec, list) else [spec]:
                optional = isinstance(one, dict) and one.get("optional")
                if name.lower() != "python" and (not optional or plain(name) in chosen):
                    yield _edge(name, one, ())


def _needs(entry: Mapping[str, Any], extras: frozenset[str]) -> Iterator[Edge]:
    """Give what a package of the lock needs when it is wanted with these extras."""
    brought = {
        plain(match[0])
        for extra, needed in table(entry, "extras").items()
        if plain(extra) in extras
        for one in needed
        if (match := re.match(r"[\w.-]+", str(one)))
    }
    for name, spec in table(entry, "dependencies").items():
        for one in spec if isinstance(spec, list) else [spec]:
            if isinstance(one, dict) and one.get("optional"):
                asked = {plain(found[2]) for found in EXTRA.findall(str(one.get("markers", "")))}
                if not (asked & extras if asked else plain(name) in brought):
                    continue
            yield _edge(name, one, extras)


def _edge(name: str, spec: Any, extras: Iterable[str]) -> Edge:
    if not isinstance(spec, dict):
        return Edge(plain(name), frozenset(), "")
    markers = [settled(str(spec.get("markers", "")), extras)]
    if spec.get("python"):
        markers.append(_for_python(str(spec["python"])))
    if spec.get("platform"):
        markers.append(f"sys_platform == '{spec['platform']}'")
    said = [one for one in markers if one]
    marker = said[0] if len(said) == 1 else " and ".join(f"({one})" for one in said)
    return Edge(plain(name), frozenset(map(plain, spec.get("extras", ()))), marker)


def _for_python(constraint: str) -> str:
    request = python_request(constraint, "pyproject.toml (tool/poetry/dependencies)")
    sides = [" and ".join(map(_bound, bounds)) for bounds in request.wanted if bounds]
    return sides[0] if len(sides) == 1 else " or ".join(f"({side})" for side in sides)


def _bound(bound: Bound) -> str:
    version = shown(bound.version)
    if len(bound.version) > 2:
        return f"python_full_version {bound.operator} '{version}'"
    if len(bound.version) == 2:
        return f"python_version {bound.operator} '{version}'"
    star = ".*" if bound.operator in ("==", "!=") else ""
    return f"python_version {bound.operator} '{version}{star}'"
