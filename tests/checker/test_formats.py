"""Each format is what its readers take."""

import json
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest

from twelve.checker.formats.as_json import report_json
from twelve.checker.formats.github import report_github
from twelve.checker.formats.html import report_html
from twelve.checker.formats.junit import report_junit
from twelve.checker.formats.sarif import report_sarif
from twelve.checker.formats.text import report_text
from twelve.checker.run import Report, check
from twelve.checker.source import MemoryTree

SCHEMA = Path(__file__).with_name("sarif-2.1.0-subset.json")
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
        }
        assert one["severity"] in ("high", "medium", "low", "info")
        assert not one["path"].startswith("/")
    assert {one["verdict"] for one in data["verdicts"]} <= {"broken", "holds", "unknown", "n/a"}
    report_json(report).encode()


def test_sarif_validates(report, nothing):
    schema = json.loads(SCHEMA.read_text())
    for one in (report, nothing):
        data = json.loads(report_sarif(one))
        jsonschema.validate(data, schema)
        assert data["runs"][0]["results"] is not None
        for result in data["runs"][0]["results"]:
            assert (
                data["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"]]["id"]
                == result["ruleId"]
            )


def test_junit_counts_add_up(report):
    root = ET.fromstring(report_junit(report))
    cases = root.findall(".//testcase")
    assert int(root.attrib["tests"]) == len(cases) == len(report.verdicts)
    assert int(root.attrib["failures"]) == len(root.findall(".//failure")) > 0


def test_annotations_are_one_line_each(report):
    lines = report_github(report).splitlines()
    assert len(lines) == len(report.findings)
    for line in lines:
        command, _, message = line.removeprefix("::").partition("::")
        kind, _, properties = command.partition(" ")
        assert kind in ("error", "warning", "notice")
        assert dict(pair.split("=", 1) for pair in properties.split(","))["file"]
        assert message


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
