"""``twelve logs``."""

import os
import sys
from typing import Any

import click

from twelve.cli.output import coloured
from twelve.cli.target import app_option, target


@click.command()
@app_option
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines, across deploys.")
@click.option("-n", "lines", type=click.IntRange(min=0), default=None, help="The last N lines.")
@click.option("--type", "types", multiple=True, help="Of this process type: web, twelve, router.")
@click.option("--process", "processes", multiple=True, help="Of this process: web.1.")
@click.option("--stream", "streams", multiple=True, help="stdout or stderr.")
@click.option("--release", "releases", multiple=True, help="Of this release: v7.")
@click.option("--since", default="", metavar="10m", help="Not older than this.")
@click.option("--grep", default="", metavar="RE", help="That match.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, a line each.")
def command(app: str, *, follow: bool, lines: int | None, as_json: bool, **want: Any) -> None:
    """Read the log stream of a deploy: every process of every release, in the order of time."""
    aim = target(app)
    default = 100 if lines is None and not want["since"] else lines
    answer = aim.client.ask(
        "GET",
        f"{aim.path}/logs",
        follow=follow,
        n=default if default != 0 else "0",
        type=want["types"],
        process=want["processes"],
        stream=want["streams"],
        release=want["releases"],
        since=want["since"],
        grep=want["grep"],
        json=as_json,
        colour=coloured() and not as_json,
        width=10 if sys.stdout.isatty() else 0,
    )
    sys.stdout.flush()
    out = sys.stdout.fileno()
    for piece in answer.pieces():
        view = memoryview(piece)
        while view:
            view = view[os.write(out, view) :]
