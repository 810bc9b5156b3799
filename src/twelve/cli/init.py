"""``twelve init``: write down what was detected."""

import sys
from pathlib import Path

import click

from twelve.cli.output import BOLD, GREY, paint
from twelve.cli.target import app_here
from twelve.errors import Usage


@click.command()
@click.argument("path", default=".", type=click.Path(path_type=Path))
@click.option("--yes", "-y", is_flag=True, help="Write without asking.")
def command(path: Path, *, yes: bool) -> None:
    """Propose Procfile, .env.example and twelve.toml for PATH, show them, then write them.

    Files that are there are left alone.
    """
    if not path.is_dir():
        raise Usage(f"{path}: there is no such folder", hint="twelve init PATH")
    from twelve.engines.local.source import names_in
    from twelve.manifest.outline import outline

    def read(name: str) -> bytes | None:
        file = path / name
        return file.read_bytes() if file.is_file() else None

    found = outline(app_here(path), names_in(path.resolve()), read)
    for remark in found.why:
        print(paint(remark, GREY))
    if not found.files:
        print("everything is there already")
        return
    for name, text in found.files.items():
        print(f"\n{paint(name, BOLD)}")
        print("".join(f"  {line}\n" for line in text.splitlines()), end="")
    print()
    if not yes:
        if not sys.stdin.isatty():
            raise Usage("nothing was written: there is nobody to ask", hint="twelve init --yes")
        click.confirm(f"Write {', '.join(found.files)}?", default=True, abort=True)
    for name, text in found.files.items():
        with (path / name).open("x") as file:
            file.write(text)
    print(f"wrote {', '.join(found.files)}; commit them, then: twelve deploy")
