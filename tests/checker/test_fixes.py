"""What a fix writes: the finding is gone, a second run has nothing to do, the diff alone changes nothing."""

import pytest
from tests.checker.worlds import GOOD, found, git, run, write


def test_env_files_are_ignored_and_their_keys_declared_by_a_fix(tmp_path):
    write(tmp_path, {**GOOD, ".env": "SECRET_KEY=jf92kd8wq7zx61\nMODE=fast\n"})
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "a")
    assert "III-4" in found(run(tmp_path, "--format", "json"))
    run(tmp_path, "--fix", "III-4")
    assert "/.env" in (tmp_path / ".gitignore").read_text().splitlines()
    example = (tmp_path / ".env.example").read_text()
    assert {line.partition("=")[0] for line in example.splitlines()} >= {"SECRET_KEY", "MODE"}
    assert "jf92kd8wq7zx61" not in example
    git(tmp_path, "rm", "-q", "--cached", ".env")
    assert "III-4" not in found(run(tmp_path, "--format", "json"))
    assert "nothing to mend" in run(tmp_path, "--fix", "III-4").stdout


MENDED = [
    (
        "III-7",
        {"a.py": "import os\nKEY = os.environ['SHOP_KEY']\n", ".env.example": "OTHER=\n"},
        ".env.example",
        "SHOP_KEY=",
    ),
    (
        "VII-2",
        {"Procfile": "web: gunicorn --bind 0.0.0.0:8000 a:app\n"},
        "Procfile",
        "web: gunicorn a:app",
    ),
    (
        "VII-2",
        {"Procfile": "web: uvicorn a:app --host 0.0.0.0 --port 8000\n"},
        "Procfile",
        "web: uvicorn a:app --host 0.0.0.0 --port $PORT",
    ),
    (
        "IX-2",
        {
            "Dockerfile": 'FROM python:3.12\nCOPY . .\nCMD ["./start.sh"]\n',
            "start.sh": "#!/bin/sh\nset -e\npython manage.py check\ngunicorn a:app\n",
        },
        "start.sh",
        "exec gunicorn a:app",
    ),
]


@pytest.mark.parametrize(("rule", "files", "path", "line"), MENDED)
def test_a_fix_leaves_nothing_of_its_finding_and_nothing_to_do(tmp_path, rule, files, path, line):
    write(tmp_path, {**GOOD, **files})
    assert rule in found(run(tmp_path, "--extended", "--format", "json"))
    before = (tmp_path / path).read_text()
    assert f"+{line}" in run(tmp_path, "--extended", "--fix", rule, "--diff").stdout
    assert (tmp_path / path).read_text() == before
    run(tmp_path, "--extended", "--fix", rule)
    assert line in (tmp_path / path).read_text().splitlines()
    assert rule not in found(run(tmp_path, "--extended", "--format", "json"))
    assert "nothing to mend" in run(tmp_path, "--extended", "--fix", rule).stdout
