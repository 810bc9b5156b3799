"""``twelve runs``: the record of one-offs."""

import shlex
import time

import click

from twelve.api.shapes import Run
from twelve.api.shapes_admin import RunOfTick, Tick
from twelve.cli import names as live
from twelve.cli.output import ago, table
from twelve.cli.output import as_json as print_json
from twelve.cli.target import Target, app_option, json_option, target
from twelve.client.calls import runs as calls
from twelve.client.calls.logs import read_logs

EVERY = "*"
"""Stands for every schedule: no name may hold it."""


@click.group(invoke_without_command=True)
@app_option
@json_option
@click.pass_context
def command(ctx: click.Context, app: str, *, as_json: bool) -> None:
    """List, show and stop one-off runs."""
    if ctx.invoked_subcommand is None:
        show_list(target(app), as_json=as_json, limit=20)


@command.command("ls")
@app_option
@json_option
@click.option(
    "-n", "limit", default=20, show_default=True, type=click.IntRange(min=1), help="So many."
)
@click.option(
    "--schedule",
    is_flag=False,
    flag_value=EVERY,
    default="",
    metavar="[NAME]",
    help="What became of each tick of the schedules, or of one.",
)
def ls(app: str, *, as_json: bool, limit: int, schedule: str) -> None:
    """List runs, newest first, or what became of schedules."""
    if schedule:
        show_ticks(target(app), "" if schedule == EVERY else schedule, as_json, limit)
        return
    show_list(target(app), as_json=as_json, limit=limit)


@command.command()
@click.argument("run", shell_complete=live.runs)
@app_option
@json_option
def show(run: str, app: str, *, as_json: bool) -> None:
    """Show a run: who, when, release, command, how it ended, and its output."""
    aim = target(app)
    found = calls.show_run(*aim, run)
    if as_json:
        print_json(found)
        return
    head = {
        "command": shlex.join(found["command"]),
        "by": f"{found['who']}, {ago(found['started_ns'])} ago",
        "release": f"v{found['number']}",
        "kind": found["kind"],
        "ended": ended(found),
    }
    for name, text in head.items():
        print(f"{name.ljust(9)} {text}")
    process = f"{'release' if found['kind'] == 'release' else 'run'}.{found['id']}"
    for piece in read_logs(*aim, process=[process]).pieces():
        click.echo(piece, nl=False)


@command.command()
@click.argument("run", shell_complete=live.runs)
@app_option
def stop(run: str, app: str) -> None:
    """End a run: SIGTERM, SIGKILL after ten seconds."""
    aim = target(app)
    print(ended(calls.end_run(*aim, run)))


def show_list(aim: Target, *, as_json: bool, limit: int) -> None:
    """The record."""
    found = calls.list_runs(*aim, limit=limit)
    if as_json:
        print_json(found)
        return
    rows = [
        (r["id"], r["kind"], f"v{r['number']}", r["who"], ago(r["started_ns"]), ended(r),
         shlex.join(r["command"]))
        for r in found["runs"]
    ]  # fmt: skip
    table(("RUN", "KIND", "RELEASE", "WHO", "AGE", "ENDED", "COMMAND"), rows)


def show_ticks(aim: Target, schedule: str, as_json: bool, limit: int) -> None:
    """The record of the schedules: when each was due, and what was done."""
    found = calls.list_ticks(*aim, limit=limit, schedule=schedule)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            tick["schedule"],
            moment(tick["until_ns"]),
            tick["times"],
            became(tick),
            tick["run"]["id"] if tick["run"] else None,
            tick["why"],
        )
        for tick in found["ticks"]
    ]
    table(("SCHEDULE", "DUE", "TIMES", "WHAT", "RUN", "WHY"), rows)


def became(tick: Tick) -> str:
    """What became of a tick, in a word or three."""
    if tick["run"]:
        return ended(tick["run"]) + (", late" if tick["fate"] == "late" else "")
    return str(tick["fate"])


def moment(ns: int) -> str:
    """A moment in UTC, to the minute."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(ns // 1_000_000_000))


def ended(run: Run | RunOfTick) -> str:
    """How a run ended, in a word or two."""
    if run["ended_ns"] is None:
        return "running"
    if run["signal"]:
        return str(run["signal"])
    return "unknown" if run["code"] is None else f"exit {run['code']}"
