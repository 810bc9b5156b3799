"""What a call may ask in its query: each parameter with a kind, a meaning, and no other."""

import difflib
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from starlette.datastructures import QueryParams

from twelve.errors import Invalid

DIGITS = 12
"""A number of more digits is a slip; it would be no number of anything here."""


class Kind(StrEnum):
    """How a parameter is written."""

    WORD = "word"
    WORDS = "words"
    """Given several times, or once with commas between."""
    FLAG = "flag"
    """``true`` or ``false``."""
    NUMBER = "number"
    """A whole number, 0 or more."""


class Parameter(NamedTuple):
    """One parameter of a query."""

    name: str
    meaning: str
    kind: Kind = Kind.WORD


def flag(name: str, meaning: str) -> Parameter:
    """A parameter that is on or off."""
    return Parameter(name, meaning, Kind.FLAG)


def number(name: str, meaning: str) -> Parameter:
    """A parameter that is a whole number."""
    return Parameter(name, meaning, Kind.NUMBER)


def words(name: str, meaning: str) -> Parameter:
    """A parameter that may be given several times."""
    return Parameter(name, meaning, Kind.WORDS)


def require(known: Sequence[Parameter], query: QueryParams) -> None:
    """Refuse what no parameter is, every fault at once. Raises Invalid."""
    found = {each.name: each for each in known}
    faults = [
        fault
        for name in dict.fromkeys(query.keys())
        if (fault := fault_of(found.get(name), name, query.getlist(name)))
    ]
    if faults:
        near = difflib.get_close_matches(next(iter(query.keys())), found, n=1)
        names = ", ".join(found) or "none"
        hint = f"did you mean {near[0]!r}?" if near else f"parameters of this call: {names}"
        raise Invalid(faults[0], hint=hint, problems=tuple(faults[1:]))


def fault_of(known: Parameter | None, name: str, given: list[str]) -> str:
    """What is wrong with what was given for a parameter; nothing when it is right."""
    if known is None:
        return f"?{name}: there is no such parameter"
    if known.kind is not Kind.WORDS and len(given) > 1:
        return f"?{name} is given {len(given)} times"
    if known.kind is Kind.FLAG and given[0] not in {"true", "false"}:
        return f"?{name}={given[0]}: neither true nor false"
    if known.kind is Kind.NUMBER and not is_number(given[0]):
        return f"?{name}={given[0]}: not a whole number"
    return ""


def is_number(text: str) -> bool:
    """Whether it is a whole number, 0 or more, as this API takes it."""
    return text.isascii() and text.isdecimal() and len(text) <= DIGITS
