"""How the demo is told: a line a step, with the time that it took; a fault ends it."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

GREY, GREEN, RED, BOLD = "90", "32", "31", "1"
NAME = 15


class Broken(Exception):
    """Something did not hold."""


class Story:
    """Prints, and keeps the clock."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self.out = out
        self.began = time.monotonic()
        self.colour = out.isatty() and not os.environ.get("NO_COLOR")

    def title(self, text: str) -> None:
        """The first line."""
        self.write(f"\n  {self.paint(text, BOLD)}\n")

    def tell(self, name: str, text: str, seconds: float | None = None, mark: str = "✓") -> None:
        """A step that held."""
        took = f"{seconds:6.2f} s" if seconds is not None else " " * 8
        colour = GREEN if mark == "✓" else RED
        head = f"  {self.paint(mark, colour)} {name.ljust(NAME)}"
        self.write(f"{head} {self.paint(took, GREY)}  {text}")

    def quote(self, text: str) -> None:
        """What Twelve itself said."""
        for line in text.rstrip().splitlines():
            self.write(self.paint(f"    {' ' * NAME}           │ {line}", GREY))

    def hold(self, fact: bool, otherwise: str) -> None:
        """Go on only if it is so. Raises Broken."""
        if not fact:
            raise Broken(otherwise)

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self.began

    def paint(self, text: str, colour: str) -> str:
        """In a colour, where there is any."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self.colour else text

    def write(self, line: str) -> None:
        """At once: who watches wants to see it happen."""
        print(line, file=self.out, flush=True)


class Clock:
    """Seconds of a step."""

    seconds = 0.0


@contextmanager
def clock() -> Iterator[Clock]:
    """Measure what stands inside."""
    found, began = Clock(), time.monotonic()
    try:
        yield found
    finally:
        found.seconds = time.monotonic() - began
