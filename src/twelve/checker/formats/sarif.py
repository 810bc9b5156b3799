"""The report as SARIF 2.1.0, for code scanning."""

import json
from typing import Any

from twelve import __version__
from twelve.checker.fingerprint import fingerprint
from twelve.checker.formats.as_json import safe
from twelve.checker.rules import ROOM_OF, RULES
from twelve.checker.run import Report
from twelve.finding import Finding, Place
from twelve.methodology import FACTORS

LEVELS = {"high": "error", "medium": "warning", "low": "note", "info": "note"}
SCORES = {"high": "8.0", "medium": "5.0", "low": "2.0", "info": "0.0"}
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def report_sarif(report: Report) -> str:
    """One run; ``results`` is there even when it is empty, since readers refuse a run without it."""
    run = {
        "tool": {
            "driver": {
                "name": "twelve check",
                "version": __version__,
                "informationUri": "https://12factor.net",
                "rules": _rules(),
            }
        },
        "columnKind": "utf16CodeUnits",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "the folder that was checked"}}},
        "results": [_result(one) for one in report.findings],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _rules() -> list[dict[str, Any]]:
    pages = {factor.room: factor.page for factor in FACTORS}
    return [
        {
            "id": rule.id,
            "name": "Twelve" + "".join(char for char in rule.id.title() if char.isalnum()),
            "shortDescription": {"text": rule.statement},
            "fullDescription": {"text": f"{rule.statement}. {rule.why}"},
            "help": {
                "text": f"{rule.way_out} Never flagged: {rule.never}. Manual: docs/factors/{pages[ROOM_OF[rule.id]]}"
            },
            "defaultConfiguration": {"level": LEVELS[rule.severity]},
            "properties": {
                "tags": ["twelve-factor", rule.factor],
                "security-severity": SCORES[rule.severity],
            }
            if rule.id in ("III-2", "III-4", "III-8", "III-11")
            else {"tags": ["twelve-factor", rule.factor]},
        }
        for rule in RULES
    ]


def _location(place: Place) -> dict[str, Any]:
    region = (
        {
            "region": {
                "startLine": place.line,
                **({"startColumn": place.column} if place.column else {}),
            }
        }
        if place.line > 0
        else {}
    )
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(place.path), "uriBaseId": "SRCROOT"},
            **region,
        }
    }


def _uri(path: str) -> str:
    from urllib.parse import quote

    return quote(safe(path), safe="/-._~!$&'()*+,;=@")


def _result(one: Finding) -> dict[str, Any]:
    ids = [rule.id for rule in RULES]
    places = one.places or (Place("."),)
    made: dict[str, Any] = {
        "ruleId": one.requirement,
        "level": LEVELS[one.severity],
        "message": {"text": one.message + (f" — {one.fix}" if one.fix else "")},
        "locations": [_location(places[0])],
        "partialFingerprints": {"twelve/v1": fingerprint(one)},
    }
    if one.app:
        made["properties"] = {"app": one.app}
    if one.requirement in ids:
        made["ruleIndex"] = ids.index(one.requirement)
    if len(places) > 1:
        made["relatedLocations"] = [
            {"id": number, **_location(place)} for number, place in enumerate(places[1:], 1)
        ]
    return made
