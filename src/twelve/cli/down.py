"""``twelve down``."""

import time

import click

from twelve.cli.client import Client, settings_here
from twelve.cli.output import follow
from twelve.cli.wire import connect
from twelve.errors import Unreachable


@click.command()
@click.option("--all", "everything", is_flag=True, help="Servers, router and supervisor too.")
def command(*, everything: bool) -> None:
    """Stop the apps of this home, each within its grace.

    They start again with the next control plane; twelve ps stop holds them back for longer.
    """
    settings = settings_here()
    try:
        client = Client(settings)
        accepted = client.call("POST", "/v1/down", {"all": everything})
    except Unreachable:
        if not everything:
            raise
        from twelve.starting import end_without_control

        print(f"twelve: {end_without_control(settings)} processes were running without control")
        return
    result = follow(client, accepted["operation"])
    if everything:
        wait_until_gone(client)
    print(f"stopped {result['stopped']} processes")


def wait_until_gone(client: Client) -> None:
    """Return when nothing answers any more."""
    while True:
        try:
            connect(client.address).close()
        except Unreachable:
            return
        time.sleep(0.05)
