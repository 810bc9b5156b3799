"""``twelve deploy``."""

import base64
import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import click

from twelve.cli import names as live
from twelve.cli.course import follow
from twelve.cli.output import GREEN, coloured, paint
from twelve.cli.output import as_json as print_json
from twelve.cli.repository import Meant, listed, meant
from twelve.cli.target import (
    Target,
    app_here,
    app_option,
    json_option,
    no_start_option,
    target,
)
from twelve.client.calls import releases
from twelve.client.connection import settings_here
from twelve.errors import TwelveError, Usage


@click.command()
@click.argument("path", default=".", type=click.Path(path_type=Path))
@app_option
@click.option(
    "--to",
    default="",
    metavar="DEPLOY",
    help="The deploy, else production; 'tenant-*': each.",
    shell_complete=live.deploys,
)
@click.option("--root", default="", metavar="DIR", help="The app's folder in the repository.")
@click.option("--dirty", is_flag=True, help="Build uncommitted changes too, and mark it so.")
@click.option("--provision", is_flag=True, help="Create the resources that the manifest names.")
@click.option("--adopt", is_flag=True, help="The app's history was rewritten: take this one.")
@click.option("--strict", is_flag=True, help="Refuse a tree that breaks a demand of the check.")
@click.option("--no-gate", is_flag=True, help="Do not watch the release after the switch.")
@click.option(
    "--wait",
    "stay",
    is_flag=True,
    help="Return when the old release has ended and the watch is over.",
)
@click.option("--no-wait", is_flag=True, help="Refuse when another change is under way.")
@no_start_option
@click.option("--quiet", "-q", is_flag=True, help="Print the URL only.")
@json_option
def command(path: Path, app: str, to: str, root: str, *, as_json: bool, **flags: bool) -> None:
    """Build the commit that is checked out in PATH, release it and run it.

    Requests go to the new release once it is ready; until then the old one serves. Exit 0 means
    that the new release serves. Ctrl-C takes the deploy back before that; a lost connection does
    not. Where twelve.toml lists several apps, each is deployed in turn, or the one that -a names;
    likewise each deploy that a pattern names. The first that fails ends it.
    """
    wanted = [one for each in aimed(path, app, to, root) for one in spread(each)]
    if len(wanted) > 1 and flags["provision"]:
        from twelve.cli.config import ensure

        # They may attach each other: each must be known before the first is deployed.
        for each in wanted:
            ensure(target(each.app, starts=not flags["no_start"]))
    for number, each in enumerate(wanted):
        try:
            deploy_one(path, each, flags, as_json=as_json)
        except TwelveError as error:
            if len(wanted) > 1:
                rest = ", ".join(other.app for other in wanted[number + 1 :])
                error.message = f"{each.app}: {error.message}"
                error.hint += f"\nnot deployed either: {rest}" if rest else ""
            raise


def deploy_one(path: Path, each: Meant, flags: dict[str, bool], *, as_json: bool) -> None:
    """Deploy one app of the path, from the first step to the last line."""
    with pack_here(path, each.root, dirty=flags["dirty"]) as archive:
        aim = target(each.app, starts=not flags["no_start"])
        accepted = releases.make_deploy(
            *aim,
            archive=archive.file,
            facts=archive.facts,
            provision=flags["provision"],
            adopt=flags["adopt"],
            no_wait=flags["no_wait"],
            no_gate=flags["no_gate"],
            stay=flags["stay"],
            strict=flags["strict"],
        )
    quiet = flags["quiet"] or as_json
    result = follow(aim.client, accepted["operation"], quiet=quiet)
    show_result(aim, result, as_json=as_json, quiet=quiet)


def aimed(path: Path, app: str, to: str, root: str) -> list[Meant]:
    """What is deployed: targets as commands name them, each with its folder below the path.

    Targets are as the call names them, else all apps of the repository, else the folder's own.
    Raises Usage.
    """
    if not path.is_dir():
        raise Usage(f"{path}: there is no such folder", hint="twelve deploy PATH")
    name = app or settings_here().app
    if to and "/" in name:
        raise Usage(f"{name!r} names a deploy and --to another", hint="leave one of them out")
    known = {} if root else listed(path)
    found = meant(path, known, name) if known else [Meant(name or app_here(path / root), root)]
    deploy = to or name.partition("/")[2]
    return [
        each._replace(app=f"{each.app}/{deploy}") if deploy and "/" not in each.app else each
        for each in found
    ]


def spread(each: Meant) -> list[Meant]:
    """What a pattern means: each deploy of that name there is, one after the other. Or as it is."""
    app, _, deploy = each.app.partition("/")
    if not set("*?") & set(deploy):
        return [each]
    from twelve.cli.deploys import deploys_of

    found = deploys_of(target(app), deploy)
    return [each._replace(app=f"{app}/{one['name']}") for one in found]


class Archive(NamedTuple):
    """What is sent: a file without a name, and where it comes from as the header says it."""

    file: BinaryIO
    facts: str


@contextlib.contextmanager
def pack_here(path: Path, root: str, *, dirty: bool) -> Iterator[Archive]:
    """The archive of what is deployed; what is left out is said."""
    from twelve.engines.local.source import pack
    from twelve.factors.codebase.tree import remarks

    packed = pack(path, root=root, dirty=dirty)
    with packed.archive as file:
        for remark in remarks(packed.facts):
            print(f"twelve: {remark}", file=sys.stderr)
        facts = json.dumps(packed.facts.to_plain()).encode()
        yield Archive(file, base64.b64encode(facts).decode())


def show_result(aim: Target, result: dict[str, Any], *, as_json: bool, quiet: bool = False) -> None:
    """The last lines: which release, and where it answers."""
    if as_json:
        print_json(result)
        return
    url = result["urls"][0]
    if not quiet:
        ok = paint("✓" if coloured() else "ok", GREEN)
        print(f"{ok} {aim.label} {result['release']} serves")
        for line in ways(aim, url):
            print(f"  {line}")
    print(url)


def ways(aim: Target, url: str) -> list[str]:
    """How to ask a name below .localhost, which only browsers and curl can find."""
    settings = aim.client.settings
    host = url.partition("://")[2].partition(":")[0]
    if settings.url or not host.endswith(".localhost"):
        return []
    from twelve.factors.ports.hosts import curl_line

    return [curl_line(host, settings.http_host, settings.http_port)]
