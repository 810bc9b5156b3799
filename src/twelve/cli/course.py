"""The course of an operation: what it says while it is under way, and Ctrl-C."""

import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

from twelve.cli.doing import now_doing
from twelve.cli.output import BOLD, GREY, YELLOW, coloured, paint
from twelve.client.connection import Client
from twelve.errors import EXIT_INTERRUPTED


def follow(client: Client, operation: str, *, quiet: bool = False) -> dict[str, Any]:
    """Print what an operation says; its result. Ctrl-C takes it back while that is possible.

    Raises the error that it ended with.
    """
    result: dict[str, Any] = {}
    with now_doing(shown=not quiet and coloured() and not os.environ.get("CI")) as doing:
        for event in cancellable(client, operation):
            if event["step"] == "end":
                result = event.get("result") or {}
            elif event["step"] == "enter":
                doing.begin(event["text"])
            elif not quiet:
                with doing.aside():
                    show(event)
    return result


def cancellable(client: Client, operation: str) -> Iterator[dict[str, Any]]:
    """The events; the first Ctrl-C asks to cancel, or detaches when it is too late for that."""
    asked = False

    def interrupt(*_: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        print("\ntwelve: taking it back", file=sys.stderr)
        if not client.cancel(operation):
            print("twelve: it is past that, and goes on without you", file=sys.stderr)
            raise SystemExit(EXIT_INTERRUPTED)

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
        print(f"{at}  {paint('warning', YELLOW)}       {text}")
    else:
        spent = event.get("seconds")
        took = paint(f"  ({spent:.2f} s)", GREY) if spent is not None else ""
        print(f"{at}  {paint(step.ljust(13), BOLD)} {text}{took}")
    sys.stdout.flush()
