"""``twelve parity``."""

import click

from twelve.cli.differences import show_differences
from twelve.cli.output import as_json as print_json
from twelve.cli.target import complete_target, json_option, target
from twelve.client.calls import parity as calls
from twelve.errors import EXIT_FAILED


@click.command()
@click.argument("one", metavar="APP/DEPLOY", shell_complete=complete_target)
@click.argument("other", metavar="APP/DEPLOY", shell_complete=complete_target)
@json_option
def command(one: str, other: str, *, as_json: bool) -> None:
    """Say what two deploys of an app do not have in common; exit 1 when there is anything.

    Compared are code and its age, build, interpreter, manifest, the names of variables, kind,
    product and major version of each resource, and the formation. Values are not.
    """
    before, after = target(one), target(other)
    found = calls.show_parity(*before, app_=after.app, deploy_=after.deploy)
    if as_json:
        print_json(found)
    else:
        show_differences(found, before.label, after.label)
    if found["differences"]:
        raise SystemExit(EXIT_FAILED)
