"""Twelve holds itself to what it demands of others."""

from pathlib import Path

import twelve
from twelve.checker.ignores import apply_ignores
from twelve.checker.run import check, selected
from twelve.checker.settings import read_settings
from twelve.checker.source import FolderTree

ROOT = Path(twelve.__file__).parents[2]


def test_this_repository_breaks_no_demand_and_ignores_nothing_in_vain():
    source = FolderTree(ROOT)
    settings = read_settings(source)
    rules = selected(settings.select, settings.ignore, extended=settings.extended)
    report = apply_ignores(check(source.without(settings.exclude), rules), source)

    broken = [one for one in report.findings if one.severity != "info"]
    assert broken == []
    assert [one.requirement for one in report.verdicts if one.verdict == "broken"] == []
    assert report.notes == ()
    assert {one.level for one in report.verdicts} >= {"M", "S"}
    assert (settings.select, settings.ignore, settings.exclude) == ((), (), ())
