"""``twelve promote``."""

import click

from twelve.cli.course import follow
from twelve.cli.deploy import show_result
from twelve.cli.target import complete_target, json_option, target
from twelve.client.calls import parity as calls
from twelve.errors import Usage


@click.command()
@click.option(
    "--from",
    "source",
    required=True,
    metavar="APP/DEPLOY",
    help="What has been tried.",
    shell_complete=complete_target,
)
@click.option(
    "--to",
    "to",
    required=True,
    metavar="APP/DEPLOY",
    help="Where it is to run, too.",
    shell_complete=complete_target,
)
@click.option("--provision", is_flag=True, help="Create the resources that the manifest names.")
@click.option("--no-gate", is_flag=True, help="Do not watch the release after the switch.")
@click.option(
    "--wait",
    "stay",
    is_flag=True,
    help="Return when the old release has ended and the watch is over.",
)
@click.option("--no-wait", is_flag=True, help="Refuse when another change is under way.")
@click.option("--quiet", "-q", is_flag=True, help="Print the URL only.")
@json_option
def command(source: str, to: str, *, quiet: bool, as_json: bool, **flags: bool) -> None:
    """Release and run the build of one deploy in another; nothing is built.

    The target keeps its own config, resources and quantities; its contract is checked, its release
    command run, requests switched and the release watched as in a deploy.
    """
    before, aim = target(source), target(to)
    if before.app != aim.app:
        raise Usage(
            f"{before.label} and {aim.label} are different apps",
            hint="a build goes from one deploy of an app to another: twelve deploy builds anew",
        )
    accepted = calls.make_promotion(
        *aim,
        source=before.deploy,
        provision=flags["provision"],
        wait=not flags["no_wait"],
        gate=not flags["no_gate"],
        stay=flags["stay"],
    )
    result = follow(aim.client, accepted["operation"], quiet=quiet or as_json)
    show_result(aim, result, as_json=as_json, quiet=quiet or as_json)
