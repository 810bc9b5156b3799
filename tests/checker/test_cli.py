"""``twelve check`` at its door: exit codes, selection, ignores, baseline, history, settings, fixes."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.checker.worlds import GOOD, found, git, run, write

import twelve
from twelve.checker.fixes.apply import FIXES


def test_nothing_broken_ends_with_0(tmp_path):
    result = run(write(tmp_path, GOOD))
    assert (result.exit_code, "broken" in result.stdout) == (0, False)


def test_findings_end_with_1_unless_told(tmp_path):
    write(tmp_path, {"s/settings.py": "DEBUG = True\n"})
    assert run(tmp_path).exit_code == 1
    assert run(tmp_path, "--exit-zero").exit_code == 0
    assert run(tmp_path, "--select", "XI").exit_code == 0
    assert run(tmp_path, "--ignore", "III-1").exit_code == 0


@pytest.mark.parametrize(
    "words", [["--select", "XX-9"], ["--since", "nowhere"], ["--baseline", "missing.json"]]
)
def test_a_wrong_call_is_usage(tmp_path, words):
    result = run(write(tmp_path, GOOD), *words)
    assert result.exception.exit_code == 2


def test_not_a_directory_is_usage(tmp_path):
    assert run(tmp_path / "none").exception.exit_code == 2


def test_an_empty_folder_is_no_fault(tmp_path):
    assert run(tmp_path).exit_code == 0


def test_an_ignore_needs_a_reason_and_a_use(tmp_path):
    write(tmp_path, {"s/settings.py": "DEBUG = True  # twelve: ignore[III-1] a demonstration\n"})
    assert run(tmp_path).exit_code == 0
    write(tmp_path, {"s/settings.py": "DEBUG = True  # twelve: ignore[III-1]\n"})
    result = run(tmp_path)
    assert (result.exit_code, "without a reason" in result.stdout) == (1, True)
    write(tmp_path, {"s/settings.py": "DEBUG = True\nX = 1\n# twelve: ignore[III-1] gone\nY = 2\n"})
    assert "nothing is left to ignore" in run(tmp_path).stdout


def test_a_baseline_hides_what_was_there(tmp_path):
    write(tmp_path, {"s/settings.py": "DEBUG = True\n"})
    known = tmp_path / "known.json"
    assert run(tmp_path, "--write-baseline", known).exit_code == 0
    write(tmp_path, {"s/settings.py": "\n\nDEBUG = True\n"})
    assert run(tmp_path, "--baseline", known).exit_code == 0
    write(tmp_path, {"s/settings.py": "DEBUG = True\nALLOWED_HOSTS = ['shop.io']\n"})
    assert run(tmp_path, "--baseline", known).exit_code == 1


def test_settings_of_the_repository_count_and_are_checked(tmp_path):
    write(
        tmp_path,
        {"s/settings.py": "DEBUG = True\n", "twelve.toml": '[check]\nignore = ["III-1"]\n'},
    )
    assert run(tmp_path).exit_code == 0
    write(tmp_path, {"twelve.toml": "[check]\nignored = 1\n"})
    assert "check/ignored is no setting" in run(tmp_path).exception.message


def test_the_history_is_searched_and_since_narrows(tmp_path):
    secret = "AKIA" + "Q3EGRIYXZ7MTPLWB"
    git(write(tmp_path, {"a.py": f"KEY = '{secret}'\n"}), "init", "-q")
    git(tmp_path, "add", "."), git(tmp_path, "commit", "-qm", "one")
    write(
        tmp_path,
        {"a.py": "import os\nKEY = os.environ['KEY']\n", "s/settings.py": "DEBUG = True\n"},
    )
    git(tmp_path, "add", "."), git(tmp_path, "commit", "-qm", "two")
    assert "III-2" not in found(run(tmp_path, "--format", "json"))
    result = run(tmp_path, "--format", "json", "--history")
    assert "III-2" in found(result)
    assert secret not in result.stdout
    assert "III-1" not in found(run(tmp_path, "--format", "json", "--since", "HEAD"))
    assert "III-1" in found(run(tmp_path, "--format", "json", "--since", "HEAD~1"))


def test_a_tool_that_is_not_there_or_crashes_is_an_error(tmp_path, monkeypatch):
    write(tmp_path / "t", {"Dockerfile": "FROM x:1\n"})
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert "not on PATH" in run(tmp_path / "t", "--with", "hadolint").exception.message
    fake = write(tmp_path, {"bin/hadolint": "#!/bin/sh\nexit 3\n"}) / "bin/hadolint"
    fake.chmod(0o755)
    assert "it ended with 3" in run(tmp_path / "t", "--with", "hadolint").exception.message
    fake.write_text(
        '#!/bin/sh\necho \'[{"file":"Dockerfile","line":1,"code":"DL3007","level":"warning","message":"m"}]\'\n'
    )
    assert "V-7" in found(run(tmp_path / "t", "--with", "hadolint", "--format", "json"))


def test_explain_tells_the_whole(tmp_path):
    text = run("--explain", "III-2").stdout
    for word in ("litmus test", "Why", "Never", "Way out", "docs/factors/03-config.md"):
        assert word in text


def test_a_fix_mends_runs_and_is_idempotent(tmp_path):
    settings = '"""Settings."""\n\nDEBUG = True\nSECRET_KEY = "lr66-a!km5ed@n5ug!tya5bv"\nALLOWED_HOSTS = ["shop.io"]\nINSTALLED_APPS = []\n'
    write(
        tmp_path,
        {
            "shop/settings.py": settings,
            "shop/wsgi.py": "",
            "Procfile": "web: python manage.py runserver 0.0.0.0:8000\n",
            "requirements.txt": "gunicorn==23.0\n",
            "Dockerfile": 'FROM python:3.12\nCMD ["python", "a.py"]\n',
            "a.py": "import logging\nlogging.basicConfig(filename='a.log', level=10)\n",
        },
    )
    shown = run(tmp_path, "--fix", "all", "--diff").stdout
    assert '+SECRET_KEY = os.environ["SECRET_KEY"]' in shown
    assert (tmp_path / "shop/settings.py").read_text() == settings
    run(tmp_path, "--fix", "all")
    left = set(found(run(tmp_path, "--format", "json")))
    assert not left & {"III-1", "III-2", "VII-5", "XI-1", "XI-2", "XI-3"}
    ast.parse((tmp_path / "shop/settings.py").read_text())
    environ = {
        "SECRET_KEY": "x",
        "DEBUG": "True",
        "ALLOWED_HOSTS": "a,b",
        "PATH": os.environ["PATH"],
    }
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import shop.settings as s; print(s.DEBUG, s.SECRET_KEY, s.ALLOWED_HOSTS)",
        ],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "True x ['a', 'b']"
    assert "nothing to mend" in run(tmp_path, "--fix", "all").stdout


def test_what_follows_fix_and_is_no_requirement_is_the_path(tmp_path, monkeypatch):
    write(tmp_path / "app", {"s/settings.py": "DEBUG = True\n"})
    assert "os.environ" in run("--fix", tmp_path / "app", "--diff").stdout
    monkeypatch.chdir(tmp_path / "app")
    assert "os.environ" in run("--fix", ".", "--diff").stdout
    assert "os.environ" in run("--fix", "--diff").stdout
    assert "os.environ" in run("--fix", "III-1", ".", "--diff").stdout
    for words in (
        ["--fix", "III-99", "."],
        ["--fix", "I-1"],
        ["--fix", ".", "."],
        ["--fix", "III"],
    ):
        assert run(*words, "--diff").exception.exit_code == 2


def test_whatever_advice_names_a_fix_has_one():
    sources = Path(twelve.__file__).parent.joinpath("factors").rglob("check/*.py")
    named = {one for path in sources for one in re.findall(r"--fix ([IVX]+-\d+)", path.read_text())}
    assert named == set(FIXES)


def test_the_advice_for_loose_requirements_pins_them_under_their_name(tmp_path):
    write(tmp_path, {"Procfile": "web: gunicorn a:app\n", "api/requirements.txt": "gunicorn>=23\n"})
    report = json.loads(run(tmp_path, "--format", "json").stdout)
    [advice] = [one["fix"] for one in report["findings"] if one["requirement"] == "II-3"]
    assert advice == (
        "git mv api/requirements.txt api/requirements.in;"
        " uv pip compile --generate-hashes api/requirements.in -o api/requirements.txt"
    )
    (tmp_path / "api/requirements.txt").rename(tmp_path / "api/requirements.in")
    write(tmp_path, {"api/requirements.txt": f"gunicorn==23.0.0 --hash=sha256:{'a' * 64}\n"})
    assert "II-3" not in found(run(tmp_path, "--format", "json"))


def test_help_loads_nothing_heavy():
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, twelve.cli.check; print(sorted({'yaml', 'tree_sitter', 'twelve.checker.run', 'asyncio'} & set(sys.modules)))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "[]"
