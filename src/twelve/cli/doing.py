"""What is being done now, as the last line of a terminal: the step, and for how long."""

import contextlib
import sys
import threading
import time
from collections.abc import Iterator

from twelve.cli.output import GREY, paint

BEAT = 0.1
"""Seconds between two pictures."""

AFTER = 0.3
"""Seconds that a step may take before its line appears: what is done at once needs none."""

SIGNS = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

WORDS = {
    "received": "waiting for its turn",
    "build": "building",
    "release": "making the release",
    "release phase": "running the release phase",
    "start": "starting, and waiting until all are ready",
    "switch": "switching",
    "succeed": "starting what must not overlap",
}
"""Steps of the journal, as what goes on."""


class Doing:
    """The line; whoever prints beside it puts it aside meanwhile."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.text = ""
        self.since = 0.0
        self.drawn = False

    def begin(self, step: str) -> None:
        """From now on this step is under way."""
        with self.lock:
            self.wipe()
            self.text, self.since = WORDS.get(step, ""), time.monotonic()

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Room for another line."""
        with self.lock:
            self.wipe()
            yield

    def draw(self) -> None:
        """The line as it is now."""
        with self.lock:
            spent = time.monotonic() - self.since
            if self.text and spent >= AFTER:
                sign = SIGNS[int(spent / BEAT) % len(SIGNS)]
                print(end=f"\r\x1b[K{paint(f'{sign} {self.text}  {spent:.1f} s', GREY)}")
                sys.stdout.flush()
                self.drawn = True

    def wipe(self) -> None:
        """No line."""
        if self.drawn:
            print(end="\r\x1b[K")
            sys.stdout.flush()
            self.drawn = False


@contextlib.contextmanager
def now_doing(*, shown: bool) -> Iterator[Doing]:
    """The line, drawn again and again while the body runs, and gone behind it."""
    doing = Doing()
    if not shown:
        yield doing
        return
    over = threading.Event()

    def keep_drawing() -> None:
        while not over.wait(BEAT):
            doing.draw()

    # twelve: ignore[IX-6] it draws on a terminal; there is nothing to lose
    drawing = threading.Thread(target=keep_drawing, daemon=True)
    drawing.start()
    try:
        yield doing
    finally:
        over.set()
        drawing.join()
        doing.wipe()
