"""``twelve releases``: the ledger."""

import json
from typing import Any

import click

from twelve.cli.output import BOLD, GREEN, RED, ago, paint, table
from twelve.cli.target import Target, app_option, json_option, target

COLOURS = {"current": GREEN, "failed": RED, "undone": RED, "cancelled": RED}


@click.group(invoke_without_command=True)
@app_option
@json_option
@click.pass_context
def command(ctx: click.Context, app: str, *, as_json: bool) -> None:
    """List, show and compare releases."""
    ctx.obj = app
    if ctx.invoked_subcommand is None:
        show_list(target(app), as_json=as_json, limit=20)


@command.command("ls")
@app_option
@json_option
@click.option("-n", "limit", default=20, show_default=True, type=click.IntRange(min=1))
@click.pass_context
def ls(ctx: click.Context, app: str, *, as_json: bool, limit: int) -> None:
    """List releases, newest first."""
    show_list(target(app or ctx.obj), as_json=as_json, limit=limit)


@command.command()
@click.argument("release")
@app_option
@json_option
@click.pass_context
def show(ctx: click.Context, release: str, app: str, *, as_json: bool) -> None:
    """Show a release: what it holds, what befell it and what it cost."""
    aim = target(app or ctx.obj)
    plain = aim.client.get(f"{aim.path}/releases/{release}")
    if as_json:
        print(json.dumps(plain, indent=2))
        return
    print(paint(f"{aim.label} {plain['release']}", BOLD), plain["state"])
    head = {
        "reason": plain["reason"],
        "by": f"{plain['who']}, {ago(plain['at_ns'])} ago",
        "codebase": f"{plain['label']} {plain['subject']}".strip(),
        "build": plain["build"][:12],
        "runs on": plain["artifact"].get("interpreter", ""),
        "config": f"c{plain['config']}: {', '.join(plain['variables']) or 'none'}",
        "attached": ", ".join(f"{n}={u}" for n, u in plain["attached"].items()) or "nothing",
        "formation": " ".join(f"{k}={q}" for k, q in plain["formation"].items()),
    }
    for name, text in head.items():
        print(f"  {name.ljust(10)} {text}")
    for event in plain["events"]:
        print(f"  {ago(event['at_ns']).rjust(4)} ago  {event['kind']}  {said(event['detail'])}")


def said(detail: dict[str, Any]) -> str:
    """An event's detail in one line."""
    seconds = detail.get("seconds") or {}
    took = ", ".join(f"{step} {spent:.2f} s" for step, spent in seconds.items() if spent >= 0.01)
    words = [str(v) for k, v in detail.items() if k not in {"seconds"} and not isinstance(v, dict)]
    return "; ".join([*words, *([took] if took else [])])


@command.command()
@click.argument("before")
@click.argument("after")
@app_option
@json_option
@click.pass_context
def diff(ctx: click.Context, before: str, after: str, app: str, *, as_json: bool) -> None:
    """Compare two releases: vA vB."""
    aim = target(app or ctx.obj)
    plain = aim.client.get(f"{aim.path}/releases/{before}/diff/{after}")
    if as_json:
        print(json.dumps(plain, indent=2))
        return
    if not plain["differences"]:
        print("nothing differs")
        return
    rows = [
        (d["part"], d["name"], d["before"] or "-", d["after"] or "-") for d in plain["differences"]
    ]
    table(("PART", "NAME", before, after), rows)


def show_list(aim: Target, *, as_json: bool, limit: int) -> None:
    """The ledger."""
    plain = aim.client.get(f"{aim.path}/releases", limit=limit)
    if as_json:
        print(json.dumps(plain, indent=2))
        return
    rows = [
        (
            row["release"],
            paint(row["state"], COLOURS.get(row["state"], "0")),
            row["label"],
            f"c{row['config']}",
            " ".join(f"{k}={q}" for k, q in row["formation"].items()),
            row["who"],
            ago(row["at_ns"]),
            row["reason"],
        )
        for row in plain["releases"]
    ]
    table(("RELEASE", "STATE", "CODE", "CONFIG", "FORMATION", "WHO", "AGE", "WHY"), rows)
