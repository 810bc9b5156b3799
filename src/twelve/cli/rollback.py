"""``twelve rollback``."""

import click

from twelve.cli import names as live
from twelve.cli.course import follow
from twelve.cli.deploy import show_result
from twelve.cli.target import app_option, json_option, target
from twelve.client.calls import releases as calls
from twelve.errors import Usage


@click.command()
@click.argument("release", default="", metavar="[RELEASE]", shell_complete=live.releases)
@app_option
@click.option("--formation", is_flag=True, help="The old quantities too, where they are lower.")
@click.option("--no-wait", is_flag=True, help="Refuse when another change is under way.")
@json_option
def command(release: str, app: str, *, formation: bool, no_wait: bool, as_json: bool) -> None:
    """Go back to RELEASE (v7), or to the newest before that ran something else.

    Build, config and attachments come back as they were, as a new release; what release commands
    did to data stays, and is said.
    """
    number = release.removeprefix("v")
    if release and not number.isdecimal():
        raise Usage(f"{release!r} is not a release", hint="releases are called v1, v2 …")
    aim = target(app)
    to = int(number) if number else None
    accepted = calls.make_rollback(*aim, to=to, formation=formation, wait=not no_wait)
    show_result(aim, follow(aim.client, accepted["operation"], quiet=as_json), as_json=as_json)
