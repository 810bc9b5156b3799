"""``twelve down``."""

import sys

import click

from twelve.cli.course import follow
from twelve.client.calls import platform as calls
from twelve.client.connection import Client, settings_here
from twelve.errors import Unreachable


@click.command()
@click.option("--all", "everything", is_flag=True, help="Servers, router and supervisor too.")
def command(*, everything: bool) -> None:
    """Stop the apps of this home, each within its grace.

    They start again with the next control plane; twelve ps stop holds them back for longer.
    """
    client = Client(settings_here())
    try:
        accepted = calls.go_down(client)
        result = follow(client, accepted["operation"])
        print(f"stopped {result['stopped']} processes")
    except Unreachable:
        if not everything:
            raise
        print("twelve: no control plane answers; ending what it left", file=sys.stderr)
    if everything:
        from twelve.starting import end_home

        end_home(client.settings, lambda: calls.leave(client))
