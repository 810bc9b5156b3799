"""The fast subset for a deploy: what the text demands and the tree breaks, as sentences."""

from pathlib import Path

from twelve.checker.formats.as_json import safe
from twelve.checker.ignores import apply_ignores
from twelve.checker.run import check, selected
from twelve.checker.settings import read_settings
from twelve.checker.source import FolderTree

LOUD = ("high", "medium")


def warnings_of(root: Path) -> list[str]:
    """One sentence for each broken demand (level M) of the tree that is built, worst first.

    The tree's own settings and its ignores count, as they do for ``twelve check``. Raises Invalid
    for settings that cannot be read.
    """
    source = FolderTree(root)
    settings = read_settings(source)
    demands = selected(("M",), settings.ignore, extended=False)
    report = apply_ignores(check(source.without(settings.exclude), demands), source)
    made = []
    for one in report.findings:
        if one.severity in LOUD and one.places:
            first = one.places[0]
            made.append(f"{one.requirement} {safe(first.path)}:{first.line} {one.message}")
    return made
