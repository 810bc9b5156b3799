"""``twelve apps``."""

import click

from twelve.api.shapes import App
from twelve.cli.asking import confirm
from twelve.cli.course import follow
from twelve.cli.output import ago, as_json, table
from twelve.cli.target import complete_target, json_option, no_start_option
from twelve.client.calls import apps as calls
from twelve.client.calls.ps import list_processes
from twelve.client.connection import Client, settings_here


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
    client = Client(settings_here(), starts=not no_start)
    made = calls.create_app(client, name=app, **({"deploy": deploy} if slash else {}))
    print(f"created {made['deploys'][0]['app']}/{made['deploys'][0]['name']}")


@command.command()
@click.argument("name", metavar="APP[/DEPLOY]", shell_complete=complete_target)
@click.option("--yes", is_flag=True, help="Do not ask.")
def destroy(name: str, *, yes: bool) -> None:
    """Stop an app, or one deploy of it, and forget it; its resources stay."""
    client = Client(settings_here())
    app, slash, deploy = name.partition("/")
    known = calls.show_app(client, app)
    if slash and deploy not in {each["name"] for each in known["deploys"]}:
        # Only the control plane says it as it says it everywhere.
        list_processes(client, app, deploy)
    if not yes:
        confirm(f"Stop {name} and forget its config, releases and records?")
    accepted = calls.remove_deploy(client, app, deploy) if slash else calls.remove_app(client, app)
    follow(client, accepted["operation"])


def every_app(client: Client) -> list[App]:
    """All pages of the listing."""
    page = calls.list_apps(client)
    found = page["apps"]
    while page["next"]:
        page = calls.list_apps(client, after=page["next"])
        found += page["apps"]
    return found


def show_list(*, as_plain: bool) -> None:
    """Every app."""
    found = {"apps": every_app(Client(settings_here()))}
    if as_plain:
        as_json(found)
        return
    rows = [
        (f"{d['app']}/{d['name']}", d["release"], d["urls"][0], ago(app["created_ns"]))
        for app in found["apps"]
        for d in app["deploys"]
    ]
    table(("DEPLOY", "RELEASE", "URL", "AGE"), rows)
