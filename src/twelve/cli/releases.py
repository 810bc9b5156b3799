"""``twelve releases``: the ledger."""

from typing import Any

import click

from twelve.api.shapes import ReleaseEvent
from twelve.cli import names as live
from twelve.cli.differences import show_differences
from twelve.cli.output import BOLD, GREEN, RED, YELLOW, Painted, ago, paint, table
from twelve.cli.output import as_json as print_json
from twelve.cli.target import Target, app_option, json_option, target
from twelve.client.calls import releases as calls

COLOURS = {
    "current": GREEN,
    "pending": YELLOW,
    "failed": RED,
    "undone": RED,
    "cancelled": RED,
    "worse": RED,
}


@click.group(invoke_without_command=True)
@app_option
@json_option
@click.pass_context
def command(ctx: click.Context, app: str, *, as_json: bool) -> None:
    """List, show and compare releases."""
    if ctx.invoked_subcommand is None:
        show_list(target(app), as_json=as_json, limit=20)


@command.command("ls")
@app_option
@json_option
@click.option(
    "-n", "limit", default=20, show_default=True, type=click.IntRange(min=1), help="So many."
)
def ls(app: str, *, as_json: bool, limit: int) -> None:
    """List releases, newest first."""
    show_list(target(app), as_json=as_json, limit=limit)


@command.command()
@click.argument("release", shell_complete=live.releases)
@app_option
@json_option
def show(release: str, app: str, *, as_json: bool) -> None:
    """Show a release: what it holds, what befell it and what it cost."""
    aim = target(app)
    found = calls.show_release(*aim, release)
    if as_json:
        print_json(found)
        return
    print(paint(f"{aim.label} {found['release']}", BOLD), found["state"])
    head = {
        "reason": found["reason"],
        "by": f"{found['who']}, {ago(found['at_ns'])} ago",
        "codebase": f"{found['label']} {found['subject']}".strip(),
        "build": found["build"][:12],
        "runs on": found["artifact"].get("interpreter", ""),
        "config": f"c{found['config']}: {', '.join(found['variables']) or 'none'}",
        "attached": ", ".join(f"{n}={u}" for n, u in found["attached"].items()) or "nothing",
        "formation": " ".join(f"{k}={q}" for k, q in found["formation"].items()),
    }
    for name, text in head.items():
        if text:
            print(f"  {name.ljust(10)} {text}")
    for event in found["events"]:
        when = f"{ago(event['at_ns']).rjust(4)} ago"
        print(f"  {when}  {event['kind'].ljust(10)}  {said(event)}".rstrip())


def said(event: ReleaseEvent) -> str:
    """An event's detail in one line."""
    detail = event["detail"]
    seconds = detail.get("seconds") or {}
    process = detail.get("process", "").rsplit("/", 1)[-1].partition("@")[0]
    words = [
        f"{f'{process}: ' if process else ''}{detail['text']}" if "text" in detail else "",
        f"for {(detail['until'] - event['at_ns']) / 1e9:.0f} s" if "until" in detail else "",
        f"at {detail['step']}" if "step" in detail else "",
        detail.get("why", ""),
        answered(detail),
        f"{detail['cut']} requests were cut off" if detail.get("cut") else "",
        f"sandbox {detail['tier']}" if "tier" in detail else "",
        ", ".join(f"{step} {spent:.2f} s" for step, spent in seconds.items() if spent >= 0.01),
    ]
    return "; ".join(filter(None, words))


def answered(detail: dict[str, Any]) -> str:
    """What users met meanwhile: requests, and how many failed."""
    requests = detail.get("requests")
    if requests is None:
        return ""
    return f"{requests} requests, {detail['failures']} failed"


@command.command()
@click.argument("before", shell_complete=live.releases)
@click.argument("after", shell_complete=live.releases)
@app_option
@json_option
def diff(before: str, after: str, app: str, *, as_json: bool) -> None:
    """Compare two releases: vA vB."""
    aim = target(app)
    found = calls.diff_releases(*aim, before, after)
    if as_json:
        print_json(found)
    else:
        show_differences(found, before, after)


def show_list(aim: Target, *, as_json: bool, limit: int) -> None:
    """The ledger."""
    found = calls.list_releases(*aim, limit=limit)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            row["release"],
            Painted(row["state"], COLOURS.get(row["state"], "")),
            row["label"],
            f"c{row['config']}",
            " ".join(f"{k}={q}" for k, q in row["formation"].items()),
            row["who"],
            ago(row["at_ns"]),
            row["reason"],
        )
        for row in found["releases"]
    ]
    table(("RELEASE", "STATE", "CODE", "CONFIG", "FORMATION", "WHO", "AGE", "WHY"), rows)
