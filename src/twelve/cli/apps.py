"""``twelve apps``."""

from urllib.parse import quote

import click

from twelve.cli.asking import confirm
from twelve.cli.course import follow
from twelve.cli.output import ago, as_json, table
from twelve.cli.target import json_option, no_start_option
from twelve.client.connection import Client, deploy_path, settings_here


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def command(ctx: click.Context, *, as_json: bool) -> None:
    """Create, list and destroy apps."""
    if ctx.invoked_subcommand is None:
        show_list(as_plain=as_json)


@command.command("ls")
@json_option
def ls(*, as_json: bool) -> None:
    """List apps and their deploys."""
    show_list(as_plain=as_json)


@command.command()
@click.argument("name", metavar="APP[/DEPLOY]")
@no_start_option
def create(name: str, *, no_start: bool) -> None:
    """Make an app before its first deploy, so that it can be configured."""
    app, slash, deploy = name.partition("/")
    body = {"name": app, "deploy": deploy} if slash else {"name": app}
    made = Client(settings_here(), starts=not no_start).call("POST", "/v1/apps", body)
    print(f"created {made['deploys'][0]['app']}/{made['deploys'][0]['name']}")


@command.command()
@click.argument("name", metavar="APP[/DEPLOY]")
@click.option("--yes", is_flag=True, help="Do not ask.")
def destroy(name: str, *, yes: bool) -> None:
    """Stop an app, or one deploy of it, and forget it; its resources stay."""
    client = Client(settings_here())
    app, slash, deploy = name.partition("/")
    path = deploy_path(app, deploy) if slash else f"/v1/apps/{quote(app, safe='')}"
    client.get(f"{path}/config" if slash else path)
    if not yes:
        confirm(f"Stop {name} and forget its config, releases and records?")
    follow(client, client.call("DELETE", path)["operation"])


def show_list(*, as_plain: bool) -> None:
    """Every app."""
    found = Client(settings_here()).get("/v1/apps")
    if as_plain:
        as_json(found)
        return
    rows = [
        (f"{d['app']}/{d['name']}", d["release"], d["urls"][0], ago(app["created_ns"]))
        for app in found["apps"]
        for d in app["deploys"]
    ]
    table(("DEPLOY", "RELEASE", "URL", "AGE"), rows)
