"""The report as text for people: factor by factor, evidence under each."""

from collections.abc import Iterator

from twelve.checker.formats.as_json import shown
from twelve.checker.run import Report, Verdict
from twelve.finding import Finding, Place
from twelve.methodology import FACTORS

COLOURS = {
    "broken": "31",
    "holds": "32",
    "unknown": "33",
    "n/a": "2",
    "high": "31",
    "medium": "33",
    "low": "36",
    "info": "2",
}


def report_text(report: Report, *, colour: bool = False) -> str:
    """One block a factor; the count at the end."""
    lines: list[str] = []
    for number, factor in enumerate(FACTORS):
        verdicts = [one for one in report.verdicts if one.factor == factor.numeral]
        findings = [
            one for one in report.findings if one.requirement.partition("-")[0] == factor.numeral
        ]
        if verdicts or findings:
            lines += _factor(factor.numeral, factor.title, verdicts, findings, colour=colour)
        del number
    others = [
        one
        for one in report.findings
        if one.requirement.partition("-")[0] not in {f.numeral for f in FACTORS}
    ]
    if others:
        lines += [
            "Later texts",
            *[line for one in others for line in _finding(one, colour=colour)],
            "",
        ]
    lines += _apps(report)
    lines += [f"note: {note}" for note in report.notes]
    return "\n".join([*lines, _count(report)]) + "\n"


def _apps(report: Report) -> Iterator[str]:
    """A line for each app, where there are several."""
    for app in dict.fromkeys(root for one in report.verdicts for root, _ in one.apps):
        words = words_of(report, app)
        yield f"app {shown(app):18}{said_of(words)}"


def words_of(report: Report, app: str) -> list[str]:
    """The word of each factor for one app."""
    held = [one._replace(verdict=dict(one.apps).get(app, one.verdict)) for one in report.verdicts]
    return [word_of([one for one in held if one.factor == factor.numeral]) for factor in FACTORS]


def said_of(words: list[str]) -> str:
    """How many factors hold, are broken and unknown."""
    return " · ".join(
        f"{words.count(word)} {shown}"
        for word, shown in (("holds", "hold"), ("broken", "broken"), ("unknown", "unknown"))
        if words.count(word)
    )


def word_of(verdicts: list[Verdict]) -> str:
    """The factor's word: broken when one requirement is, holds when one holds and none is broken."""
    words = {one.verdict for one in verdicts}
    return next((word for word in ("broken", "holds", "unknown") if word in words), "n/a")


def _factor(
    numeral: str, title: str, verdicts: list[Verdict], findings: list[Finding], *, colour: bool
) -> Iterator[str]:
    word = word_of(verdicts)
    count = len(findings)
    note = f"{count} finding{'s' if count != 1 else ''}" if count else _evidence(verdicts, word)
    yield f"{numeral:5}{title:22}{_paint(word, word, colour)}{' ' * (10 - len(word))}{note}".rstrip()
    for one in findings:
        yield from _finding(one, colour=colour)


def _evidence(verdicts: list[Verdict], word: str) -> str:
    held = [hold for one in verdicts if one.verdict == "holds" for hold in one.evidence]
    if held:
        first = held[0]
        return f"{shown(first.message)} ({_where(first.place)})"
    return "prove it: twelve prove ." if word == "unknown" else ""


def _finding(one: Finding, *, colour: bool) -> Iterator[str]:
    first = one.places[0] if one.places else Place(".")
    more = f"  (+{len(one.places) - 1})" if len(one.places) > 1 else ""
    if one.app and not first.path.startswith(one.app):
        more += f"  [{shown(one.app)}]"
    yield f"  {one.requirement:7}{_paint(one.severity, one.severity, colour)}{' ' * (7 - len(one.severity))}{_where(first):38} {shown(one.message)}{more}"
    if one.fix:
        yield f"{'':54} → {shown(one.fix)}"


def _where(place: Place) -> str:
    return f"{shown(place.path)}:{place.line}" if place.line else shown(place.path)


def _paint(word: str, text: str, colour: bool) -> str:
    return f"\x1b[{COLOURS.get(word, '0')}m{text}\x1b[0m" if colour else text


def _count(report: Report) -> str:
    words = [
        word_of([one for one in report.verdicts if one.factor == factor.numeral])
        for factor in FACTORS
    ]
    said = said_of(words)
    return f"{said or 'nothing judged'}          {report.files:,} files, {report.seconds:.1f} s".replace(
        ",", " "
    )
