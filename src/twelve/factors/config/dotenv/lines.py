"""Dialects whose file is lines, a variable each: read strictly, written where they can hold it."""

from collections.abc import Callable, Iterable

from twelve.errors import Invalid, Refused
from twelve.factors.config.names import name_problem, value_problem

BLANKS = " \t\r\f\v"

ReadLine = Callable[[str], tuple[str, str]]
"""Name and value of a line that is no comment; raises ValueError with the end of a sentence."""
WriteValue = Callable[[str, str], str | None]
"""A name and a value as a line; None where no line stands for that value."""


def read_lines(data: str | bytes, source: str, read: ReadLine) -> list[tuple[str, str]]:
    """Names and values in the order of the file. Raises Invalid that names every bad line."""
    try:
        text = data.decode() if isinstance(data, bytes) else data
    except UnicodeDecodeError as error:
        bad = error.object[: error.start].count(b"\n") + 1
        raise Invalid(f"{source}:{bad}: is not UTF-8", "save the file as UTF-8") from None
    found: dict[str, tuple[str, int]] = {}
    problems = []
    lines = text.removeprefix("\ufeff").split("\n")
    for number, raw in enumerate(lines, start=1):
        line = raw.removesuffix("\r")
        if line.strip(BLANKS)[:1] in {"", "#"}:
            continue
        try:
            name, value = read(line)
            check(name, value, found)
            found[name] = value, number
        except ValueError as error:
            problems.append(f"{source}:{number}: {error}")
    if problems:
        raise Invalid(problems[0], "nothing was taken over", problems=tuple(problems[1:]))
    return [(name, value) for name, (value, _) in found.items()]


def check(name: str, value: str, found: dict[str, tuple[str, int]]) -> None:
    """Raises ValueError for what config cannot hold; no message repeats a part of a value."""
    if name_problem(name):
        raise ValueError("what stands before '=' is no name: letters, digits and _, no digit first")
    if name in found:
        raise ValueError(f"{name} is there already, in line {found[name][1]}: keep one of them")
    if fault := value_problem(name, value):
        raise ValueError(f"{name} {fault}")


def write_lines(
    pairs: Iterable[tuple[str, str]], write: WriteValue, read: ReadLine, form: str
) -> str:
    """A file that reads back exactly. Raises Refused that names what this form cannot hold."""
    lines, refused = [], []
    for name, value in pairs:
        line = write(name, value)
        if line is None or "\n" in line or line.endswith("\r") or read(line) != (name, value):
            refused.append(f"{name}: no line of this format stands for its value")
        else:
            lines.append(f"{line}\n")
    if refused:
        raise Refused(
            f"{len(refused)} of the values cannot be written as {form}",
            hint="--format dotenv and --format json hold every value",
            problems=tuple(refused),
        )
    return "".join(lines)
