"""``twelve deploy``."""

import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from twelve.cli.output import GREEN, coloured, follow, paint
from twelve.cli.target import Target, app_here, json_option, target
from twelve.errors import Usage


@click.command()
@click.argument("path", default=".", type=click.Path(path_type=Path))
@click.option("-a", "--app", default="", metavar="APP[/DEPLOY]", help="The target.")
@click.option("--to", default="", metavar="DEPLOY", help="The deploy, else production.")
@click.option("--root", default="", metavar="DIR", help="The app's folder in the repository.")
@click.option("--dirty", is_flag=True, help="Build uncommitted changes too, and mark it so.")
@click.option("--provision", is_flag=True, help="Create the resources that the manifest names.")
@click.option("--adopt", is_flag=True, help="The app's history was rewritten: take this one.")
@click.option("--no-wait", is_flag=True, help="Refuse when another change is under way.")
@click.option("--no-start", is_flag=True, help="Do not start a control plane.")
@click.option("--quiet", "-q", is_flag=True, help="Print the URL only.")
@json_option
def command(path: Path, app: str, to: str, root: str, *, as_json: bool, **flags: bool) -> None:
    """Build the commit that is checked out in PATH, release it and run it.

    Requests go to the new release once it is ready; until then the old one serves. Exit 0 means
    that the new release serves.
    """
    aim = aimed(path, app, to, root, starts=not flags["no_start"])
    packed = pack_here(path, root, dirty=flags["dirty"])
    try:
        facts = packed.facts.to_plain()
        headers = {"Twelve-Tree": base64.b64encode(json.dumps(facts).encode()).decode()}
        query = [name for name in ("provision", "adopt", "no_wait") if flags[name]]
        where = f"{aim.path}/deploy" + ("?" + "&".join(f"{n}=true" for n in query) if query else "")
        with packed.archive.open("rb") as file:
            accepted = aim.client.upload(where, file, headers)
    finally:
        packed.archive.unlink(missing_ok=True)
    quiet = flags["quiet"] or as_json
    show_result(aim, follow(aim.client, accepted["operation"], quiet=quiet), as_json=as_json)


def aimed(path: Path, app: str, to: str, root: str, *, starts: bool) -> Target:
    """The target: as named, else the folder's own app. Raises Usage."""
    if not path.is_dir():
        raise Usage(f"{path}: there is no such folder")
    name = app or os.environ.get("TWELVE_APP", "") or app_here(path / root)
    if to and "/" in name:
        raise Usage("-a names a deploy and --to another", hint="leave one of them out")
    return target(f"{name}/{to}" if to else name, starts=starts)


def pack_here(path: Path, root: str, *, dirty: bool) -> Any:
    """The archive of what is deployed; what is left out is said."""
    from twelve.engines.local.source import pack
    from twelve.factors.codebase.tree import remarks

    packed = pack(path, root=root, dirty=dirty)
    for remark in remarks(packed.facts):
        print(f"twelve: {remark}", file=sys.stderr)
    return packed


def show_result(aim: Target, result: dict[str, Any], *, as_json: bool) -> None:
    """The last lines: which release, where it answers, what goes on."""
    if as_json:
        print(json.dumps(result, indent=2))
        return
    from twelve.factors.ports.hosts import curl_line

    url = result["urls"][0]
    settings = aim.client.settings
    host = url.split("://")[1].split(":")[0]
    print(f"{paint('✓' if coloured() else 'ok', GREEN)} {aim.label} {result['release']} serves")
    if not settings.url:
        print(f"  {curl_line(host, settings.http_host, settings.http_port)}")
    print(url)
