"""``twelve open``."""

import os

import click

from twelve.cli.target import app_option, target
from twelve.client.calls import config as calls

SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
"""Without one of them there is no browser to open, only programs that complain."""


@click.command()
@app_option
def command(app: str) -> None:
    """Open the app in a browser, and print its URL."""
    aim = target(app)
    url = calls.list_domains(*aim)["urls"][0]
    print(url, flush=True)
    browse(url)


def browse(url: str) -> None:
    """Show it in a browser, where there can be one."""
    if any(os.environ.get(name) for name in SCREENS):
        click.launch(url)
