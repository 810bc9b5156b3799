"""The report as JSON: a contract that scripts read."""

import json
from typing import Any

from twelve.checker.run import Report
from twelve.finding import Finding, Place


def report_json(report: Report) -> str:
    """Version 1 of the contract: verdicts and findings, paths relative to the root."""
    return json.dumps(as_data(report), indent=2, ensure_ascii=False) + "\n"


def as_data(report: Report) -> dict[str, Any]:
    """The contract as plain data."""
    return {
        "version": 1,
        "root": report.root,
        "apps": list(report.apps),
        "files": report.files,
        "seconds": round(report.seconds, 3),
        "verdicts": [
            {
                "requirement": one.requirement,
                "factor": one.factor,
                "level": one.level,
                "verdict": one.verdict,
                "evidence": [
                    {"message": hold.message, "path": hold.place.path, "line": hold.place.line}
                    for hold in one.evidence
                ],
                **({"apps": dict(one.apps)} if one.apps else {}),
            }
            for one in report.verdicts
        ],
        "findings": [finding_data(one) for one in report.findings],
        "notes": list(report.notes),
    }


def finding_data(one: Finding) -> dict[str, Any]:
    """One finding of the contract."""
    first = one.places[0] if one.places else Place(".")
    return {
        "requirement": one.requirement,
        "severity": one.severity,
        "message": one.message,
        "path": safe(first.path),
        "line": first.line,
        "column": first.column,
        "places": [{"path": safe(place.path), "line": place.line} for place in one.places],
        "fix": one.fix,
        "app": one.app,
    }


CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
"""Characters that would move a terminal's cursor or colour it, and how they are written."""


def shown(text: str) -> str:
    """The text as one line for people: names and values of the tree may hold anything."""
    return safe(text).translate(CONTROLS)


def safe(path: str) -> str:
    """A path that any encoder takes: bytes that are no UTF-8 are shown escaped."""
    return (
        path.encode("utf-8", "backslashreplace").decode()
        if any("\ud800" <= char <= "\udfff" for char in path)
        else path
    )
