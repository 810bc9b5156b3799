"""``twelve down``."""

import sys

import click

from twelve.cli.course import follow
from twelve.client.calls import platform as calls
from twelve.client.connection import Client, is_gone, settings_here
from twelve.errors import Unreachable


@click.command()
@click.option("--all", "everything", is_flag=True, help="Servers, router and supervisor too.")
def command(*, everything: bool) -> None:
    """Stop the apps of this home, each within its grace.

    They start again with the next control plane; twelve ps stop holds them back for longer.
    """
    client = Client(settings_here(even_gone=everything))
    try:
        if is_gone(client.settings):
            # Control cannot work on it, but its supervisor can end what runs.
            print("twelve: the folder of this home is gone; ending what runs", file=sys.stderr)
        else:
            stop_apps(client)
    except Unreachable:
        if not everything:
            raise
        print("twelve: no control plane answers; ending what it left", file=sys.stderr)
    if everything:
        from twelve.starting import end_home

        end_home(client.settings, lambda: calls.leave(client))


def stop_apps(client: Client) -> None:
    """Every process of every app, and how many there were."""
    accepted = calls.go_down(client)
    result = follow(client, accepted["operation"])
    print(f"stopped {result['stopped']} processes")
