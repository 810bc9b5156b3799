"""Completion, by the shells themselves: what they offer behind the words of a line."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.worlds import home_in

pytestmark = pytest.mark.live

ASK = """
eval "$(twelve completion bash)"
COMP_WORDS=(twelve "$@") COMP_CWORD=$# COMPREPLY=()
_twelve_completion twelve
printf '%s\\n' "${COMPREPLY[@]}"
"""


def offered(home, *words, cwd=None):
    """What bash offers in place of the last word."""
    done = subprocess.run(
        ["bash", "-c", ASK, "bash", *words],
        env={**home.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        cwd=cwd or home.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "twelve:" not in done.stderr
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["ro"], ["rollback"]),
        (["ps", "r"], ["restart"]),
        (["-a", "sh"], ["shelf", "shelf/production"]),
        (["logs", "-a", "shelf/"], ["shelf/production"]),
        (["ps", "scale", ""], ["web="]),
        (["ps", "restart", "web"], ["web", "web.1"]),
        (["logs", "--type", "ro"], ["router"]),
        (["deploy", "--to", "p"], ["production"]),
        (["resources", "create", "p"], ["postgres"]),
        (["completion", "f"], ["fish"]),
    ],
)
def test_a_shell_offers_the_names_that_are_there(twelve, words, names):
    assert offered(twelve, *words) == names


@pytest.mark.parametrize("words", [["releases", "show"], ["-a", "shelf", "rollback"]])
def test_releases_are_offered_newest_first(twelve, words):
    rows = twelve("releases", "ls", "-n", "100", "--json").json["releases"]
    known = [row["release"] for row in rows]

    assert offered(twelve, *words, "v") == known
    assert offered(twelve, *words, known[0]) == known[:1]


def test_a_variable_is_offered_by_its_name_and_never_by_its_value(twelve):
    twelve.good("config", "set", "COLOUR=blue")

    assert offered(twelve, "config", "unset", "C") == ["COLOUR"]
    assert offered(twelve, "config", "set", "C") == ["COLOUR="]


def test_without_a_control_plane_there_are_words_but_no_names(tmp_path):
    home = home_in(tmp_path)

    assert offered(home, "-a", "", cwd=tmp_path) == []
    assert offered(home, "ps", "sc", cwd=tmp_path) == ["scale"]
    assert not (tmp_path / "home" / "twelve.db").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_script_is_one_of_its_shell(twelve, shell):
    script = twelve.good("completion", shell)
    program = shutil.which(shell)
    assert "_TWELVE_COMPLETE" in script
    if program is None:
        pytest.skip(f"there is no {shell} here: its script was printed, not read")
    subprocess.run([program, "-n"], input=script, text=True, check=True, timeout=20)


def test_a_shell_that_cannot_be_taught_is_named(twelve):
    refused = twelve("completion", SHELL="/bin/tcsh")

    assert refused.code == 2
    assert "tcsh cannot be taught: name bash, zsh, fish" in refused.err
