"""``twelve runs``: the record of one-offs."""

import json
import shlex
from typing import Any

import click

from twelve.cli.output import ago, table
from twelve.cli.target import Target, app_option, json_option, target


@click.group(invoke_without_command=True)
@app_option
@json_option
@click.pass_context
def command(ctx: click.Context, app: str, *, as_json: bool) -> None:
    """List, show and stop one-off runs."""
    ctx.obj = app
    if ctx.invoked_subcommand is None:
        show_list(target(app), as_json=as_json)


@command.command("ls")
@app_option
@json_option
@click.pass_context
def ls(ctx: click.Context, app: str, *, as_json: bool) -> None:
    """List runs, newest first."""
    show_list(target(app or ctx.obj), as_json=as_json)


@command.command()
@click.argument("run")
@app_option
@json_option
@click.pass_context
def show(ctx: click.Context, run: str, app: str, *, as_json: bool) -> None:
    """Show a run: who, when, release, command, how it ended, and its output."""
    aim = target(app or ctx.obj)
    plain = aim.client.get(f"{aim.path}/runs/{run}")
    if as_json:
        print(json.dumps(plain, indent=2))
        return
    head = {
        "command": shlex.join(plain["command"]),
        "by": f"{plain['who']}, {ago(plain['started_ns'])} ago",
        "release": f"v{plain['number']}",
        "kind": plain["kind"],
        "ended": ended(plain),
    }
    for name, text in head.items():
        print(f"{name.ljust(9)} {text}")
    process = f"{'release' if plain['kind'] == 'release' else 'run'}.{plain['id']}"
    for piece in aim.client.ask("GET", f"{aim.path}/logs", process=process).pieces():
        click.echo(piece, nl=False)


@command.command()
@click.argument("run")
@app_option
@click.pass_context
def stop(ctx: click.Context, run: str, app: str) -> None:
    """End a run: SIGTERM, SIGKILL after ten seconds."""
    aim = target(app or ctx.obj)
    print(ended(aim.client.call("POST", f"{aim.path}/runs/{run}/stop")))


def show_list(aim: Target, *, as_json: bool) -> None:
    """The record."""
    plain = aim.client.get(f"{aim.path}/runs")
    if as_json:
        print(json.dumps(plain, indent=2))
        return
    rows = [
        (r["id"], r["kind"], f"v{r['number']}", r["who"], ago(r["started_ns"]), ended(r),
         shlex.join(r["command"]))
        for r in plain["runs"]
    ]  # fmt: skip
    table(("RUN", "KIND", "RELEASE", "WHO", "AGE", "ENDED", "COMMAND"), rows)


def ended(run: dict[str, Any]) -> str:
    """How a run ended, in a word or two."""
    if run["ended_ns"] is None:
        return "running"
    if run["signal"]:
        return str(run["signal"])
    return "unknown" if run["code"] is None else f"exit {run['code']}"
