"""``twelve domains``."""

import sys

import click

from twelve.api.shapes import NewDomains
from twelve.cli import names as live
from twelve.cli.output import as_json
from twelve.cli.target import Target, app_option, json_option, target
from twelve.client.calls import config as calls
from twelve.errors import Refused


@click.group(invoke_without_command=True)
@app_option
@json_option
@click.pass_context
def command(ctx: click.Context, app: str, *, as_json: bool) -> None:
    """Bind host names to a deploy."""
    if ctx.invoked_subcommand is None:
        show_list(target(app), as_plain=as_json)


@command.command("ls")
@app_option
@json_option
def ls(app: str, *, as_json: bool) -> None:
    """List the addresses of a deploy."""
    show_list(target(app), as_plain=as_json)


@command.command()
@click.argument("host")
@app_option
def add(host: str, app: str) -> None:
    """Send requests for HOST to the deploy."""
    aim = target(app)
    show_change(calls.add_domain(*aim, host=host))


@command.command()
@click.argument("host", shell_complete=live.hosts)
@app_option
def rm(host: str, app: str) -> None:
    """Let HOST go."""
    aim = target(app)
    show_change(calls.remove_domain(*aim, host))


def show_change(shown: NewDomains) -> None:
    """Where it answers now, and who was told. Raises Refused when one could not follow."""
    print("\n".join(shown["urls"]))
    for came in shown["followers"]:
        if not came["error"]:
            what = f"{came['release']} serves" if came["release"] else "is not released yet"
            print(f"{came['deploy']} follows: {what}", file=sys.stderr)
    if failed := [came for came in shown["followers"] if came["error"]]:
        raise Refused(
            f"{failed[0]['deploy']} could not follow, and keeps the address that it had",
            hint="mend it; its next release takes the new address up",
            problems=tuple(came["error"] for came in failed),
        )


def show_list(aim: Target, *, as_plain: bool) -> None:
    """Where the deploy answers."""
    found = calls.list_domains(*aim)
    if as_plain:
        as_json(found)
        return
    print("\n".join(found["urls"]))
