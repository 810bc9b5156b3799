"""The README's commands do what it says, in a home with nothing in it and a venv of their own."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from demo.home import make_home
from demo.leftovers import Watch

from twelve.methodology import FACTORS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^ *```sh\n(.*?)^ *```", README, re.MULTILINE | re.DOTALL)
FIRST = 25
"""Lines until the first working command has been read."""


def test_a_working_command_stands_within_the_first_lines():
    head = "\n".join(README.splitlines()[:FIRST])

    assert "pip install" in head
    assert re.search(r"^twelve deploy", head, re.MULTILINE)


def test_the_table_has_a_row_for_each_factor_in_order():
    rows = re.findall(r"^\| ([IVX]+) \| ([^|]+) \| `twelve", README, re.MULTILINE)

    assert rows == [(factor.numeral, factor.title) for factor in FACTORS]


def test_links_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+)\)", README)

    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.live
@pytest.mark.timeout(300)
def test_the_commands_work_as_they_stand_there():
    home = make_home()
    watch = Watch([home.folder, home.run], Path(home.environ["HOME"]) / "no", [home.folder])
    subprocess.run(["git", "clone", "-q", ROOT, home.folder / "clone"], check=True)
    mine = str(Path(home.environ["PATH"].partition(":")[0]))
    environ = {**home.environ, "PATH": home.environ["PATH"].removeprefix(f"{mine}:")}
    # The port is the one thing that is not as in the README: another test may have that one.
    script = "set -ex\n" + "\n".join(BLOCKS).replace("8080", str(home.port))
    try:
        done = subprocess.run(
            ["sh", "-c", script],
            check=False,
            cwd=home.folder / "clone",
            env=environ,
            capture_output=True,
            text=True,
            timeout=280,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        assert "Hello, world!" in done.stdout
        assert "guestbook/production v2 serves" in done.stdout
        assert watch.left() == []
    finally:
        home.end()


def test_the_port_of_the_readme_is_the_default():
    assert "http://127.0.0.1:8080/" in README
    assert os.environ.get("TWELVE_HTTP_PORT") is None
