"""The repository: which apps its twelve.toml lists, and which of them a call means."""

from pathlib import Path
from typing import NamedTuple

from twelve.errors import Invalid, Usage
from twelve.factors.processes.instance import parse_target

MANIFEST = "twelve.toml"


class Meant(NamedTuple):
    """An app that a call means: its name, and its folder below the path of the call."""

    app: str
    root: str


def listed(top: Path) -> dict[str, str]:
    """The apps of a repository, name to folder; none where its twelve.toml lists none.

    Raises Invalid.
    """
    try:
        data = (top / MANIFEST).read_bytes()
    except OSError:
        return {}
    from twelve.manifest.apps import read_apps

    return read_apps(data)


def meant(top: Path, known: dict[str, str], named: str) -> list[Meant]:
    """The app of that name among those of the repository; all of them when none is named.

    Raises Usage for another name, Invalid for a folder that is none or names itself otherwise.
    """
    name = parse_target(named)[0] if named else ""
    if name and name not in known:
        raise Usage(
            f"{top / MANIFEST}: apps: there is no {name}",
            hint=f"there are {', '.join(known)}; --root DIR names another folder",
        )
    found = [Meant(app, root) for app, root in known.items() if name in {"", app}]
    for each in found:
        check(top, each)
    return found


def check(top: Path, each: Meant) -> None:
    """Raises Invalid for a folder that is none, or whose own twelve.toml says another name."""
    from twelve.cli.target import own_name

    place = f"{top / MANIFEST}: apps/{each.app}"
    folder = top / each.root
    if not folder.is_dir():
        raise Invalid(f"{place}: there is no folder {each.root}", hint="mend it, or drop the line")
    own = own_name(folder)
    if own and own != each.app:
        raise Invalid(
            f"{place}: {each.root}/{MANIFEST} names the app {own}", hint="keep one of the names"
        )
