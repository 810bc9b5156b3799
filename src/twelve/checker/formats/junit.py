"""The report as JUnit XML: a suite a factor, a case a requirement."""

from html import escape

from twelve.checker.formats.as_json import safe
from twelve.checker.rules import rule
from twelve.checker.run import Report, Verdict
from twelve.finding import Finding
from twelve.picture.pattern import pattern

CONTROL = pattern("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def report_junit(report: Report) -> str:
    """Broken is a failure, unknown and not applicable are skipped."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    words = [one.verdict for one in report.verdicts]
    broken, skipped = words.count("broken"), words.count("unknown") + words.count("n/a")
    lines.append(
        f'<testsuites name="twelve check" tests="{len(words)}" failures="{broken}" errors="0" skipped="{skipped}" time="{report.seconds:.3f}">'
    )
    for factor in dict.fromkeys(one.factor for one in report.verdicts):
        held = [one for one in report.verdicts if one.factor == factor]
        bad = sum(one.verdict == "broken" for one in held)
        skips = sum(one.verdict in ("unknown", "n/a") for one in held)
        lines.append(
            f'  <testsuite name={_attribute(factor)} tests="{len(held)}" failures="{bad}" errors="0" skipped="{skips}" time="0">'
        )
        for one in held:
            lines += _case(one, [f for f in report.findings if f.requirement == one.requirement])
        lines.append("  </testsuite>")
    lines.append("</testsuites>")
    return "\n".join(lines) + "\n"


def _case(one: Verdict, findings: list[Finding]) -> list[str]:
    name = f"{one.requirement} {rule(one.requirement).statement}"
    head = f'    <testcase classname={_attribute("twelve." + one.factor)} name={_attribute(name)} time="0"'
    if one.verdict == "broken":
        text = "\n".join(
            f"{safe(p.path)}:{p.line}: {f.severity}: {f.message}{f' [{safe(f.app)}]' if f.app else ''}"
            for f in findings
            for p in f.places[:20]
        )
        return [
            head + ">",
            f"      <failure type={_attribute(one.requirement)} message={_attribute(findings[0].message if findings else '')}>{_text(text)}</failure>",
            "    </testcase>",
        ]
    if one.verdict in ("unknown", "n/a"):
        return [
            head + ">",
            f"      <skipped message={_attribute(one.verdict)}/>",
            "    </testcase>",
        ]
    return [head + "/>"]


def _text(text: str) -> str:
    return escape(CONTROL.sub("?", text), quote=False)


def _attribute(text: str) -> str:
    return '"' + escape(CONTROL.sub("?", text)).replace("\n", "&#10;") + '"'
