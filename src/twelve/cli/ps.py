"""``twelve ps``: list, scale, restart, stop."""

from typing import Any

import click

from twelve.cli.client import Client, settings_here
from twelve.cli.output import BOLD, RED, YELLOW, ago, as_json, follow, paint, table
from twelve.cli.target import app_option, json_option, target

COLOURS = {"up": "32", "backoff": YELLOW, "missing": RED, "exited": RED}


@click.group(invoke_without_command=True)
@app_option
@json_option
@click.option("--all", "everything", is_flag=True, help="Every deploy of this home.")
@click.pass_context
def command(ctx: click.Context, app: str, *, as_json: bool, everything: bool) -> None:
    """List the processes of a deploy, or scale, restart and stop them."""
    ctx.obj = app
    if ctx.invoked_subcommand is None:
        show_list(app, as_plain=as_json, everything=everything)


@command.command("ls")
@app_option
@json_option
@click.option("--all", "everything", is_flag=True, help="Every deploy of this home.")
@click.pass_context
def ls(ctx: click.Context, app: str, *, as_json: bool, everything: bool) -> None:
    """List processes."""
    show_list(app or ctx.obj, as_plain=as_json, everything=everything)


@command.command()
@click.argument("formation", nargs=-1, required=True)
@app_option
@click.pass_context
def scale(ctx: click.Context, formation: tuple[str, ...], app: str) -> None:
    """Set quantities: web=2 worker+1."""
    change(app or ctx.obj, "scale", {"formation": list(formation)})


@command.command()
@click.argument("what", default="")
@app_option
@click.pass_context
def restart(ctx: click.Context, what: str, app: str) -> None:
    """Start new processes of all types, or of one, then stop the old."""
    change(app or ctx.obj, "restart", {"what": what})


@command.command()
@click.argument("what", default="")
@app_option
@click.pass_context
def stop(ctx: click.Context, what: str, app: str) -> None:
    """Stop all processes, a type or one process; a restart or a deploy brings them back."""
    change(app or ctx.obj, "stop", {"what": what})


def change(app: str, verb: str, body: dict[str, Any]) -> None:
    """Send it and follow."""
    aim = target(app)
    accepted = aim.client.call("POST", f"{aim.path}/{verb}", body)
    follow(aim.client, accepted["operation"])


def show_list(app: str, *, as_plain: bool, everything: bool) -> None:
    """The processes of one deploy, or of all."""
    if everything:
        plain = Client(settings_here()).get("/v1/ps")
        shown = plain["deploys"]
    else:
        aim = target(app)
        plain = aim.client.get(f"{aim.path}/ps")
        shown = [plain]
    if as_plain:
        as_json(plain)
        return
    for deploy in shown:
        show_deploy(deploy)


def show_deploy(deploy: dict[str, Any]) -> None:
    """A heading and a table."""
    release = deploy["release"] or "no release yet"
    head = f"{deploy['app']}/{deploy['name']} {release}"
    print(f"{paint(head, BOLD)}  {deploy['urls'][0]}  (sandbox: {deploy['tier']})")
    if deploy["stopped"]:
        print(f"  held back: {', '.join(deploy['stopped'])}; twelve ps restart brings them back")
    if not deploy["processes"]:
        return
    rows = [
        (
            process["process"],
            process["release"],
            paint(process["state"], COLOURS.get(process["state"], "0")),
            ago(process["started_ns"]),
            process["restarts"],
            process["port"] or "",
            process["pid"] or "",
            (process["last_exit"] or {}).get("said", ""),
        )
        for process in deploy["processes"]
    ]
    table(("PROCESS", "RELEASE", "STATE", "SINCE", "RESTARTS", "PORT", "PID", "LAST EXIT"), rows)
