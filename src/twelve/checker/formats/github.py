"""The report as annotations of GitHub Actions."""

from twelve.checker.formats.as_json import CONTROLS, safe
from twelve.checker.run import Report
from twelve.finding import Place

COMMANDS = {"high": "error", "medium": "warning", "low": "notice", "info": "notice"}


def report_github(report: Report) -> str:
    """One annotation a finding, at its first place; the others stand in the text."""
    lines = []
    for one in report.findings:
        first = one.places[0] if one.places else Place(".")
        others = "".join(f"\n{safe(place.path)}:{place.line}" for place in one.places[1:10])
        said = f"{one.message}{f' → {one.fix}' if one.fix else ''}{others}"
        properties = f"file={_property(safe(first.path))},line={max(first.line, 1)},title={_property(one.requirement)}"
        lines.append(f"::{COMMANDS[one.severity]} {properties}::{_data(said)}")
    return "\n".join(lines) + ("\n" if lines else "")


def _data(text: str) -> str:
    kept = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return kept.translate(CONTROLS)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
