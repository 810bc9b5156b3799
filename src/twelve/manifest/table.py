"""Reading a table of a file: each key by its row, every fault with its place."""

import difflib
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple


class Key(NamedTuple):
    """A key of a table. ``parse`` raises ValueError with the end of a sentence."""

    name: str
    parse: Callable[[Any], Any]
    sentence: str


class Faults:
    """What is wrong, in the order in which it was found, and what the user should know besides."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.notes: list[str] = []

    def add(self, place: str, problem: str) -> None:
        """Note a fault at a place like ``twelve.toml: processes/web``."""
        self.found.append(f"{place}: {problem}")

    def has(self, place: str) -> bool:
        """Whether something is wrong at that very place."""
        return any(fault.startswith(f"{place}: ") for fault in self.found)

    def note(self, place: str, sentence: str) -> None:
        """Note what is no fault, but not followed."""
        self.notes.append(f"{place}: {sentence}")


def below(place: str, name: str) -> str:
    """``twelve.toml: processes`` and ``web``: ``twelve.toml: processes/web``."""
    return f"{place}/{name}" if ": " in place else f"{place}: {name}"


def read_keys(table: object, keys: tuple[Key, ...], place: str, faults: Faults) -> dict[str, Any]:
    """The values of the keys that are there and fine."""
    known = {key.name: key for key in keys}
    values = {}
    for name, value in as_table(table, place, faults).items():
        if name not in known:
            faults.add(below(place, name), unknown(name, known))
            continue
        try:
            values[name] = known[name].parse(value)
        except ValueError as error:
            faults.add(below(place, name), f"{shown(value)} {error}")
    return values


def as_table(value: object, place: str, faults: Faults) -> Mapping[str, Any]:
    """The value when it is a table; else a fault and an empty one."""
    if isinstance(value, dict):
        return value
    faults.add(place, f"{shown(value)} is not a table")
    return {}


def unknown(name: str, known: Collection[str]) -> str:
    """That there is no such key, and which one was perhaps meant."""
    near = difflib.get_close_matches(name.lower(), known, n=1)
    if near:
        return f"is not a key; did you mean {near[0]}?"
    return f"is not a key; there are {', '.join(known)}"


def shown(value: object) -> str:
    """A value as it stands in a message: short, in TOML's spelling."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
