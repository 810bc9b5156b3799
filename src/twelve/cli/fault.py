"""How faults are shown: one line and a hint for what people can mend, a report for our own."""

import contextlib
import os
import sys
from collections.abc import Iterator

import click

from twelve.errors import EXIT_BUG, EXIT_INTERRUPTED, EXIT_USAGE, TwelveError


@contextlib.contextmanager
def shown_to_people() -> Iterator[None]:
    """The one place that shows errors and chooses exit codes."""
    try:
        yield
    except TwelveError as error:
        show(error)
        raise SystemExit(error.exit_code) from None
    except click.exceptions.Exit as leave:
        raise SystemExit(leave.exit_code) from None
    except click.ClickException as error:
        error.show()
        raise SystemExit(EXIT_USAGE) from None
    except (KeyboardInterrupt, click.Abort):
        print("twelve: interrupted", file=sys.stderr)
        raise SystemExit(EXIT_INTERRUPTED) from None
    except BrokenPipeError:
        # Who read us has left; there is nobody to tell. Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(EXIT_INTERRUPTED) from None
    except Exception as error:
        print(f"twelve: internal error: {type(error).__name__}", file=sys.stderr)
        print(f"  a report is in {write_report()}", file=sys.stderr)
        raise SystemExit(EXIT_BUG) from None


def show(error: TwelveError) -> None:
    """Place and problem, every further problem, the next step."""
    print(f"twelve: {error.message}", file=sys.stderr)
    for problem in error.problems:
        for line in problem.splitlines() or [""]:
            print(f"  {line}", file=sys.stderr)
    for line in error.hint.splitlines():
        print(f"  → {line}", file=sys.stderr)


def write_report() -> str:
    """The traceback, without values, in a file of the user's own; its path."""
    import platform
    import tempfile
    import traceback

    from twelve import __version__

    handle, path = tempfile.mkstemp(prefix="twelve-report-", suffix=".txt")
    with os.fdopen(handle, "w") as file:
        file.write(f"twelve {__version__}, Python {platform.python_version()}\n")
        file.write(f"command: {' '.join(sys.argv[1:2])}\n\n")
        file.write(traceback.format_exc())
    return path
