"""What commands print: tables, ages, JSON, in colour where that is wanted."""

import json
import os
import sys
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

GREY, RED, GREEN, YELLOW, BOLD = "90", "31", "32", "33", "1"


class Painted(NamedTuple):
    """A cell with a colour, which must not count as width."""

    text: str
    colour: str


def coloured(stream: Any = None) -> bool:
    """Whether the output is a terminal that wants colour."""
    to = stream or sys.stdout
    return to.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str) -> str:
    """The text in a colour, where there is any."""
    return f"\x1b[{colour}m{text}\x1b[0m" if colour and coloured() else text


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Columns as wide as they must be; nothing is cut. A cell without a value is a dash."""
    cells = [[cell if isinstance(cell, Painted) else Painted(plain(cell), "") for cell in row]
             for row in rows]  # fmt: skip
    widths = [
        max(map(len, column))
        for column in zip(head, *([cell.text for cell in row] for row in cells), strict=True)
    ]
    print_row([Painted(word, GREY) for word in head], widths)
    for row in cells:
        print_row(row, widths)


def plain(cell: Any) -> str:
    """A cell's text, on one line."""
    return "-" if cell is None or cell == "" else " ".join(str(cell).splitlines())


def print_row(row: Sequence[Painted], widths: Sequence[int]) -> None:
    """One line of a table, without blanks at its end."""
    last = len(row) - 1
    print(
        "  ".join(
            paint(cell.text, cell.colour) + " " * (width - len(cell.text) if at < last else 0)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
    )


def as_json(data: Any) -> None:
    """For programs."""
    print(json.dumps(data, indent=2, ensure_ascii=False))


def as_json_line(data: Any) -> None:
    """For programs that read on: one line each."""
    print(json.dumps(data, ensure_ascii=False))


def ago(ns: int | None, now: float | None = None) -> str:
    """``3m``: how long ago that was."""
    if not ns:
        return "-"
    seconds = max(0, (now or time.time()) - ns / 1e9)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds)}s"
