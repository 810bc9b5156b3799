"""Variables as files: the one dotenv dialect that Twelve reads and writes, and JSON.

Strict, because the dialects of others disagree: a line that is not understood is an error with its
number. Messages carry no part of a value: an unquoted key file would else end up in a log.
"""

import json
import re
from collections.abc import Iterable
from typing import NamedTuple

from twelve.errors import Invalid
from twelve.factors.config.names import name_problem, value_problem

ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "'": "'", "$": "$", "`": "`"}
"""What a backslash stands for within double quotes."""

HINT = "a line is NAME=value, NAME='value' or NAME=\"value\"; nothing was taken over"

_HEAD = re.compile(r"[ \t]*(?:export[ \t]+)?([^=\n]*?)[ \t]*=")
_DOUBLE = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
_SINGLE = re.compile(r"'([^']*)'")
_AFTER_QUOTE = re.compile(r"[ \t\r]*(?:[ \t](#[^\n]*))?(?:\n|\Z)")
# A # right after = belongs to the value: NAME=#fff.
_COMMENT = re.compile(r"[ \t](#.*)")
_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=?&-]*\Z", re.ASCII)


class Entry(NamedTuple):
    """One variable of a file; ``note`` is the comment beside it and those right above it."""

    name: str
    value: str
    line: int
    note: str = ""


def parse_dotenv(data: str | bytes, source: str = ".env") -> list[tuple[str, str]]:
    """Names and values in the order of the file.

    Quotes may span lines; within double quotes a backslash escapes; `` #`` starts a comment; ``$``
    stays as it is. Raises Invalid that names every bad line.
    """
    entries, problems = read_dotenv(data, source)
    if problems:
        raise Invalid(problems[0], HINT, problems=tuple(problems[1:]))
    return [(entry.name, entry.value) for entry in entries]


def read_dotenv(data: str | bytes, source: str = ".env") -> tuple[list[Entry], list[str]]:
    """The entries that are fine, and a sentence for each line that is not."""
    try:
        text = data.decode() if isinstance(data, bytes) else data
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return [], [f"{source}:{line}: is not UTF-8: save the file as UTF-8"]
    scan = _Scan(text.removeprefix("\ufeff").replace("\r\n", "\n"), source)
    while scan.position < len(scan.text):
        scan.step()
    return scan.entries, scan.problems


def write_dotenv(pairs: Iterable[tuple[str, str]]) -> str:
    """A file that ``parse_dotenv`` reads back exactly, with any newline, quote or dollar."""
    return "".join(f"{name}={_quoted(value)}\n" for name, value in pairs)


