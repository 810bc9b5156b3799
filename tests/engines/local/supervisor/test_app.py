"""An app's own program: where it is looked for."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from twelve.engines.local.supervisor import app
before = set(sys.modules)
try:
    app._exec([{name!r}, "-c", "echo $0"], {{"PATH": {path!r}}})
except OSError as error:
    print(type(error).__name__, *sorted(set(sys.modules) - before))
"""


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    found = [tmp_path / name for name in ("one", "two")]
    for folder in found:
        folder.mkdir()
    return found


def run(name: str, folders: list[Path]) -> str:
    """What the program says, or why there is none, and what was imported on the way."""
    path = ":".join(["/nowhere", *map(str, folders)])
    words = [sys.executable, "-c", PROGRAM.format(name=name, path=path)]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def put(folder: Path, mode: int) -> None:
    (folder / "tool").write_text("#!/bin/sh\necho $0\n")
    (folder / "tool").chmod(mode)


def test_it_is_the_first_on_the_path_that_may_be_run(folders):
    put(folders[0], 0o644)
    put(folders[1], 0o755)

    assert run("tool", folders) == str(folders[1] / "tool")
    assert run(str(folders[1] / "tool"), []) == str(folders[1] / "tool")


def test_that_it_may_not_be_run_counts_more_than_that_it_is_not_elsewhere(folders):
    put(folders[0], 0o644)

    assert run("tool", folders) == "PermissionError"
    assert run("other", folders) == "FileNotFoundError"
