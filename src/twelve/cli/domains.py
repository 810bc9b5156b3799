"""``twelve domains``."""

from urllib.parse import quote

import click

from twelve.cli.output import as_json
from twelve.cli.target import Target, app_option, json_option, target


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
    shown = aim.client.call("POST", f"{aim.path}/domains", {"host": host})
    print("\n".join(shown["urls"]))


@command.command()
@click.argument("host")
@app_option
def rm(host: str, app: str) -> None:
    """Let HOST go."""
    aim = target(app)
    shown = aim.client.call("DELETE", f"{aim.path}/domains/{quote(host, safe='')}")
    print("\n".join(shown["urls"]))


def show_list(aim: Target, *, as_plain: bool) -> None:
    """Where the deploy answers."""
    found = aim.client.get(f"{aim.path}/domains")
    if as_plain:
        as_json(found)
        return
    print("\n".join(found["urls"]))
