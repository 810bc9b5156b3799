"""The dialect of ``docker run --env-file``: what follows ``=`` is the value, to the last blank."""

from collections.abc import Iterable

from twelve.factors.config.dotenv.lines import BLANKS, read_lines, write_lines

LONGEST_LINE = 64 * 1024 - 1
"""Bytes that docker reads of a line; a longer one it refuses, and with it the file."""


def parse_docker(data: str | bytes, source: str) -> list[tuple[str, str]]:
    """Names and values. Raises Invalid that names every line that is not one."""
    return read_lines(data, source, read_line)


def write_docker(pairs: Iterable[tuple[str, str]]) -> str:
    """A file for docker. Raises Refused for values of several lines, among others."""
    return write_lines(pairs, write_line, read_line, "docker")


def read_line(line: str) -> tuple[str, str]:
    """Quotes, ``#``, ``$`` and blanks after the value belong to it."""
    name, equals, value = line.lstrip(BLANKS).partition("=")
    if not equals:
        raise ValueError("has no '=': docker would take the value of whoever calls it; write one")
    if any(letter.isspace() for letter in name):
        export = name.startswith("export ")
        raise ValueError(
            "has a blank before '='" + (": docker knows no export, leave it out" if export else "")
        )
    if len(line.encode()) > LONGEST_LINE:
        raise ValueError(f"is longer than the {LONGEST_LINE} bytes that docker reads of a line")
    return name, value


def write_line(name: str, value: str) -> str | None:
    """The value as it stands."""
    line = f"{name}={value}"
    return line if len(line.encode()) <= LONGEST_LINE else None
