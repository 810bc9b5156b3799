"""``twelve resources``: backing services."""

import sys
from typing import NamedTuple

import click

from twelve.cli import names as live
from twelve.cli.asking import confirm
from twelve.cli.course import follow
from twelve.cli.output import ago, as_json, table
from twelve.cli.target import app_option, json_option, no_start_option, target
from twelve.client.calls import resources as calls
from twelve.client.connection import Client, settings_here
from twelve.errors import Usage


@click.group(invoke_without_command=True)
@app_option
@json_option
@click.pass_context
def command(ctx: click.Context, *, app: str, as_json: bool) -> None:  # noqa: ARG001 - inherited
    """Create, attach, detach and list backing services."""
    if ctx.invoked_subcommand is None:
        show_list(as_plain=as_json)


@command.command("ls")
@json_option
def ls(*, as_json: bool) -> None:
    """List resources and attachments; URLs are masked."""
    show_list(as_plain=as_json)


@command.command()
@click.argument("kind", shell_complete=live.kinds)
@click.option("--as", "variable", default="", metavar="VAR", help="The variable; else the kind's.")
@click.option("--name", default="", help="The resource's name; else made from app and variable.")
@app_option
@no_start_option
def create(kind: str, variable: str, name: str, app: str, *, no_start: bool) -> None:
    """Create a database (postgres) or key space (redis) of this home and attach it."""
    from twelve.cli.config import ensure

    aim = target(app, starts=not no_start)
    ensure(aim)
    accepted = calls.make_resource(*aim, kind=kind, variable=variable, name=name)
    result = follow(aim.client, accepted["operation"])
    print(f"{result['resource']} is attached to {aim.label} as {result['variable']}")


@command.command()
@click.argument("what", metavar="NAME|-", shell_complete=live.resources)
@click.option("--as", "variable", required=True, metavar="VAR", help="The variable.")
@app_option
def attach(what: str, variable: str, app: str) -> None:
    """Attach a resource by its NAME, or a URL that is read from standard input (-)."""
    from twelve.cli.config import ensure

    aim = target(app)
    ensure(aim)
    meant = read_what(what)
    accepted = calls.make_attachment(
        *aim, variable=variable, url=meant.url, resource=meant.resource
    )
    follow(aim.client, accepted["operation"])
    print(f"attached to {aim.label} as {variable}")


class Meant(NamedTuple):
    """What is to be attached: a URL, or a resource by its name."""

    url: str = ""
    resource: str = ""


def read_what(what: str) -> Meant:
    """A resource's name, or a URL. Raises Usage for one with a password in the open."""
    if what == "-":
        if sys.stdin.isatty():
            return Meant(url=click.prompt("URL", hide_input=True, err=True))
        return Meant(url=sys.stdin.read().strip())
    if "://" not in what:
        return Meant(resource=what)
    from twelve.factors.config.secret import looks_secret

    if looks_secret("", what):
        raise Usage(
            "a password on the command line can be read by every user of this machine",
            hint="twelve resources attach - --as VAR   (asks, or reads standard input)",
        )
    return Meant(url=what)


@command.command()
@click.argument("variable", metavar="VAR", shell_complete=live.attached)
@app_option
def detach(variable: str, app: str) -> None:
    """Take VAR away from the deploy; the resource and its data stay."""
    aim = target(app)
    accepted = calls.remove_attachment(*aim, variable)
    follow(aim.client, accepted["operation"])
    print(f"{variable} is detached from {aim.label}")


@command.command()
@click.argument("name", shell_complete=live.resources)
@click.option("--yes", is_flag=True, help="Do not ask.")
def destroy(name: str, *, yes: bool) -> None:
    """Remove a resource and its data for good."""
    client = Client(settings_here())
    if not yes:
        confirm(f"Remove {name} and all its data?")
    follow(client, calls.remove_resource(client, name)["operation"])


def show_list(*, as_plain: bool) -> None:
    """Resources, then who holds what."""
    found = calls.list_resources(Client(settings_here()))
    if as_plain:
        as_json(found)
        return
    table(
        ("RESOURCE", "KIND", "AGE", "URL"),
        [(r["name"], r["kind"], ago(r["created_ns"]), r["url"]) for r in found["resources"]],
    )
    if found["attachments"]:
        print()
        rows = [
            (f"{a['app']}/{a['deploy']}", a["variable"], a["resource"], a["url"])
            for a in found["attachments"]
        ]
        table(("DEPLOY", "VARIABLE", "RESOURCE", "URL"), rows)
