"""``twelve``: an ``up`` like the last one begins at once; then the commands are looked at."""

import os
import sys


def main() -> None:
    """The entry point. What is imported here, everybody waits for."""
    begun = None
    if sys.argv[1:2] == ["up"]:
        from twelve.development.early import Call, begin

        wants_colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        colour = wants_colour and os.environ.get("TERM") != "dumb"
        if early := begin(Call(sys.argv[2:], dict(os.environ)), colour=colour):
            from twelve.development.printing import go_on

            begun = go_on(early)
    from twelve.cli.table import call

    call(begun)
