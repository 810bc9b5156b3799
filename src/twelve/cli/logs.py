"""``twelve logs``."""

import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import click

from twelve.cli import names as live
from twelve.cli.output import coloured
from twelve.cli.target import Target, app_option, target
from twelve.client.calls import logs as calls
from twelve.client.wire import Answer
from twelve.errors import EXIT_INTERRUPTED, Unreachable
from twelve.factors.logs.render import Form

LINES = 100
WIDTH = 10
"""Characters for the process's name, so that the lines of a terminal begin in one column."""


@click.command()
@app_option
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines, across deploys.")
@click.option("-n", "lines", type=click.IntRange(min=0), default=None, help="The last N lines.")
@click.option(
    "--type",
    "types",
    multiple=True,
    help="Of this process type: web, twelve, router.",
    shell_complete=live.streams,
)
@click.option(
    "--process",
    "processes",
    multiple=True,
    help="Of this process: web.1.",
    shell_complete=live.processes,
)
@click.option("--stream", "streams", multiple=True, help="stdout or stderr.")
@click.option(
    "--release",
    "releases",
    multiple=True,
    help="Of this release: v7.",
    shell_complete=live.releases,
)
@click.option("--since", default="", metavar="10m", help="Not older than this.")
@click.option("--grep", default="", metavar="RE", help="That match.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, a line each.")
def command(app: str, *, follow: bool, lines: int | None, as_json: bool, **want: Any) -> None:
    """Read the log stream of a deploy: every process of every release, in the order of time.

    Without -n and --since the last 100 lines. Filters of one kind add up, those of several kinds
    must all hold.
    """
    aim = target(app)
    wanted = LINES if lines is None and not want["since"] else lines
    form = Form(WIDTH if sys.stdout.isatty() else 0, coloured() and not as_json)
    ask = partial(
        calls.read_logs,
        *aim,
        follow=follow,
        n=wanted,
        type_=want["types"],
        process=want["processes"],
        stream=want["streams"],
        release=want["releases"],
        since=want["since"],
        grep=want["grep"],
        json=as_json,
        colour=form.colour,
        width=form.width,
    )
    pieces = followed(aim, ask, None if as_json else form) if follow else ask().pieces()
    try:
        for piece in pieces:
            write(piece)
    except Unreachable:
        if not follow:
            raise
    except KeyboardInterrupt:
        # The usual way to leave a stream without an end: nothing to say.
        raise SystemExit(EXIT_INTERRUPTED) from None
    if follow:
        raise Unreachable(
            "the control plane went away, the apps run on", hint="twelve logs -f, when it is back"
        )


def followed(aim: Target, ask: Callable[..., Answer], form: Form | None) -> Iterator[bytes]:
    """The lines of a stream without an end: from its files, where control is on this machine."""
    if aim.client.settings.url:
        return ask().pieces()
    from twelve.client import following

    pieces = following.followed(ask(files=True), (aim.app, aim.deploy), form)
    return ask().pieces() if pieces is None else pieces


def write(piece: bytes) -> None:
    """All of it, at once: what is followed must not wait in a buffer."""
    view, out = memoryview(piece), sys.stdout.fileno()
    while view:
        view = view[os.write(out, view) :]
