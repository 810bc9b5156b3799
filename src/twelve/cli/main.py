"""``twelve``: an ``up`` like the last one begins at once; then the commands are looked at.

A plain ``check`` or ``ps`` begins without them, too.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> None:
    """The entry point. What is imported here, everybody waits for."""
    begun = None
    if sys.argv[1:2] == ["up"]:
        from twelve.engines.local.early.forking import sow

        environ = dict(os.environ)
        # What it imports and what we look at takes as long: both go on side by side.
        if seed := sow(environ):
            from twelve.development.early import Call, begin

            wants_colour = sys.stdout.isatty() and not environ.get("NO_COLOR")
            colour = wants_colour and environ.get("TERM") != "dumb"
            if early := begin(Call(sys.argv[2:], environ), seed, colour=colour):
                from twelve.development.printing import go_on

                begun = go_on(early)
    if sys.argv[1:2] == ["check"]:
        from twelve.cli.check_words import plain_call

        if (said := plain_call(sys.argv[2:])) is not None:
            audit(said)
    if sys.argv[1:2] == ["ps"]:
        list_processes(sys.argv[2:])
    from twelve.cli.table import call

    call(begun)


def audit(said: dict[str, object]) -> "NoReturn":
    """A ``check`` whose words are plain; the process ends with it."""
    import gc

    # What is imported and read lives until the end: there is nothing worth collecting before it.
    gc.disable()
    from twelve.cli.fault import shown_to_people

    with shown_to_people():
        from pathlib import Path

        from twelve.cli.check_run import Options, run_check

        path = Path(str(said.pop("path", ".")))
        raise SystemExit(run_check(Options(path, **said), leave))  # type: ignore[arg-type]


def leave(status: int) -> "NoReturn":
    """End the process at once: nothing is left to close, and taking apart what was read is slow."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def list_processes(words: list[str]) -> None:
    """A ``ps`` whose words are plain ends here. Raises SystemExit."""
    from twelve.cli.fault import shown_to_people

    with shown_to_people():
        from twelve.cli.ps_list import plain_call, show_list

        if (asked := plain_call(words)) is not None:
            show_list(asked.app, again=False, **asked.flags)
            sys.stdout.flush()
            raise SystemExit(0)
