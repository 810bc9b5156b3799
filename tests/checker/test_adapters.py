"""Findings of other tools are taken over; a tool that is missing, crashes or talks nonsense is an error."""

import json
import os
import stat
import sys

import pytest

from twelve.checker.adapters import TOOLS, findings_of
from twelve.cli.check import TOOLS as OFFERED
from twelve.errors import Missing, TwelveError

KUBE = {"Reports": [{"Check": "latest-tag", "Diagnostic": {"Message": "m"}, "Object": {"Metadata": {"FilePath": "k.yml"}}}]}  # fmt: skip
SAID = {
    "hadolint": ([{"code": "DL3006", "level": "warning", "message": "m", "file": "Dockerfile", "line": 1}, {"code": "DL9999", "level": "error", "message": "m", "file": "Dockerfile", "line": 2}], 1, ("V-7", "low", "Dockerfile", 1)),
    "shellcheck": ({"comments": [{"code": 2155, "level": "warning", "message": "m", "file": "a.sh", "line": 3}]}, 1, ("VIII-5", "low", "a.sh", 3)),
    "kube-linter": (KUBE, 1, ("V-5", "low", "k.yml", 0)),
    "deptry": ([{"error": {"code": "DEP001", "message": "m"}, "location": {"file": "a.py", "line": 2}}], 1, ("II-2", "low", "a.py", 2)),
    "gitleaks": ([{"RuleID": "aws", "File": "a.py", "StartLine": 4, "Commit": "0123456789"}], 0, ("III-2", "high", "a.py", 4)),
    "betterleaks": ([{"RuleID": "aws", "File": "a.py", "StartLine": 4}], 0, ("III-2", "high", "a.py", 4)),
}  # fmt: skip


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Puts a program of that name on PATH, which writes and ends as it is told."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def make(name, out, code):
        file = folder / name
        file.write_text(f"#!{sys.executable}\nprint({out!r})\nraise SystemExit({code})\n")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)

    return make


@pytest.fixture
def tree(tmp_path):
    folder = tmp_path / "tree"
    folder.mkdir()
    for name in ("Dockerfile", "a.sh", "a.py", "k.yml"):
        (folder / name).write_text("")
    return folder


def test_every_tool_that_is_offered_is_there():
    assert set(OFFERED) == set(TOOLS) == {*SAID, "django"}


@pytest.mark.parametrize("name", SAID)
def test_what_a_tool_finds_is_mapped_to_a_requirement(name, program, tree):
    said, code, wanted = SAID[name]
    program(name, json.dumps(said), code)
    [one] = findings_of(name, tree)
    place = one.places[0]
    assert (one.requirement, one.severity, place.path, place.line) == wanted


@pytest.mark.parametrize("name", SAID)
def test_a_crash_is_an_error_and_never_no_findings(name, program, tree):
    program(name, "[]", 2)
    with pytest.raises(TwelveError, match="ended with 2"):
        findings_of(name, tree)


@pytest.mark.parametrize("name", SAID)
def test_nonsense_is_an_error(name, program, tree):
    program(name, "panic: everything", 0)
    with pytest.raises(TwelveError, match="cannot be read"):
        findings_of(name, tree)


def test_a_tool_that_is_not_there_is_an_error(tree, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Missing, match="not on PATH"):
        findings_of("deptry", tree)


DEPLOY = """import sys
sys.stderr.write('''System check identified some issues:

WARNINGS:
?: (security.W004) You have not set a value for the SECURE_HSTS_SECONDS setting.
?: (security.W009) Your SECRET_KEY has less than 50 characters.
?: (security.W018) You should not have DEBUG set to True in deployment.

System check identified 3 issues (0 silenced).
''')
assert sys.argv[1:3] == ['check', '--deploy']
"""


def test_issues_of_django_are_taken_over(tree):
    (tree / "site").mkdir()
    (tree / "site/manage.py").write_text(DEPLOY)
    found = findings_of("django", tree)
    assert [(one.requirement, one.severity) for one in found] == [("III-8", "medium"), ("III-1", "high")]  # fmt: skip
    assert {one.places[0].path for one in found} == {"site/manage.py"}


def test_an_app_that_does_not_start_is_an_error(tree):
    (tree / "manage.py").write_text("raise KeyError('DATABASE_URL')\n")
    with pytest.raises(TwelveError, match="KeyError: 'DATABASE_URL'"):
        findings_of("django", tree)


def test_no_manage_py_no_findings(tree):
    assert findings_of("django", tree) == []
