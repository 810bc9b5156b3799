"""How faults are shown: one line and a hint for what people can mend, a report for our own."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

from twelve.errors import EXIT_BUG, EXIT_INTERRUPTED, EXIT_USAGE, TwelveError, Usage

if TYPE_CHECKING:
    import click


@contextlib.contextmanager
def shown_to_people() -> Iterator[None]:
    """The one place that shows errors and chooses exit codes."""
    try:
        yield
    except TwelveError as error:
        show(error)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        leave_interrupted()
    except BrokenPipeError:
        leave_quietly()
    except Exception as error:  # noqa: BLE001 - whatever it was, the user gets a line and a report
        if "click" in sys.modules:
            leave_as_click(error)
        print(f"twelve: internal error: {type(error).__name__}", file=sys.stderr)
        print(f"  → a report without values is in {write_report(error)}", file=sys.stderr)
        raise SystemExit(EXIT_BUG) from None


def leave_as_click(error: Exception) -> None:
    """What click raised, in our form; returns where it was not click. Raises SystemExit."""
    import click

    match error:
        case click.exceptions.Exit():
            raise SystemExit(error.exit_code) from None
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            raise SystemExit(EXIT_USAGE) from None
        case click.ClickException():
            show(usage(error))
            raise SystemExit(EXIT_USAGE) from None
        case click.Abort():
            leave_interrupted()


def leave_interrupted() -> NoReturn:
    """Ctrl-C. Raises SystemExit."""
    print("\ntwelve: interrupted", file=sys.stderr)
    raise SystemExit(EXIT_INTERRUPTED) from None


def leave_quietly() -> NoReturn:
    """Who read us has left. Raises SystemExit."""
    # Python would complain once more when it flushes at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(EXIT_INTERRUPTED) from None


def show(error: TwelveError) -> None:
    """Place and problem, every further problem, the next step."""
    print(f"twelve: {error.message}", file=sys.stderr)
    for problem in error.problems:
        for line in problem.splitlines() or [""]:
            print(f"  {line}", file=sys.stderr)
    for line in error.hint.splitlines():
        print(f"  → {line}", file=sys.stderr)


def usage(error: "click.ClickException") -> Usage:
    """A fault of the words, in our form."""
    text = error.format_message().rstrip(".")
    ctx = getattr(error, "ctx", None)
    called = ctx.command_path if ctx else "twelve"
    return Usage(text[:1].lower() + text[1:], hint=f"{called} --help")


def write_report(error: BaseException) -> str:
    """Where it happened, without values, in a file of the user's own; its path."""
    import platform
    import tempfile
    import traceback

    from twelve import __version__

    handle, path = tempfile.mkstemp(prefix="twelve-report-", suffix=".txt")
    with os.fdopen(handle, "w") as file:
        file.write(f"twelve {__version__}, Python {platform.python_version()}\n")
        file.write(f"command: {' '.join(sys.argv[1:2])}\n\n")
        # The error's own text may quote a value: its type and place are told, it is not.
        file.writelines(traceback.format_tb(error.__traceback__))
        file.write(f"{type(error).__module__}.{type(error).__name__}\n")
    return path
