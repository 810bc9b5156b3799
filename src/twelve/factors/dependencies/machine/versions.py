"""Which interpreter an app asks for, and which of those on this machine answers."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from twelve.errors import Invalid, Missing

Version = tuple[int, ...]


OTHER_PYTHONS = re.compile(r"pypy|graalpy|jython|stackless|micropython|miniconda|anaconda")

NODE_NAMES = {
    "dubnium": "10", "erbium": "12", "fermium": "14", "gallium": "16", "hydrogen": "18",
    "iron": "20", "jod": "22", "krypton": "24",
}  # fmt: skip
"""Names of long-term support, as nvm writes them."""


class Bound(NamedTuple):
    """A comparison with a version: ``>= 3.11``. ``==`` compares only as many parts as are given."""

    operator: str
    version: Version


Range = tuple[tuple[Bound, ...], ...]
"""Alternatives, each a set of bounds that all must hold."""


class Request(NamedTuple):
    """What the app asks for, and where it says so."""

    text: str
    place: str
    wanted: Range
    exact: bool
    """It names one version (or one series), so the newest match is meant, not the handiest."""


class Candidate(NamedTuple):
    """An interpreter on this machine."""

    version: Version
    path: str
    preferred: bool = False
    """Named by the operator, so it goes before all others."""
    own: bool = False
    """The one that Twelve itself runs on."""


def python_request(text: str, place: str) -> Request:
    """Read ``3.11``, ``python-3.11.7``, ``>=3.11,<3.14``, ``^3.11 || 3.9.*``.

    Raises Invalid for anything else.
    """
    trimmed = text.strip().lower()
    plain = re.sub(r"^(cpython|python)[-@ ]?", "", trimmed)
    if not plain or OTHER_PYTHONS.match(plain):
        raise Invalid(f"{place}: {text.strip()!r} is not a version of CPython", 'write "3.11"')
    try:
        wanted = tuple(_python_range(part) for part in re.split(r"\|\|?", plain))
    except ValueError:
        hint = 'write a version ("3.11") or a range (">=3.11,<3.14")'
        raise Invalid(f"{place}: {text.strip()!r} is not a Python version", hint) from None
    exact = plain[0].isdigit() and len(wanted) == 1
    return Request(trimmed, place, wanted, exact)


def node_request(text: str, place: str) -> Request | None:
    """Read ``20``, ``^20.1``, ``>=18 <21``, ``18 || 20.x``; None for names (``lts/*``)."""
    trimmed = text.strip().lower()
    named = re.fullmatch(r"lts/(\w+)", trimmed)
    plain = NODE_NAMES.get(named[1], trimmed) if named else trimmed
    try:
        ranges = tuple(_node_bounds(part) for part in plain.split("||"))
    except ValueError:
        return None
    return Request(trimmed, place, ranges, exact=plain[:1].isdigit())


def matches(wanted: Range, version: Version) -> bool:
    """Tell whether the version lies in the range."""
    return any(all(_holds(bound, version) for bound in bounds) for bounds in wanted)


def choose(
    request: Request | None,
    candidates: Iterable[Candidate],
    what: str,
    mend: str,
    others: Sequence[Request] = (),
) -> Candidate:
    """Pick the interpreter to build with; ``mend`` is the sentence that tells how to get another.

    Of those that answer the request, those that also answer the ``others`` go first.
    Then those the operator named; then Twelve's own, unless one version is asked for; then
    the newest. Raises Missing, saying what was asked and what exists.
    """
    found = list(candidates)
    able = [one for one in found if request is None or matches(request.wanted, one.version)]
    if not able:
        asked = f"{request.place} asks for {what} {request.text}" if request else f"no {what} found"
        here = ", ".join(f"{shown(one.version)} ({one.path})" for one in sorted(found)) or "none"
        raise Missing(f"{asked}; on this machine: {here}", mend)
    agreed = [one for one in able if all(matches(r.wanted, one.version) for r in others)]
    handy = request is None or not request.exact
    return max(agreed or able, key=lambda one: (one.preferred, handy and one.own, one.version))


def overruled(
    chosen: str, request: Request | None, others: Iterable[Request], what: str
) -> tuple[str, ...]:
    """Tell what else was asked for and is not what was chosen, and who decided."""
    version = parse_version(chosen)
    return tuple(
        f"{what} {chosen} it is, by {request.place} ({request.text}); {other.place} asks for "
        f"{other.text}: let them agree"
        for other in others
        if request and not matches(other.wanted, version)
    )


def shown(version: Version) -> str:
    """Give ``3.11.7``."""
    return ".".join(map(str, version))


def parse_version(text: str) -> Version:
    """Read the leading numbers of ``3.11.7`` or ``v20.1.0``. Raises ValueError without any."""
    match = re.match(r"[v=]?\s*(\d+(?:\.\d+)*)", text.strip())
    if not match:
        raise ValueError(text)
    return tuple(int(part) for part in match[1].split("."))


def _holds(bound: Bound, version: Version) -> bool:
    same = version[: len(bound.version)] == bound.version
    match bound.operator:
        case "==":
            return same
        case "!=":
            return not same
        case ">=":
            return version >= bound.version
        case "<":
            return version < bound.version
        case ">":
            return version > bound.version and not same
        case _:
            return version <= bound.version or same


def _python_range(text: str) -> tuple[Bound, ...]:
    joined = re.sub(r"([<>=!~^])\s+", r"\1", text.strip())
    if joined == "*":
        return ()
    words = re.split(r"\s*,\s*|\s+", joined)
    return tuple(bound for word in words for bound in _python_bounds(word))


def _python_bounds(part: str) -> list[Bound]:
    match = re.fullmatch(r"(~=|===?|!=|>=|<=|>|<|\^|~)?\s*(\d+(?:\.\d+)*)(\.\*)?", part)
    if not match:
        raise ValueError(part)
    operator, version = match[1] or "==", parse_version(match[2])
    if operator == "~=":
        return [Bound(">=", version), Bound("==", version[:-1])]
    if operator == "^":
        return [Bound(">=", version), Bound("==", version[:1])]
    if operator == "~":
        return [Bound(">=", version), Bound("==", version[:2])]
    return [Bound("==" if operator == "===" else operator, version)]


def _node_bounds(part: str) -> tuple[Bound, ...]:
    joined = re.sub(r"(~>|[<>]=?|[\^~=])\s+", r"\1", part.strip())
    if hyphen := re.fullmatch(r"(\S+)\s+-\s+(\S+)", joined):
        return (Bound(">=", parse_version(hyphen[1])), Bound("<=", parse_version(hyphen[2])))
    return tuple(bound for word in joined.split() for bound in _node_word(word))


def _node_word(word: str) -> list[Bound]:
    if word in ("*", "x", "latest"):
        return []
    match = re.fullmatch(r"([<>]=?|[\^~=])?v?(\d+(?:\.\d+)*)(?:\.[x*])*", word)
    if not match:
        raise ValueError(word)
    operator, version = match[1] or "=", parse_version(match[2])
    if operator == "^":
        return [Bound(">=", version), Bound("==", version[:1])]
    if operator == "~":
        return [Bound(">=", version), Bound("==", version[:2])]
    return [Bound("==" if operator == "=" else operator, version)]
