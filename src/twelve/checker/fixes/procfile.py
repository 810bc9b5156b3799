"""VIII-1: a Procfile from what is detected, where nothing says which processes the app has."""

from twelve.checker.picture import RepositoryPicture
from twelve.factors.dependencies.frameworks import propose
from twelve.finding import Finding
from twelve.manifest.writing import render_procfile

RELEASE = "release"
UNSAID = "no process type is declared"


def write_procfile(
    picture: RepositoryPicture, findings: list[Finding], edits: dict[str, str]
) -> None:
    """One line for each process that the code shows, as ``twelve init`` proposes them."""
    if not any(one.message.startswith(UNSAID) for one in findings):
        return
    names = [path for path, file in picture.files.items() if not file.link]

    def read(name: str) -> bytes | None:
        return picture.data(name) if name in picture.files else None

    found = propose(names, read)
    commands = {one.type: one.command for one in found if one.type != RELEASE}
    release = next((one.command for one in found if one.type == RELEASE), "")
    if commands:
        edits["Procfile"] = render_procfile(commands, release)
        _declare(picture, [one.missing for one in found if one.missing], edits)


def _declare(picture: RepositoryPicture, packages: list[str], edits: dict[str, str]) -> None:
    """What the commands need and nothing declares is added to requirements.txt, when there is one."""
    path = "requirements.txt"
    if path not in picture.files or not packages:
        return
    text = edits.get(path, picture.text(path))
    edits[path] = text.rstrip("\n") + "\n" + "".join(f"{name}\n" for name in sorted(set(packages)))
