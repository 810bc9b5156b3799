"""Heroku's app.json as a twelve.toml: ``twelve init --from heroku``."""

from collections.abc import Iterable

from twelve.errors import Invalid
from twelve.manifest.app_json import SOURCE, AppJson, read_app_json
from twelve.manifest.outline import Outline, Read, outline
from twelve.manifest.procfile import parse_procfile
from twelve.manifest.table import Faults
from twelve.manifest.writing import render_twelve_toml

PROCFILE = "Procfile"
HINT = "mend it, or write twelve.toml by hand; nothing was written"


def from_heroku(app: str, names: Iterable[str], read: Read) -> Outline:
    """The files that say the same as app.json and Procfile, and what has no counterpart.

    A Procfile that is there stays; without one that is proposed which a codebase of its kind has.
    Raises Invalid that names every fault, or that there is nothing of Heroku's.
    """
    known = tuple(names)
    data = read(SOURCE)
    if data is None and PROCFILE not in known:
        raise Invalid(
            f"there is no {SOURCE} here, and no {PROCFILE}",
            hint="twelve init proposes files for a codebase that has neither",
        )
    faults = Faults()
    found = AppJson() if data is None else read_app_json(data, faults)
    if faults.found:
        raise Invalid(faults.found[0], HINT, problems=tuple(faults.found[1:]))
    files, why = {}, list[str]()
    if PROCFILE in known:
        types = set(parse_procfile(read(PROCFILE) or b""))
    else:
        proposed = outline(app, known, read)
        files[PROCFILE] = proposed.files[PROCFILE]
        why += proposed.why
        types = set(parse_procfile(files[PROCFILE]))
    for kind in found.quantities.keys() - types:
        why.append(f"{SOURCE}: formation/{kind}: there is no such process type: left out")
    files["twelve.toml"] = render_twelve_toml(
        app=app,
        processes={
            kind: {"quantity": number} for kind, number in found.quantities.items() if kind in types
        },
        config={n: d for n, d in found.config.items() if n not in found.resources},
        resources=found.resources,
    )
    return Outline(files, (*why, *faults.notes))
