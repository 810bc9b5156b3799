"""Several apps in one repository: ``[apps]`` in the twelve.toml of its top, name to folder."""

import posixpath
import tomllib

from twelve.errors import Invalid
from twelve.factors.processes.instance import app_problem
from twelve.manifest.table import Faults, as_table, below, shown

SOURCE = "twelve.toml"
TOP = "."
"""The folder of an app that is the repository's top itself."""
HINT = '[apps] holds a folder for each name: billing = "services/billing"'


def read_apps(data: bytes) -> dict[str, str]:
    """The apps that a twelve.toml lists, name to folder; none when it has no ``[apps]``.

    Raises Invalid that names every fault. A file that is no TOML lists nothing: whoever reads the
    manifest says what is wrong with it.
    """
    try:
        top = tomllib.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        return {}
    if "apps" not in top:
        return {}
    faults = Faults()
    found = check_apps(top["apps"], faults)
    if TOP not in found.values():
        for name in top:
            if name != "apps":
                faults.add(f"{SOURCE}: {name}", "belongs in the twelve.toml of one of the apps")
    if not found and not faults.found:
        faults.add(f"{SOURCE}: apps", "is empty: name the folder of each app, or drop it")
    if faults.found:
        raise Invalid(faults.found[0], HINT, problems=tuple(faults.found[1:]))
    return found


def check_apps(table: object, faults: Faults) -> dict[str, str]:
    """What is fine in the table ``apps``; everything else is added to the faults."""
    place = f"{SOURCE}: apps"
    found: dict[str, str] = {}
    for name, said in as_table(table, place, faults).items():
        here = below(place, name)
        folder = posixpath.normpath(said) if isinstance(said, str) and said else ""
        if fault := app_problem(name):
            faults.add(place, f"{name!r} {fault}")
        elif not folder or folder.startswith("/") or "\0" in folder:
            faults.add(here, f"{shown(said)} is not a folder of the repository")
        elif folder.split("/")[0] == "..":
            faults.add(here, f"{shown(said)} lies outside the repository")
        elif folder in found.values():
            other = next(known for known, at in found.items() if at == folder)
            faults.add(here, f"{shown(said)} is the folder of {other} already")
        else:
            found[name] = folder
    return found
