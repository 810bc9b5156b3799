"""Ignores in the code (``# twelve: ignore[III-2] reason``) and baselines of what was there before."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from twelve.checker.fingerprint import fingerprint
from twelve.checker.run import Report
from twelve.checker.source import Source, decode
from twelve.errors import Invalid, Usage
from twelve.finding import Finding, Place
from twelve.picture.pattern import pattern

MARK = pattern(
    r"(?:#|//|;|<!--|--)\s*twelve:\s*ignore\[([A-Z0-9, -]+)\][ \t]*(.*?)\s*(?:-->)?$", re.MULTILINE
)


class Ignore(NamedTuple):
    """One mark in a file."""

    path: str
    line: int
    rules: tuple[str, ...]
    reason: str


def marks_in(path: str, text: str) -> list[Ignore]:
    """The marks of one file."""
    made = []
    for match in MARK.finditer(text):
        rules = tuple(word.strip() for word in match[1].split(",") if word.strip())
        made.append(Ignore(path, text.count("\n", 0, match.start()) + 1, rules, match[2].strip()))
    return made


def apply_ignores(report: Report, source: Source) -> Report:
    """Drop what is ignored with a reason; report marks that lack one or that nothing uses."""
    paths = {place.path for one in report.findings for place in one.places}
    marks = [
        mark
        for path in sorted(paths)
        if path != "."
        for mark in marks_in(path, decode(source.read(path)))
    ]
    notes = [
        f"{mark.path}:{mark.line}: an ignore without a reason does not count"
        for mark in marks
        if not mark.reason
    ]
    live = {
        (mark.path, line, rule): mark
        for mark in marks
        if mark.reason
        for rule in mark.rules
        for line in (mark.line, mark.line + 1)
    }
    used: set[Ignore] = set()
    kept = []
    for one in report.findings:
        places = []
        for place in one.places:
            mark = live.get((place.path, place.line, one.requirement))
            if mark is None:
                places.append(place)
            else:
                used.add(mark)
        if places or not one.places:
            kept.append(one._replace(places=tuple(places)))
    ran = {one.requirement for one in report.verdicts}
    notes += [
        f"{mark.path}:{mark.line}: nothing is left to ignore ({', '.join(mark.rules)})"
        for mark in marks
        if mark.reason and mark not in used and ran & set(mark.rules)
    ]
    return with_findings(report, kept, (*report.notes, *notes))


def with_findings(report: Report, findings: list[Finding], notes: tuple[str, ...]) -> Report:
    """The report with fewer findings; a verdict whose findings are all gone is no longer broken."""
    left = Counter(one.requirement for one in findings if one.severity != "info")
    before = Counter(one.requirement for one in report.findings if one.severity != "info")
    verdicts = []
    for one in report.verdicts:
        gone = before[one.requirement] and not left[one.requirement]
        word = (
            ("holds" if one.evidence else "unknown")
            if one.verdict == "broken" and gone
            else one.verdict
        )
        verdicts.append(one._replace(verdict=word))
    return report._replace(findings=tuple(findings), verdicts=tuple(verdicts), notes=notes)


def write_baseline(report: Report) -> str:
    """The findings of now, by what they are and not by their line."""
    rows = sorted(
        {
            (one.requirement, one.places[0].path if one.places else ".", fingerprint(one))
            for one in report.findings
        }
    )
    return (
        json.dumps(
            {
                "version": 1,
                "findings": [{"requirement": r, "path": p, "fingerprint": f} for r, p, f in rows],
            },
            indent=1,
        )
        + "\n"
    )


def apply_baseline(report: Report, path: Path) -> Report:
    """Drop what the baseline knows; say what it knows and is no longer there."""
    try:
        data = json.loads(path.read_text("utf-8"))
        known = Counter(str(row["fingerprint"]) for row in data["findings"])
    except OSError as error:
        raise Usage(
            f"{path}: {error.strerror}", "twelve check --write-baseline FILE makes one"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise Invalid(
            f"{path}: is no baseline", "twelve check --write-baseline FILE makes one"
        ) from None
    kept = []
    for one in report.findings:
        mark = fingerprint(one)
        if known[mark] > 0:
            known[mark] -= 1
        else:
            kept.append(one)
    stale = sum(known.values())
    notes = (
        (*report.notes, f"{stale} findings of the baseline are mended: write it anew")
        if stale
        else report.notes
    )
    return with_findings(report, kept, notes)


def only_paths(report: Report, paths: set[str]) -> Report:
    """Only findings with a place in one of the paths."""
    kept = [one for one in report.findings if any(place.path in paths for place in one.places)]
    return with_findings(report, kept, report.notes)


def place_of(one: Finding) -> Place:
    """The first place of a finding."""
    return one.places[0] if one.places else Place(".")
