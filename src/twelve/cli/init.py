"""``twelve init``: write down what was detected, or what another platform's files say."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from twelve.cli.output import BOLD, GREY, paint
from twelve.cli.target import app_here
from twelve.errors import Invalid, Usage
from twelve.manifest.outline import Outline

Read = Callable[[str], bytes | None]


@click.command()
@click.argument("path", default=".", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "source",
    type=click.Choice(["compose", "heroku"]),
    help="Take over what the files of another platform say.",
)
@click.option("--yes", "-y", is_flag=True, help="Write without asking.")
def command(path: Path, source: str | None, *, yes: bool) -> None:
    """Propose Procfile, .env.example and twelve.toml for PATH, show them, then write them.

    Files that are there are left alone. With --from they say what a compose file, or app.json and
    Procfile of Heroku, say, and what has no counterpart is named; nothing is written over.
    """
    if not path.is_dir():
        raise Usage(f"{path}: there is no such folder", hint="twelve init PATH")

    def read(name: str) -> bytes | None:
        file = path / name
        return file.read_bytes() if file.is_file() else None

    found = taken_over(path, source, read) if source else detected(path, read)
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
        write_new(path / name, text)
    print(f"wrote {', '.join(found.files)}; commit them, then: twelve deploy")


def write_new(path: Path, text: str) -> None:
    """A file that is not there yet. Raises Invalid."""
    try:
        with path.open("x") as file:
            file.write(text)
    except OSError as error:
        raise Invalid(
            f"{path}: {error.strerror}", hint="the files named before it were written"
        ) from None


def detected(path: Path, read: Read) -> Outline:
    """What the codebase itself shows."""
    from twelve.engines.local.source import names_in
    from twelve.manifest.outline import outline

    return outline(app_here(path), names_in(path.resolve()), read)


def taken_over(path: Path, source: str, read: Read) -> Outline:
    """What another platform's files say, as files that Twelve reads. Raises Invalid."""
    if source == "heroku":
        from twelve.engines.local.source import names_in
        from twelve.manifest.heroku import from_heroku

        found = from_heroku(app_here(path), names_in(path.resolve()), read)
    else:
        from twelve.manifest.compose import FILES, from_compose

        file = next((name for name in FILES if read(name) is not None), "")
        if not file:
            raise Invalid(f"{path}: there is no compose file", hint=f"its name is {FILES[0]}")
        found = from_compose(file, read, lambda folder: app_here(path / folder))
    for name in found.files:
        if not (path / name).parent.is_dir():
            raise Invalid(
                f"{path / name}: there is no such folder", hint="mend the folder that is built"
            )
    there = [name for name in found.files if read(name) is not None]
    if there:
        raise Invalid(
            f"{', '.join(there)}: there already, and never written over",
            hint="move it away, compare, and put together what you want to keep",
        )
    check_readable(found, read)
    return found


def check_readable(found: Outline, read: Read) -> None:
    """What is shown is what Twelve reads: every proposal is read before it is shown."""
    from twelve.manifest import read_manifest

    folders = {name.rpartition("/")[0] for name in found.files if name.endswith("Procfile")}
    for folder in folders or {""}:

        def proposed(name: str, folder: str = folder) -> bytes | None:
            whole = f"{folder}/{name}" if folder else name
            text = found.files.get(whole)
            return read(whole) if text is None else text.encode()

        read_manifest(proposed)
