"""How XII-4 and XII-5 are judged: what people do by hand, in the shell and with scripts."""

import re
from collections.abc import Iterator

from twelve.finding import Place
from twelve.picture.commands import manage_command, module_of
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, find

SHELLS = {
    "ipython": "ipython",
    "bpython": "bpython",
    "ptpython": "ptpython",
    "ptipython": "ptpython",
    "konch": "konch",
    "shell_plus": "django-extensions",
}
"""Interactive shells, with the distribution that brings them."""
SCRIPTS = pattern(r"^/?(\*\*/)?(scripts|one[-_]?offs?|ad[-_]?hoc|backfills?|data[-_]fixes)(/\**)?$")
SQL = pattern(
    r"^ *(UPDATE\s+\S+\s+SET|DELETE\s+FROM|ALTER\s+TABLE)\b", re.MULTILINE | re.IGNORECASE
)
FENCE = pattern(r"^ *```sql\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
LONGEST = 200_000


def repl(picture: Picture) -> Iterator[Judgement]:
    """XII-4."""
    declared = {
        one.name.lower().replace("_", "-"): one.dev or manifest.dev
        for manifest in sorted(picture.manifests, key=lambda held: not held.dev)
        for one in sorted(manifest.requirements, key=lambda held: not held.dev)
    }
    for process in picture.processes:
        if process.development or process.stage in ("dev", "ci") or process.origin == "script":
            continue
        for step in process.steps:
            word = manage_command(step) or (module_of(step)[:1] or ("",))[0].rpartition("/")[2]
            if declared.get(SHELLS.get(word, ""), False):
                yield find(
                    "XII-4",
                    "low",
                    f"{word} comes with {SHELLS[word]}, which only development installs",
                    step.place,
                    fix="declare it for production too, or use the shell that is there",
                )
    for path, file in picture.files.items():
        if file.name == "manage.py" and file.role == "app":
            yield Hold("manage.py shell", Place(path))
            return


def committed(picture: Picture) -> Iterator[Judgement]:
    """XII-5."""
    for ignored, path, line in picture.repository.ignored:
        if SCRIPTS.match(ignored):
            yield find(
                "XII-5",
                "info",
                f"what is in {ignored} is never committed",
                Place(path, line),
                fix="commit it, and run it as a one-off of the release",
            )
    yield from _pasted(picture)
    for path, file in picture.files.items():
        if "/management/commands/" in path or file.role == "script":
            yield Hold("scripts are in the codebase", Place(path))
            return


def _pasted(picture: Picture) -> Iterator[Judgement]:
    """Changes of data that the documents tell people to type."""
    for path, file in picture.files.items():
        if not path.endswith(".md") or file.size > LONGEST or file.role in ("vendored", "test"):
            continue
        text = picture.text(path)
        for block in FENCE.finditer(text) if "```sql" in text else ():
            if change := SQL.search(block[1]):
                yield find(
                    "XII-5",
                    "info",
                    "a change of the data that is typed by hand",
                    Place(path, text.count("\n", 0, block.start(1) + change.start()) + 1),
                    fix="a script in the codebase, run as a one-off",
                )
