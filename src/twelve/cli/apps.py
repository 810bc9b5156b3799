"""``twelve apps``."""

import click

from twelve.cli.client import Client, settings_here
from twelve.cli.output import ago, as_json, follow, table
from twelve.cli.target import json_option


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
@click.argument("name")
def create(name: str) -> None:
    """Make an app before its first deploy, so that it can be configured."""
    made = Client(settings_here(), starts=True).call("POST", "/v1/apps", {"name": name})
    print(f"created {made['name']}")


@command.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def destroy(name: str, *, yes: bool) -> None:
    """Stop an app, or one deploy (APP/DEPLOY), and forget it; its resources stay."""
    client = Client(settings_here())
    app, slash, deploy = name.partition("/")
    path = f"/v1/apps/{app}/deploys/{deploy}" if slash else f"/v1/apps/{app}"
    if not yes:
        click.confirm(f"Stop {name} and forget its config, releases and records?", abort=True)
    follow(client, client.call("DELETE", path)["operation"])


def show_list(*, as_plain: bool) -> None:
    """Every app."""
    plain = Client(settings_here()).get("/v1/apps")
    if as_plain:
        as_json(plain)
        return
    rows = [
        (f"{d['app']}/{d['name']}", d["release"] or "-", d["urls"][0], ago(app["created_ns"]))
        for app in plain["apps"]
        for d in app["deploys"]
    ]
    table(("DEPLOY", "RELEASE", "URL", "AGE"), rows)
