"""The Procfile: a process type a line, ``web: gunicorn shop.wsgi``."""

from collections.abc import Mapping
from typing import NamedTuple

from twelve.errors import Invalid
from twelve.factors.processes.types import type_problem

RELEASE = "release"
"""The one line that is no process type: the command of the release phase."""


class Line(NamedTuple):
    """One command of a Procfile and the line where it stands, from 1."""

    command: str
    line: int


def parse_procfile(data: str | bytes, source: str = "Procfile") -> dict[str, Line]:
    """Type to command, in the order of the file; ``release`` among them when it is there.

    Raises Invalid that names every bad line.
    """
    found, problems = read_procfile(data, source)
    if problems:
        raise Invalid(
            problems[0], "a line of a Procfile is TYPE: COMMAND", problems=tuple(problems[1:])
        )
    return found


def read_procfile(data: str | bytes, source: str = "Procfile") -> tuple[dict[str, Line], list[str]]:
    """The lines that are fine, and a sentence for each that is not."""
    try:
        text = data.decode() if isinstance(data, bytes) else data
    except UnicodeDecodeError as error:
        number = error.object[: error.start].count(b"\n") + 1
        return {}, [f"{source}:{number}: is not UTF-8: save the file as UTF-8"]
    found: dict[str, Line] = {}
    problems = []
    # Not splitlines: it also cuts at form feeds and U+2028, which may stand in a command.
    for number, raw in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        line = raw.strip(" \t\r\f\v")
        if not line or line.startswith("#"):
            continue
        name, colon, command = (part.strip() for part in line.partition(":"))
        if fault := _fault(name, colon, command, found):
            problems.append(f"{source}:{number}: {fault}")
        else:
            found[name] = Line(command, number)
    return found, problems


def _fault(name: str, colon: str, command: str, found: Mapping[str, Line]) -> str:
    if not colon:
        return "has no colon: write TYPE: COMMAND"
    if name != RELEASE and (fault := type_problem(name)):
        return f"{name!r} {fault}"
    if not command:
        return f"{name} has no command: write one after the colon, or drop the line"
    if name in found:
        return f"{name} is there already, in line {found[name].line}: keep one of them"
    if any(ord(letter) < 32 and letter != "\t" for letter in command):
        return f"{name} holds a control character: retype the line"
    if command.endswith("\\"):
        return (
            f"{name} ends with a backslash: a Procfile has one line for a command, write a script"
        )
    return ""
