"""Watching: what a listing shows, again whenever it has changed."""

import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

from twelve.errors import EXIT_INTERRUPTED

PAUSE = 1.0
"""Seconds between two looks."""

ANEW = "\x1b[H\x1b[J"
"""The cursor to the top left, and nothing below it."""


def watch(look: Callable[[], Any], show: Callable[[Any], None]) -> NoReturn:
    """Show what is seen: in a terminal in place, else once more when it has changed.

    Ends with Ctrl-C. Raises Unreachable when the control plane goes away.
    """
    terminal = sys.stdout.isatty()
    before: Any = None
    try:
        while True:
            seen = look()
            if terminal:
                print(end=ANEW)
                show(seen)
            elif seen != before:
                show(seen)
                before = seen
            sys.stdout.flush()
            time.sleep(PAUSE)
    except KeyboardInterrupt:
        # The usual way to leave it: nothing to say.
        raise SystemExit(EXIT_INTERRUPTED) from None
