"""``twelve up``: the app in this folder, for development, in the foreground."""

import os
import sys
from pathlib import Path

import click

from twelve.cli.output import coloured
from twelve.cli.target import app_here
from twelve.errors import Usage


@click.command()
@click.argument("path", default=".", type=click.Path(path_type=Path))
@click.option("-f", "--procfile", default="Procfile", show_default=True, help="The Procfile.")
@click.option("-m", "--formation", "words", multiple=True, help="Quantities: web=2,worker=1.")
@click.option("--no-reload", is_flag=True, help="Do not start anew when a file changes.")
@click.option("--build", is_flag=True, help="Run the build hooks in the folder first.")
def command(
    path: Path, procfile: str, words: tuple[str, ...], *, no_reload: bool, build: bool
) -> None:
    """Run the app in PATH for development; Ctrl-C ends all of it.

    Dependencies are the same layer as a deploy's, the code is the folder itself. Variables come
    from .env; the resources that the manifest names are created. A changed file starts new
    processes, and requests go to them when they are ready.
    """
    if not path.is_dir():
        raise Usage(f"{path}: there is no such folder")
    import asyncio

    from twelve.development.up import Wish, run_up

    folder = path.resolve()
    wish = Wish(
        folder=folder,
        app=app_here(folder),
        procfile=procfile,
        words=words,
        reload=not no_reload,
        hooks=build,
        colour=coloured(),
    )
    status = asyncio.run(run_up(wish, os.environ, sys.stdout.fileno()))
    raise SystemExit(status)
