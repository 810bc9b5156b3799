"""XI-1 in a dictConfig: a handler that keeps a file becomes one that writes to the stream."""

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

KEPT = ("filename", "mode", "maxBytes", "backupCount", "when", "interval", "utc", "atTime", "delay", "encoding", "errors")  # fmt: skip
"""What a handler of files is told, and one of the stream is not."""
OF_FILES = re.compile(r"(^|\.)\w*FileHandler$")
STREAM = '"logging.StreamHandler"'


class Cut(NamedTuple):
    """A piece of the source that goes, and what stands there then."""

    start: int
    end: int
    text: str = ""


def to_stream(source: str, lines: set[int]) -> str:
    """The source with the file handlers whose class stands on these lines turned to the stream."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source
    at, cuts = _Offsets(source), list[Cut]()
    for handlers in (node for node in ast.walk(tree) if isinstance(node, ast.Dict)):
        turned = {
            name: options
            for name, options in _items(handlers)
            if OF_FILES.search(_class(options)) and _class_line(options) in lines
        }
        if turned:
            cuts += [cut for options in turned.values() for cut in _options(at, options)]
            cuts += _twice(at, tree, handlers, set(turned))
    for one in sorted(cuts, reverse=True):
        source = source[: one.start] + one.text + source[one.end :]
    return source


def _options(at: "_Offsets", options: ast.Dict) -> Iterator[Cut]:
    """Another class, and nothing that is said of a file."""
    keys = [key.value if isinstance(key, ast.Constant) else None for key in options.keys]
    value = options.values[keys.index("class")]
    yield Cut(at.start(value), at.end(value), STREAM)
    pairs = [
        _Pair(key or value, value) for key, value in zip(options.keys, options.values, strict=True)
    ]
    yield from _without(at, pairs, {place for place, key in enumerate(keys) if key in KEPT})


def _twice(at: "_Offsets", tree: ast.Module, handlers: ast.Dict, names: set[str]) -> Iterator[Cut]:
    """A list that names the stream already does without the others: each event once."""
    streams = {key for key, other in _items(handlers) if _class(other).endswith("StreamHandler")}
    for node in ast.walk(tree):
        if isinstance(node, ast.List):
            held = [one.value if isinstance(one, ast.Constant) else None for one in node.elts]
            if streams & set(held):
                gone = {place for place, name in enumerate(held) if name in names}
                yield from _without(at, node.elts, gone)


def _without(at: "_Offsets", parts: Sequence["ast.expr | _Pair"], gone: set[int]) -> Iterator[Cut]:
    """Elements go with their commas: up to the next that stays, or after the last that does."""
    stay = [place for place in range(len(parts)) if place not in gone]
    for place in sorted(gone):
        following = next((one for one in stay if one > place), None)
        first = place == 0 or place - 1 not in gone
        if following is not None and first:
            yield Cut(at.start(parts[place]), at.start(parts[following]))
        elif following is None and first and stay:
            yield Cut(at.end(parts[stay[-1]]), at.end(parts[-1]))


class _Pair(NamedTuple):
    key: ast.expr
    value: ast.expr


class _Offsets:
    """Where nodes stand in the text: the tree counts bytes of a line."""

    def __init__(self, text: str) -> None:
        self.rows = text.splitlines(keepends=True)
        self.begins = [0]
        for row in self.rows:
            self.begins.append(self.begins[-1] + len(row))

    def _at(self, line: int, column: int) -> int:
        row = self.rows[line - 1].encode()
        return self.begins[line - 1] + len(row[:column].decode(errors="ignore"))

    def start(self, node: ast.expr | _Pair) -> int:
        node = node.key if isinstance(node, _Pair) else node
        return self._at(node.lineno, node.col_offset)

    def end(self, node: ast.expr | _Pair) -> int:
        node = node.value if isinstance(node, _Pair) else node
        return self._at(node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)


def _items(node: ast.Dict) -> Iterator[tuple[str, ast.Dict]]:
    for key, value in zip(node.keys, node.values, strict=True):
        if (
            isinstance(key, ast.Constant)
            and isinstance(key.value, str)
            and isinstance(value, ast.Dict)
        ):
            yield key.value, value


def _class_line(options: ast.Dict) -> int:
    return next(
        value.lineno
        for key, value in zip(options.keys, options.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "class"
    )


def _class(options: ast.Dict) -> str:
    """The class that a handler names; nothing when it is no literal."""
    for key, value in zip(options.keys, options.values, strict=True):
        if isinstance(key, ast.Constant) and key.value == "class":
            return str(value.value) if isinstance(value, ast.Constant) else ""
    return ""
