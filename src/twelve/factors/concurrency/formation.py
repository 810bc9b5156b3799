"""The formation: a quantity for each process type, ``web=2 worker=1``."""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping

from twelve.errors import Invalid
from twelve.factors.processes.types import ProcessType

MOST = 1000
"""Processes of one type on one machine; more is a slip of the finger."""

ALL = "all"
"""``all=0`` means every type, unless a type is called so."""

_WORD = re.compile(r"(?P<type>[^=+]+?)(?P<sign>=|\+|-)(?P<number>[0-9]+)\Z", re.ASCII)


def parse_formation(
    words: Iterable[str], known: Collection[str], current: Mapping[str, int]
) -> dict[str, int]:
    """The quantities that words like ``web=2``, ``worker+1`` or ``web=2,worker-1`` ask for.

    ``known`` are the types there are; ``current`` is what ``+`` and ``-`` count from. Only what
    was asked for is returned. Raises Invalid for all at once.
    """
    types = list(known)
    asked: dict[str, int] = {}
    problems = []
    for word in (part.strip() for text in words for part in text.split(",")):
        found = _WORD.match(word)
        if found is None:
            problems.append(f"{word!r} is not a quantity: write TYPE=NUMBER, e.g. web=2")
            continue
        names = _types_meant(found["type"], types)
        if not names:
            problems.append(_unknown(found["type"], types))
        for name in names:
            number = _counted(found["sign"], int(found["number"]), current.get(name, 0))
            if fault := quantity_problem(number):
                problems.append(f"{word}: {fault}")
            elif asked.get(name, number) != number:
                problems.append(f"{word}: {name} is there already, with {asked[name]}")
            else:
                asked[name] = number
    if problems:
        raise Invalid(
            problems[0], "nothing was scaled", problems=tuple(dict.fromkeys(problems[1:]))
        )
    return asked


def quantity_problem(number: int) -> str:
    """Why nobody can run that many processes of one type; empty when one can."""
    if 0 <= number <= MOST:
        return ""
    return f"{number} is not a quantity: choose 0 to {MOST}"


def formation_of(types: Mapping[str, ProcessType], scaled: Mapping[str, int]) -> dict[str, int]:
    """The formation of a release: what was scaled by hand, else what the manifest says.

    A type that the manifest no longer has is gone; one that it gained starts with its quantity.
    """
    return {name: scaled.get(name, process.quantity) for name, process in types.items()}


def text_of_formation(formation: Mapping[str, int]) -> str:
    """``web=2 worker=1``."""
    return " ".join(f"{name}={number}" for name, number in formation.items())


def process_names(formation: Mapping[str, int]) -> list[str]:
    """``web.1``, ``web.2``, ``worker.1``: every process that the formation asks for."""
    return [f"{name}.{i}" for name, number in formation.items() for i in range(1, number + 1)]


def _types_meant(name: str, types: Collection[str]) -> list[str]:
    if name in types:
        return [name]
    return list(types) if name == ALL else []


def _counted(sign: str, number: int, current: int) -> int:
    return {"=": number, "+": current + number, "-": current - number}[sign]


def _unknown(name: str, types: Collection[str]) -> str:
    near = difflib.get_close_matches(name, types, n=1)
    guess = f"; did you mean {near[0]}?" if near else ""
    known = f"there are {', '.join(types)}" if types else "the app has none"
    return f"{name!r} is not a process type of this app: {known}{guess}"
