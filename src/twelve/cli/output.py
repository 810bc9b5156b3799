"""What commands print: tables, ages, and the course of an operation."""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from twelve.cli.client import Client

GREY, RED, GREEN, YELLOW, BOLD = "90", "31", "32", "33", "1"


def coloured(stream: Any = None) -> bool:
    """Whether the output is a terminal that wants colour."""
    to = stream or sys.stdout
    return to.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str) -> str:
    """The text in a colour, where there is any."""
    return f"\x1b[{colour}m{text}\x1b[0m" if coloured() else text


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Columns as wide as they must be; nothing is cut."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *texts, strict=True)]
    for number, row in enumerate([list(head), *texts]):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(paint(line.rstrip(), GREY) if number == 0 else line.rstrip())


def as_json(plain: Any) -> None:
    """For programs."""
    print(json.dumps(plain, indent=2, ensure_ascii=False))


def ago(ns: int | None, now: float | None = None) -> str:
    """``3m``: how long ago that was."""
    if not ns:
        return "-"
    seconds = max(0, (now or time.time()) - ns / 1e9)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds)}s"


def follow(client: Client, operation: str, *, quiet: bool = False) -> dict[str, Any]:
    """Print what an operation says; its result. Ctrl-C takes it back while that is possible.

    Raises the error that it ended with.
    """
    result: dict[str, Any] = {}
    for event in cancellable(client, operation):
        if event["step"] == "end":
            result = event.get("result") or {}
        elif not quiet:
            show(event)
    return result


def cancellable(client: Client, operation: str) -> Iterator[dict[str, Any]]:
    """The events; the first Ctrl-C asks to cancel, or detaches when the new release serves."""
    asked = False

    def interrupt(*_: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        if not client.cancel(operation):
            print("\ntwelve: the new release serves already; detached", file=sys.stderr)
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield from client.events(operation)
    finally:
        signal.signal(signal.SIGINT, before)


def show(event: dict[str, Any]) -> None:
    """One event as a line: when, which step, what."""
    step, text = event["step"], event["text"]
    at = paint(f"{event['at']:7.2f} s", GREY)
    if step == "line":
        print(f"{at}  {paint('│', GREY)} {text}")
    elif step == "warning":
        print(f"{at}  {paint('warning', YELLOW)}  {text}")
    else:
        spent = event.get("seconds")
        took = paint(f"  ({spent:.2f} s)", GREY) if spent is not None else ""
        print(f"{at}  {paint(step.ljust(13), BOLD)} {text}{took}")
    sys.stdout.flush()
