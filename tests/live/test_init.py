"""``twelve init``: files that can be deployed, written for codebases that have none."""

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from demo.home import EXAMPLES, Home, commit, repository
from tests.live.worlds import App

from twelve.manifest import read_manifest

pytestmark = pytest.mark.live
PROGRAM = str(Path(sys.executable).parent / "twelve")
WRITTEN = ("Procfile", ".env.example", "twelve.toml")
CODEBASES = ("shop", "flask", "fastapi", "express", "static")


def bare(tmp_path: Path, name: str) -> Path:
    """An example without the files that ``init`` writes."""
    folder = tmp_path / name
    shutil.copytree(EXAMPLES / name, folder)
    for written in WRITTEN:
        (folder / written).unlink(missing_ok=True)
    return folder


def init(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, "init", *words],
        cwd=folder,
        env=os.environ | {"NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("name", CODEBASES)
def test_what_is_written_was_shown_and_is_a_manifest(tmp_path: Path, name: str):
    folder = bare(tmp_path, name)

    done = init(folder, "--yes")

    manifest = read_manifest(
        lambda file: (folder / file).read_bytes() if (folder / file).is_file() else None
    )
    assert done.returncode == 0, done.stderr
    assert "web" in manifest.processes
    for file in WRITTEN:
        if (folder / file).is_file():
            for line in (folder / file).read_text().splitlines():
                assert f"  {line}".rstrip() in [
                    shown.rstrip() for shown in done.stdout.splitlines()
                ]


def test_a_django_project_gets_its_worker_migrations_config_and_resources(tmp_path: Path):
    folder = bare(tmp_path, "shop")

    init(folder, "--yes")

    procfile = (folder / "Procfile").read_text()
    assert [line.split(":")[0] for line in procfile.splitlines()] == ["release", "web", "worker"]
    assert 'DATABASE_URL = "postgres"' in (folder / "twelve.toml").read_text()
    assert 'REDIS_URL = "redis"' in (folder / "twelve.toml").read_text()
    assert "SECRET_KEY=" in (folder / ".env.example").read_text()


def test_a_site_that_npm_builds_is_served_from_where_it_is_built(tmp_path: Path):
    package = {
        "name": "site",
        "private": True,
        "scripts": {"build": "vite build"},
        "devDependencies": {"vite": "^7"},
    }
    (tmp_path / "package.json").write_text(json.dumps(package))
    (tmp_path / "index.html").write_text("<html></html>")

    init(tmp_path, "--yes", ".")

    assert (tmp_path / "Procfile").read_text() == "web: python -m twelve.static dist\n"


def test_nothing_is_written_when_nobody_can_be_asked(tmp_path: Path):
    folder = bare(tmp_path, "flask")

    done = init(folder)

    assert done.returncode == 2
    assert "web: gunicorn" in done.stdout
    assert "twelve init --yes" in done.stderr
    assert not (folder / "Procfile").exists()


@pytest.mark.parametrize(("answer", "written"), [(b"n\n", False), (b"\n", True)])
def test_a_person_is_asked(tmp_path: Path, answer: bytes, written: bool):
    folder = bare(tmp_path, "flask")
    ours, theirs = pty.openpty()

    process = subprocess.Popen([PROGRAM, "init"], cwd=folder, stdin=theirs, stdout=theirs)
    os.close(theirs)
    os.write(ours, answer)
    process.wait(30)
    os.close(ours)

    assert (folder / "Procfile").exists() is written


def test_files_that_are_there_are_never_touched(tmp_path: Path):
    folder = bare(tmp_path, "flask")
    (folder / "Procfile").write_text("web: mine\n")
    (folder / ".env.example").write_text("")

    done = init(folder, "--yes")
    again = init(folder, "--yes")

    assert (folder / "Procfile").read_text() == "web: mine\n"
    assert (folder / ".env.example").read_text() == ""
    assert "wrote twelve.toml" in done.stdout
    assert (again.returncode, "everything is there already" in again.stdout) == (0, True)


def test_a_folder_that_tells_nothing_says_what_to_write(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("nothing")

    done = init(tmp_path, "--yes")

    assert done.returncode == 1
    assert "write a Procfile" in done.stderr


COMPOSE = """\
services:
  site:
    build: .
    ports: ["8080:80"]
    command: python3 -m http.server 80 --bind 0.0.0.0
    environment: {GREETING: "hello"}
"""


def test_a_compose_file_is_taken_over_and_deploys(home: Home):
    folder = home.folder / "composed"
    folder.mkdir()
    (folder / "compose.yaml").write_text(COMPOSE)
    (folder / "index.html").write_text("composed\n")

    asked = init(folder, "--from", "compose")
    untouched = sorted(path.name for path in folder.iterdir())
    done = init(folder, "--from", "compose", "--yes")
    again = init(folder, "--from", "compose", "--yes")
    app = App(home, "composed", repository(home, folder, "composed-too"))
    app.deploy()

    assert (asked.returncode, untouched) == (2, ["compose.yaml", "index.html"])
    assert "80 became $PORT" in asked.stdout
    assert done.returncode == 0, done.stderr
    assert (folder / "Procfile").read_text() == ("web: python3 -m http.server $PORT --bind $HOST\n")
    assert (again.returncode, "never written over" in again.stderr) == (1, True)
    assert app.get("/").text == "composed\n"


@pytest.mark.parametrize(
    ("words", "text", "told"),
    [
        (("--from", "compose"), "services: {a: {build: .}}", "services/a: has no command"),
        (("--from", "compose"), "services: [", "is not YAML"),
        (
            ("--from", "compose"),
            "services: {a: {build: gone, command: b}}",
            "gone/Procfile: there is no such folder",
        ),
        (("--from", "heroku"), "", "there is no app.json here, and no Procfile"),
    ],
)
def test_what_cannot_be_taken_over_is_named_and_nothing_is_written(
    tmp_path: Path, words: tuple[str, ...], text: str, told: str
):
    (tmp_path / "compose.yaml").write_text(text)

    done = init(tmp_path, *words, "--yes")

    assert done.returncode == 1
    assert told in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["compose.yaml"]


def test_a_folder_that_is_not_ours_is_told(tmp_path: Path):
    (tmp_path / "Procfile").write_text("web: x\n")
    (tmp_path / "twelve.toml").symlink_to("/proc/nothing/there")

    done = init(tmp_path, "--from", "heroku", "--yes")

    assert done.returncode == 1
    assert "twelve.toml: " in done.stderr


def test_what_was_written_deploys(home: Home):
    folder = repository(home, EXAMPLES / "static", "proposed")
    for written in WRITTEN:
        (folder / written).unlink(missing_ok=True)
    app = App(home, "proposed", folder)

    app.twelve("init", "--yes")
    commit(home, folder, "Write what init proposes")
    app.deploy()

    assert app.get("/").status == 200
