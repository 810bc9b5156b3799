"""``twelve ps``: list, scale, restart, stop."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from twelve.api.shapes import Accepted, Ended, Ps
from twelve.cli import names as live
from twelve.cli.output import BOLD, ago, paint
from twelve.cli.output import as_json as print_json
from twelve.cli.ps_list import show_list
from twelve.cli.target import Target, app_option, json_option, target
from twelve.client.calls import ps as calls

F = TypeVar("F", bound=Callable[..., Any])


def listing(function: F) -> F:
    """The options of the listing."""
    every = click.option("--all", "everything", is_flag=True, help="Every deploy of this home.")
    again = click.option(
        "-w", "--watch", "again", is_flag=True, help="Look again every second, until Ctrl-C."
    )
    return app_option(json_option(every(again(function))))


@click.group(invoke_without_command=True)
@listing
@click.pass_context
def command(ctx: click.Context, app: str, *, as_json: bool, everything: bool, again: bool) -> None:
    """List the processes of a deploy, or scale, restart and stop them."""
    if ctx.invoked_subcommand is None:
        show_list(app, as_plain=as_json, everything=everything, again=again)


@command.command("ls")
@listing
def ls(app: str, *, as_json: bool, everything: bool, again: bool) -> None:
    """List processes."""
    show_list(app, as_plain=as_json, everything=everything, again=again)


@command.command()
@click.argument(
    "formation", nargs=-1, required=True, metavar="TYPE=N …", shell_complete=live.quantities
)
@app_option
def scale(formation: tuple[str, ...], app: str) -> None:
    """Set quantities: web=2 worker+1."""
    aim = target(app)
    change(aim, calls.make_scale(*aim, formation=list(formation)))


@command.command()
@click.argument("what", default="", metavar="[TYPE[.N]]", shell_complete=live.processes)
@app_option
def restart(what: str, app: str) -> None:
    """Start new processes of all types, or of one, then stop the old."""
    aim = target(app)
    change(aim, calls.make_restart(*aim, what=what))


@command.command()
@click.argument("what", default="", metavar="[TYPE[.N]]", shell_complete=live.processes)
@app_option
def stop(what: str, app: str) -> None:
    """Stop all processes, a type or one; a restart brings them back."""
    aim = target(app)
    change(aim, calls.make_stop(*aim, what=what))


@command.command()
@click.argument("what", default="", metavar="[TYPE[.N]]", shell_complete=live.processes)
@app_option
@json_option
@click.option(
    "-n", "limit", default=5, show_default=True, type=click.IntRange(1, 500), help="So many."
)
@click.option("--asked", is_flag=True, help="Also those that were told to end.")
def why(what: str, app: str, *, as_json: bool, limit: int, asked: bool) -> None:
    """Why processes died: code or signal, out of memory, uptime, last lines, next start."""
    aim = target(app)
    found = calls.list_exits(*aim, limit=limit, process=what, asked=asked)
    if as_json:
        print_json(found)
        return
    for row in reversed(found["exits"]):
        show_exit(row)
    if not found["exits"]:
        print(f"no process {f'of {what} ' if what else ''}has died by itself")


def show_exit(row: Ended) -> None:
    """One exit: what happened in a line, then the last lines."""
    again = row["again"]
    after = "; not started again"
    if again is not None:
        after = f"; next start in {again:.1f} s" if again else "; next start at once"
    asked = ", as it was told" if row["asked"] else ""
    head = f"{row['process']}@{row['release']}"
    print(
        f"{paint(head, BOLD)} {row['said']}{asked} after {row['uptime']:.1f} s,"
        f" {ago(row['at_ns'])} ago{after}"
    )
    if row["error"]:
        print(f"  {row['error']}")
    for line in row["lines"]:
        print(f"  | {line}")


def change(aim: Target, accepted: Accepted) -> None:
    """Follow a change, and say what runs then."""
    from twelve.cli.course import follow

    follow(aim.client, accepted["operation"])
    found = calls.list_processes(*aim)
    quantities = " ".join(f"{kind}={n}" for kind, n in found["formation"].items())
    runs = f" runs {quantities}" if quantities else ""
    print(f"{aim.label} {found['release']}{runs}{held_back(found)}")


def held_back(found: Ps) -> str:
    """What ``stop`` keeps from running."""
    return f", held back: {', '.join(found['stopped'])}" if found["stopped"] else ""
