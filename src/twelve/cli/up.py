"""``twelve up``: the app in this folder, or all of a repository's, for development."""

import contextlib
import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from twelve.cli.open_ import browse
from twelve.cli.output import coloured
from twelve.cli.repository import Meant, listed, meant
from twelve.cli.target import app_here, app_option
from twelve.errors import Usage


@click.command()
@click.argument("path", default=".", type=click.Path(path_type=Path))
@app_option
@click.option("-f", "--procfile", default="Procfile", show_default=True, help="The Procfile.")
@click.option(
    "-m", "--formation", "words", multiple=True, help="Quantities: web=2,worker=1, or shop/web=2."
)
@click.option("--no-reload", is_flag=True, help="Do not start anew when a file changes.")
@click.option("--build", is_flag=True, help="Run the build hooks in the folder first.")
@click.option("--open", "opens", is_flag=True, help="Open the app in a browser.")
def command(path: Path, app: str, procfile: str, words: tuple[str, ...], **flags: bool) -> None:
    """Run the app in PATH for development; Ctrl-C ends all of it.

    Dependencies are the same layer as a deploy's, the code is the folder itself. Variables come
    from .env; the resources that the manifest names are created. A changed file starts new
    processes, and requests go to them when they are ready. Where twelve.toml lists several apps,
    all of them run, or the one that -a names.
    """
    if not path.is_dir():
        raise Usage(f"{path}: there is no such folder", hint="twelve up PATH")
    import asyncio

    from twelve.development.early import Call
    from twelve.development.member import Wish
    from twelve.development.printing import Beginning
    from twelve.development.up import run_up

    top = path.resolve()
    known = listed(top)
    found = meant(top, known, app) if known else [Meant(app or app_here(top), "")]
    share = shares(words, [each.app for each in found])
    wishes = [
        Wish(
            folder=(top / each.root).resolve(),
            app=each.app,
            procfile=procfile,
            words=share[each.app],
            reload=not flags["no_reload"],
            hooks=flags["build"],
        )
        for each in found
    ]
    name = wishes[0].app if len(wishes) == 1 else "apps"
    place = wishes[0].folder if len(wishes) == 1 else top
    show = browse if flags["opens"] else None
    out = sys.stdout.fileno()
    begun = click.get_current_context().obj
    how = Beginning(Call(sys.argv[2:], dict(os.environ)), out, coloured(), begun)
    leave(asyncio.run(run_up(place, name, wishes, os.environ, how, show=show)))


def leave(status: int) -> NoReturn:
    """Nothing runs any more: what is told at an exit is, and the memory goes as a whole.

    To take it apart, module by module, takes longer than to end twenty processes.
    """
    import atexit

    atexit._run_exitfuncs()  # noqa: SLF001 - only the interpreter's own end calls them else
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def shares(words: tuple[str, ...], apps: list[str]) -> dict[str, tuple[str, ...]]:
    """The quantities of each app: ``web=2`` of the only one, ``shop/web=2`` of shop.

    Raises Usage.
    """
    found: dict[str, tuple[str, ...]] = dict.fromkeys(apps, ())
    for word in (part for given in words for part in given.split(",")):
        app, slash, rest = word.partition("/")
        if slash and app not in found:
            raise Usage(f"-m {word}: there is no app {app}", hint=f"there are {', '.join(apps)}")
        if not slash and len(apps) > 1:
            raise Usage(f"-m {word}: of which app?", hint=f"write -m {apps[0]}/{word}")
        found[app if slash else apps[0]] += (rest if slash else word,)
    return found
