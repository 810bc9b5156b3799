"""The fast subset for a deploy: what the text demands and the tree breaks, as sentences."""

from pathlib import Path

from twelve.checker.formats.as_json import safe
from twelve.checker.rules import RULES
from twelve.checker.run import check
from twelve.checker.source import FolderTree

LOUD = ("high", "medium")


def warnings_of(root: Path) -> list[str]:
    """One sentence for each broken demand (level M) of the tree that is built, worst first."""
    demands = [rule for rule in RULES if rule.level == "M"]
    made = []
    for one in check(FolderTree(root), demands).findings:
        if one.severity in LOUD and one.places:
            first = one.places[0]
            made.append(f"{one.requirement} {safe(first.path)}:{first.line} {one.message}")
    return made
