"""``twelve deploys``: tenants, regions, stages: the deploys of one app."""

import fnmatch
import sys

import click

from twelve.api.shapes import Deploy
from twelve.cli import names as live
from twelve.cli.apps import destroy as destroy_command
from twelve.cli.config import read_pair, refuse_doubles, refuse_open_secrets
from twelve.cli.course import follow
from twelve.cli.deploy import show_result
from twelve.cli.output import as_json as print_json
from twelve.cli.output import table
from twelve.cli.target import Target, app_option, json_option, target
from twelve.client.calls import apps as app_calls
from twelve.client.calls import config as config_calls
from twelve.client.calls import tenants as calls
from twelve.errors import NotFound, Usage


@click.group(invoke_without_command=True)
@app_option
@json_option
@click.pass_context
def command(ctx: click.Context, app: str, *, as_json: bool) -> None:
    """Create, list and destroy the deploys of an app: tenants, regions, stages."""
    if ctx.invoked_subcommand is None:
        show_list(target(app), "*", as_json=as_json)


@command.command("ls")
@click.argument("pattern", default="*", metavar="[PATTERN]", shell_complete=live.deploys)
@app_option
@json_option
def ls(pattern: str, app: str, *, as_json: bool) -> None:
    """List the deploys of an app, or those whose names match: 'tenant-*'."""
    show_list(target(app), pattern, as_json=as_json)


@command.command()
@click.argument("name", metavar="[APP/]NAME")
@click.argument("pairs", nargs=-1, metavar="[KEY=VALUE|KEY=-|KEY=@FILE|KEY …]")
@click.option(
    "--from",
    "source",
    required=True,
    metavar="DEPLOY",
    help="The deploy to copy.",
    shell_complete=live.deploys,
)
@click.option("--generate", is_flag=True, help="Make up the secrets that are not given.")
@app_option
@click.option("--quiet", "-q", is_flag=True, help="Print the URL only.")
@json_option
def create(
    name: str,
    pairs: tuple[str, ...],
    source: str,
    app: str,
    *,
    generate: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Make a deploy from another, with config and resources of its own, and run it.

    Build, quantities and config that is no secret are copied. Secrets are asked for, given as for
    twelve config set, or made up with --generate. For each resource one of its own is made.
    """
    aim, origin = ends(name, source, app)
    refuse_doubles(pairs)
    refuse_open_secrets(origin, pairs)
    put = dict(map(read_pair, pairs))
    if not generate:
        put |= asked(origin, put)
    accepted = calls.make_deploy_from(
        aim.client, aim.app, name=aim.deploy, source=origin.deploy, put=put, generate=generate
    )
    result = follow(aim.client, accepted["operation"], quiet=quiet or as_json)
    show_result(aim, result, as_json=as_json, quiet=quiet)


@command.command()
@click.argument("name", metavar="[APP/]NAME", shell_complete=live.deploys)
@app_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def destroy(ctx: click.Context, name: str, app: str, *, yes: bool) -> None:
    """Stop a deploy and forget it; its resources stay."""
    aim = target(name if "/" in name else f"{target(app).app}/{name}")
    ctx.invoke(destroy_command, name=aim.label, yes=yes)


def ends(name: str, source: str, app: str) -> tuple[Target, Target]:
    """The deploy to make and the one to copy, of one app. Raises Usage."""
    home = target(app or (name if "/" in name else source if "/" in source else "")).app
    aim, origin = (target(word if "/" in word else f"{home}/{word}") for word in (name, source))
    if aim.app != origin.app:
        raise Usage(
            f"{aim.label} and {origin.label} are different apps",
            hint="a deploy is made from another one of its app",
        )
    return aim, origin


def asked(origin: Target, put: dict[str, str]) -> dict[str, str]:
    """The secrets of the origin that were not given, typed unseen."""
    names = [name for name in config_calls.show_config(*origin)["config"] if name not in put]
    secret = config_calls.secret_names(*origin, names=names)["secret"] if names else []
    if secret and not sys.stdin.isatty():
        raise Usage(
            f"{', '.join(secret)}: there is no terminal to ask for secrets",
            hint=f"give them ({secret[0]}=- or {secret[0]}=@FILE), or make them up: --generate",
        )
    return dict(read_pair(name) for name in secret)


def deploys_of(aim: Target, pattern: str) -> list[Deploy]:
    """The deploys of the target's app whose names match. Raises NotFound."""
    every = app_calls.show_app(aim.client, aim.app)["deploys"]
    found = [each for each in every if fnmatch.fnmatchcase(each["name"], pattern)]
    if not found and pattern != "*":
        names = ", ".join(each["name"] for each in every)
        raise NotFound(f"no deploy of {aim.app} is called {pattern!r}", hint=f"there are {names}")
    return found


def show_list(aim: Target, pattern: str, *, as_json: bool) -> None:
    """The deploys, by name."""
    found = deploys_of(aim, pattern)
    if as_json:
        print_json({"app": aim.app, "deploys": found})
        return
    rows = [
        (
            each["name"],
            each["release"],
            " ".join(f"{kind}={n}" for kind, n in each["formation"].items()),
            each["urls"][0],
        )
        for each in found
    ]
    table(("DEPLOY", "RELEASE", "FORMATION", "URL"), rows)
