"""A repository with several apps: each is judged by what is its own, and findings say whose they are."""

import json

import pytest

from twelve.checker.apps import owner_of
from twelve.checker.formats.as_json import report_json
from twelve.checker.formats.junit import report_junit
from twelve.checker.formats.sarif import report_sarif
from twelve.checker.formats.text import report_text
from twelve.checker.run import check
from twelve.checker.source import MemoryTree

NODE = "const express = require('express')\nconst app = express()\nconst server = app.listen(process.env.PORT)\n"
STOPS = "process.on('SIGTERM', () => server.close())\n"
SHOP = {
    "shop/Procfile": "web: node server.js\n",
    "shop/package.json": '{"dependencies": {"express": "5.0.0"}}',
    "shop/server.js": NODE + STOPS,
    "desk/Procfile": "web: node server.js\n",
    "desk/package.json": '{"dependencies": {"express": "5.0.0"}}',
    "desk/server.js": NODE,
    "lib/config.js": "module.exports = { url: 'postgres://app:jf92kd8wq7zx61@db.acme.io/x' }\n",
    "docker-compose.yml": "services:\n  desk:\n    build: ./desk\n    command: nodemon server.js\n",
}


@pytest.fixture(scope="module")
def report():
    return check(MemoryTree(SHOP))


def test_what_one_app_does_right_excuses_no_other(report):
    [one] = [one for one in report.findings if one.requirement == "IX-2" and one.severity != "info"]
    assert (one.app, one.places[0].path) == ("desk", "desk/server.js")
    [verdict] = [one for one in report.verdicts if one.requirement == "IX-2"]
    assert verdict.verdict == "broken"
    assert dict(verdict.apps)["desk"] == "broken"
    assert dict(verdict.apps)["shop"] != "broken"


def test_a_file_of_the_root_is_told_to_the_app_that_it_starts(report):
    [one] = [one for one in report.findings if one.requirement == "VII-5"]
    assert (one.app, one.places[0].path) == ("desk", "docker-compose.yml")


def test_what_belongs_to_no_app_is_judged_once(report):
    found = [one for one in report.findings if one.places[0].path == "lib/config.js"]
    assert [one.requirement for one in found].count("III-2") == 1
    assert {one.app for one in found} == {""}


def test_every_format_tells_the_apps_apart(report):
    data = json.loads(report_json(report))
    assert data["apps"] == ["desk", "shop"]
    assert {one["app"] for one in data["findings"]} == {"desk", ""}
    told = [one["apps"] for one in data["verdicts"] if one["factor"] != "I"]
    assert all(set(one) == {"desk", "shop"} for one in told)
    results = json.loads(report_sarif(report))["runs"][0]["results"]
    assert {one["properties"]["app"] for one in results if "properties" in one} == {"desk"}
    assert "docker-compose.yml:4: medium: nodemon is a development server [desk]" in report_junit(
        report
    )
    lines = report_text(report).splitlines()
    assert [line.split()[1] for line in lines if line.startswith("app ")] == ["desk", "shop"]


def test_one_app_is_told_as_before():
    files = {path.removeprefix("shop/"): text for path, text in SHOP.items() if path.startswith("shop/")}  # fmt: skip
    data = json.loads(report_json(check(MemoryTree(files))))
    assert all("apps" not in one for one in data["verdicts"])
    assert {one["app"] for one in data["findings"]} <= {""}


def test_an_app_in_the_root_keeps_its_files_to_itself():
    files = {**SHOP, "Procfile": "web: gunicorn --bind 0.0.0.0:8000 a:app\n", "requirements.txt": "gunicorn==23.0\n"}  # fmt: skip
    report = check(MemoryTree(files))
    [one] = [one for one in report.findings if one.requirement == "VII-2"]
    assert one.app == ""
    [verdict] = [one for one in report.verdicts if one.requirement == "VII-2"]
    assert [app for app, word in verdict.apps if word == "broken"] == ["."]


def test_the_nearest_app_owns_a_file():
    roots = ["", "a", "a/b"]
    assert [owner_of(path, roots) for path in ("x", "a/x", "a/b/x", "ab/x")] == ["", "a", "a/b", ""]