def parse_json(data: str | bytes, source: str = "config.json") -> list[tuple[str, str]]:
    """Names and values of one JSON object of strings. Raises Invalid that names every fault."""
    try:
        found = json.loads(data, object_pairs_hook=tuple)
    except UnicodeDecodeError as error:
        raise Invalid(f"{source}: is not UTF-8", "save the file as UTF-8") from error
    except (json.JSONDecodeError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise Invalid(f"{source}:{line}: is not JSON", 'write {"NAME": "value", …}') from error
    if not isinstance(found, tuple):
        raise Invalid(f"{source}: is not one JSON object", 'write {"NAME": "value", …}')
    problems = _json_problems(found, source)
    if problems:
        raise Invalid(
            problems[0], "names are written once, values as strings", problems=tuple(problems[1:])
        )
    return list(found)


def write_json(pairs: Iterable[tuple[str, str]]) -> str:
    """One JSON object, a variable a line."""
    return json.dumps(dict(pairs), indent=2, ensure_ascii=False) + "\n"


def _json_problems(found: tuple[tuple[str, object], ...], source: str) -> list[str]:
    problems, seen = [], set()
    for name, value in found:
        if fault := name_problem(name):
            problems.append(f"{source}: {name!r} {fault}")
        elif name in seen:
            problems.append(f"{source}: {name} is there twice")
        elif not isinstance(value, str):
            problems.append(f"{source}: {name} is not a string: put it in quotes")
        elif fault := value_problem(name, value):
            problems.append(f"{source}: {name} {fault}")
        seen.add(name)
    return problems


def _quoted(value: str) -> str:
    if _PLAIN.match(value):
        return value
    if not set(value) & {"'", "\n", "\r"}:
        return f"'{value}'"
    for letter, meaning in (("\\", "\\"), *(p for p in ESCAPES.items() if p[0] not in "\\'")):
        value = value.replace(meaning, f"\\{letter}")
    return f'"{value}"'


class _Scan:
    """Walks through the text, entry by entry; quotes may carry it over lines."""

    def __init__(self, text: str, source: str) -> None:
        self.text = text
        self.source = source
        self.position = 0
        self.line = 1
        self.entries: list[Entry] = []
        self.problems: list[str] = []
        self.above: list[str] = []
        self.lines: dict[str, int] = {}

    def step(self) -> None:
        """Take one line, or the lines of one quoted value."""
        end = self.text.find("\n", self.position)
        end = len(self.text) if end < 0 else end
        line = self.text[self.position : end].strip(" \t\r\f\v")
        if not line:
            self.above.clear()
        elif line.startswith("#"):
            self.above.append(line)
        elif head := _HEAD.match(self.text, self.position, end):
            end = self.assign(head[1], head.end(), end)
            self.above.clear()
        else:
            self.fault("has no '=': write NAME=value, and quote a value of several lines")
        self.line += self.text.count("\n", self.position, end + 1)
        self.position = end + 1

    def assign(self, name: str, start: int, end: int) -> int:
        """One variable, its value from ``start``; where the line of its last character ends."""
        rest = self.text[start:end].strip(" \t\r")
        if rest[:1] in {"'", '"'}:
            return self.assign_quoted(name, self.text.index(rest[0], start))
        comment = _COMMENT.search(self.text, start, end)
        value = self.text[start : comment.start() if comment else end].strip(" \t\r")
        self.add(name, value, comment[1] if comment else "")
        return end

    def assign_quoted(self, name: str, start: int) -> int:
        """The same for a value in quotes, which may end some lines further on."""
        quote = self.text[start]
        body = (_DOUBLE if quote == '"' else _SINGLE).match(self.text, start)
        if body is None:
            self.fault(f"the {quote} is never closed: close it, or drop it")
            return len(self.text)
        after = _AFTER_QUOTE.match(self.text, body.end())
        if after is None:
            self.fault(f"goes on after the closing {quote}: quote the whole value")
            end = self.text.find("\n", body.end())
            return len(self.text) if end < 0 else end
        self.add(name, self.unescaped(body[1]) if quote == '"' else body[1], after[1] or "")
        return after.end() - 1 if after[0].endswith("\n") else after.end()

    def unescaped(self, body: str) -> str:
        """The text that the escapes stand for; an unknown one is a fault."""

        def meaning(found: re.Match[str]) -> str:
            if found[1] not in ESCAPES:
                self.fault("has an unknown escape: write \\\\ for a backslash, or single quotes")
            return ESCAPES.get(found[1], "")

        return re.sub(r"\\(.)", meaning, body, flags=re.DOTALL)

    def add(self, name: str, value: str, comment: str) -> None:
        """Keep the variable, or say what is wrong with it."""
        if name_problem(name):
            self.fault("what stands before '=' is no name: letters, digits and _, no digit first")
        elif name in self.lines:
            self.fault(f"{name} is there already, in line {self.lines[name]}: keep one of them")
        elif fault := value_problem(name, value):
            self.fault(f"{name} {fault}")
        else:
            self.lines[name] = self.line
            note = "\n".join([*self.above, comment]).strip()
            self.entries.append(Entry(name, value, self.line, note))

    def fault(self, sentence: str) -> None:
        """Note what is wrong with the line at hand."""
        self.problems.append(f"{self.source}:{self.line}: {sentence}")
