"""The report as one HTML page: a wheel of twelve, the evidence under each, no asset from elsewhere."""

import math
from collections.abc import Iterator
from html import escape

from twelve.checker.formats.as_json import safe
from twelve.checker.formats.text import word_of, words_of
from twelve.checker.rules import rule
from twelve.checker.run import Report, Verdict
from twelve.finding import Finding, Place
from twelve.methodology import FACTORS, Factor

STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#5b6570;--line:#d9dee3;--page:#f7f8f9;--card:#fff;--broken:#c2362b;--holds:#2d7d46;--unknown:#9a6b00;--na:#8a939c}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebee;--soft:#9aa5b1;--line:#30363d;--page:#0f1317;--card:#171c21;--broken:#ff7b6e;--holds:#5cc27a;--unknown:#e0b04a;--na:#6b747d}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:62rem;margin:0 auto;padding:2rem 1.25rem 4rem}h1{font-size:1.5rem;margin:0}p.sub{color:var(--soft);margin:.25rem 0 1.5rem}
.top{display:flex;flex-wrap:wrap;gap:2rem;align-items:center;margin-bottom:2rem}.top svg{width:min(22rem,100%);height:auto}
.counts{display:grid;gap:.5rem;font-variant-numeric:tabular-nums}.counts b{font-size:1.75rem;margin-right:.5rem}
section{background:var(--card);border:1px solid var(--line);border-radius:.6rem;margin:0 0 .9rem}summary{cursor:pointer;padding:.8rem 1rem;display:flex;gap:.8rem;align-items:baseline}
summary h2{font-size:1.05rem;margin:0;flex:1}summary .n{width:2.6rem;color:var(--soft);font-variant-numeric:tabular-nums}
.w{font-weight:600}.broken{color:var(--broken)}.holds{color:var(--holds)}.unknown{color:var(--unknown)}.na{color:var(--na)}
ul{list-style:none;margin:0;padding:0 1rem 1rem}li{border-top:1px solid var(--line);padding:.6rem 0}li .id{font-weight:600;margin-right:.5rem}
li .s{font-size:.8rem;border:1px solid currentColor;border-radius:1rem;padding:0 .5rem;margin-right:.5rem}.high{color:var(--broken)}.medium{color:var(--unknown)}.low,.info{color:var(--soft)}
code{font:0.86em ui-monospace,monospace;overflow-wrap:anywhere}.fix,.places{color:var(--soft);font-size:.9rem;display:block}a{color:inherit}
text{font:600 13px system-ui,sans-serif;fill:#fff;text-anchor:middle;dominant-baseline:central}svg a:focus path{stroke:var(--ink);stroke-width:3}
table{border-collapse:collapse;margin:0 0 1.5rem;width:100%;display:block;overflow-x:auto}th{font-weight:600;text-align:left}td,thead th:not(:first-child){text-align:center;min-width:2.2rem}td,th{padding:.35rem .5rem;border-bottom:1px solid var(--line)}
.centre{font:700 30px system-ui,sans-serif;fill:var(--ink)}.under{font:400 12px system-ui,sans-serif;fill:var(--soft)}.app{font-size:.8rem;color:var(--soft)}
@media print{details{display:block}body{background:#fff}}
"""
MARKS = {"broken": "✗", "holds": "✓", "unknown": "?", "n/a": "·"}
FILLS = {"broken": "#c2362b", "holds": "#2d7d46", "unknown": "#9a6b00", "n/a": "#8a939c"}


def report_html(report: Report) -> str:
    """The page, whole."""
    words = {
        f.numeral: word_of([v for v in report.verdicts if v.factor == f.numeral]) for f in FACTORS
    }
    name = escape(safe(report.root.rstrip("/").rpartition("/")[2].strip(".") or "this repository"))
    body = "\n".join(_section(factor, words[factor.numeral], report) for factor in FACTORS)
    counts = "\n".join(
        f'<div class="{_class(word)}"><b>{sum(w == word for w in words.values())}</b>{shown}</div>'
        for word, shown in (
            ("holds", "factors hold"),
            ("broken", "factors are broken"),
            ("unknown", "cannot be known from reading"),
        )
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Twelve factors of {name}</title><style>{STYLE}</style></head>\n<body><main>\n<h1>Twelve factors of {name}</h1>\n"
        f'<p class="sub">{report.files:,} files read in {report.seconds:.1f} s, nothing run. Method: <a href="https://12factor.net">12factor.net</a></p>\n'
        f'<div class="top">{wheel(words)}<div class="counts">{counts}{_severities(report)}</div></div>\n{_apps(report)}{body}\n</main></body></html>\n'
    )


def _severities(report: Report) -> str:
    """How many findings of each severity, those that break nothing left out."""
    held = [one.severity for one in report.findings if one.severity != "info"]
    said = " · ".join(
        f'<span class="{word}">{held.count(word)} {word}</span>'
        for word in ("high", "medium", "low")
        if word in held
    )
    return (
        f'<p class="sub">{len(held)} finding{"s" if len(held) != 1 else ""}: {said}</p>'
        if held
        else ""
    )


def _apps(report: Report) -> str:
    """A row for each app, where there are several."""
    apps = list(dict.fromkeys(root for one in report.verdicts for root, _ in one.apps))
    if not apps:
        return ""
    head = "".join(f"<th>{factor.numeral}</th>" for factor in FACTORS)
    rows = "".join(
        f"<tr><th>{escape(safe(app))}</th>"
        + "".join(f'<td class="w {_class(w)}">{MARKS[w]}</td>' for w in words_of(report, app))
        + "</tr>"
        for app in apps
    )
    return f"<table><thead><tr><th>app</th>{head}</tr></thead><tbody>{rows}</tbody></table>\n"


def _class(word: str) -> str:
    return word.replace("/", "")


def wheel(words: dict[str, str]) -> str:
    """Twelve slices, one a factor; each leads to its evidence."""
    parts = ['<svg viewBox="-160 -160 320 320" role="img" aria-label="The verdict of each factor">']
    for number, factor in enumerate(FACTORS):
        start, end = math.radians(number * 30 - 90 + 1), math.radians(number * 30 - 60 - 1)
        points = [(150, start), (150, end), (70, end), (70, start)]
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = [
            (radius * math.cos(angle), radius * math.sin(angle)) for radius, angle in points
        ]
        middle = (start + end) / 2
        word = words[factor.numeral]
        parts.append(
            f'<a href="#{factor.numeral}"><title>{factor.numeral} {escape(factor.title)}: {word}</title>'
            f'<path fill="{FILLS[word]}" d="M{ax:.1f} {ay:.1f}A150 150 0 0 1 {bx:.1f} {by:.1f}L{cx:.1f} {cy:.1f}A70 70 0 0 0 {dx:.1f} {dy:.1f}Z"/>'
            f'<text x="{112 * math.cos(middle):.1f}" y="{112 * math.sin(middle):.1f}">{factor.numeral}</text></a>'
        )
    held = sum(word == "holds" for word in words.values())
    parts.append(
        f'<text class="centre" y="-6">{held}</text><text class="under" y="20">of 12 hold</text>'
    )
    return "".join([*parts, "</svg>"])


def _section(factor: Factor, word: str, report: Report) -> str:
    findings = [
        one for one in report.findings if one.requirement.partition("-")[0] == factor.numeral
    ]
    verdicts = [one for one in report.verdicts if one.factor == factor.numeral]
    rows = "\n".join([*map(_finding, findings), *_evidence(verdicts)])
    count = f"{len(findings)} finding{'s' if len(findings) != 1 else ''}" if findings else ""
    opened = " open" if word == "broken" else ""
    return (
        f'<section id="{factor.numeral}"><details{opened}><summary><span class="n">{factor.numeral}</span><h2>{escape(factor.title)}</h2>'
        f'<span>{count}</span><span class="w {_class(word)}">{word}</span></summary>\n<ul>{rows}</ul></details></section>'
    )


def _finding(one: Finding) -> str:
    first, *others = one.places or (Place("."),)
    more = ", ".join(_where(place) for place in others[:12])
    fix = f'<span class="fix">→ {escape(one.fix)}</span>' if one.fix else ""
    places = f'<span class="places">also {more}</span>' if more else ""
    app = f' <span class="app">{escape(safe(one.app))}</span>' if one.app else ""
    return f'<li><span class="id">{one.requirement}</span><span class="s {one.severity}">{one.severity}</span>{_where(first)} {escape(safe(one.message))}{app}{places}{fix}</li>'


def _where(place: Place) -> str:
    return f"<code>{escape(safe(place.path))}{f':{place.line}' if place.line else ''}</code>"


def _evidence(verdicts: list[Verdict]) -> Iterator[str]:
    for one in verdicts:
        if one.verdict == "broken":
            continue
        proof = "; ".join(
            f"{escape(hold.message)} {_where(hold.place)}" for hold in one.evidence[:2]
        )
        said = proof or (
            "prove it: <code>twelve prove</code>"
            if one.verdict == "unknown"
            else "does not apply here"
        )
        yield f'<li><span class="id">{one.requirement}</span><span class="{_class(one.verdict)}">{one.verdict}</span> {escape(rule(one.requirement).statement)}<span class="places">{said}</span></li>'
