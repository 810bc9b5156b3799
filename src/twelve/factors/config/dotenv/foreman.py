r"""The dialect of foreman (the Ruby one): quotes around a whole value go, ``\n`` within ``"…"``."""

import re
from collections.abc import Iterable

from twelve.factors.config.dotenv.lines import read_lines, write_lines

_LINE = re.compile(r"([A-Za-z_0-9]+)=(.*)", re.ASCII | re.DOTALL)


def parse_foreman(data: str | bytes, source: str) -> list[tuple[str, str]]:
    """Names and values. Raises Invalid for every line that foreman would pass over in silence."""
    return read_lines(data, source, read_line)


def write_foreman(pairs: Iterable[tuple[str, str]]) -> str:
    """A file for foreman. Raises Refused for what it would read otherwise."""
    return write_lines(pairs, write_line, read_line, "foreman")


def read_line(line: str) -> tuple[str, str]:
    """``#`` and ``$`` belong to the value, and so do blanks, also those before it."""
    found = _LINE.fullmatch(line)
    if found is None:
        if line.lstrip().startswith("export "):
            raise ValueError("foreman passes over lines with export: leave it out")
        raise ValueError("is no NAME=value: foreman would pass over it in silence")
    name, value = found.groups()
    if len(value) >= 2 and value[0] == value[-1] == "'":
        return name, value[1:-1]
    if len(value) >= 2 and value[0] == value[-1] == '"':
        # In this order: a backslash before an n that is no newline cannot be written here.
        return name, re.sub(r"\\(.)", r"\1", value[1:-1].replace("\\n", "\n"))
    return name, value


def write_line(name: str, value: str) -> str | None:
    """The plainest of the three ways that is read back as the value."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    for text in (value, f"'{value}'", f'"{escaped}"'):
        line = f"{name}={text}"
        if "\n" not in line and not line.endswith("\r") and read_line(line) == (name, value):
            return line
    return None
