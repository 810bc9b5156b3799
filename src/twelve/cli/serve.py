"""``twelve serve``: the control plane in the foreground."""

import os
import sys

import click

from twelve.client.connection import settings_here

UNIT = """\
[Unit]
Description=Twelve, the control plane of {home}
After=network.target

[Service]
Environment=TWELVE_HOME={home}
ExecStart={python} -m twelve serve
# The apps run on when control is restarted: they are not its children.
KillMode=process
# With a User= of its own it keeps limits by control groups below this one.
Delegate=yes
Restart=always

[Install]
WantedBy=multi-user.target
"""


@click.command()
@click.option("--print-unit", is_flag=True, help="Print a systemd unit instead.")
def command(*, print_unit: bool) -> None:
    """Run the control plane in the foreground; its log goes to stdout.

    SIGTERM or Ctrl-C leaves the apps running; twelve down stops them.
    """
    settings = settings_here()
    if print_unit:
        click.echo(UNIT.format(home=settings.home, python=sys.executable), nl=False)
        return
    import asyncio

    from twelve.control import Control, serve, set_up_logging

    def ready(_: Control) -> None:
        where = f"http://{settings.http_host}:{settings.http_port}"
        click.echo(f"twelve: serving {settings.home}, apps at {where}")
        sys.stdout.flush()

    set_up_logging()
    asyncio.run(serve(settings, os.environ, ready))
