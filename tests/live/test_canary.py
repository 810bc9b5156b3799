"""A secret is nowhere in clear but in the processes that need it."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from demo.home import Home
from tests.live.worlds import App, probe

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

TOML = """\
app = "{name}"
[build]
hooks = ["sh -c 'test -n \\"$API_KEY\\"'"]
[processes.web]
command = "python server.py"
[config.API_KEY]
secret = true
build = "{placeholder}"
"""


class Canaries(NamedTuple):
    """Three secrets: as config, in an attached URL, and for the build."""

    config: str
    url: str
    placeholder: str


@pytest.fixture(scope="module")
def canaries() -> Canaries:
    return Canaries(*(f"canary{secrets.token_hex(12)}" for _ in range(3)))


@pytest.fixture(scope="module")
def printed() -> list[str]:
    """All that the command line said."""
    return []


@pytest.fixture(scope="module")
def app(home: Home, canaries: Canaries, printed: list[str]) -> App:
    made = probe(home, "keeper")
    (made.folder / "Procfile").unlink()
    made.write("twelve.toml", TOML.format(name="keeper", placeholder=canaries.placeholder))
    url = f"postgresql://someone:{canaries.url}@127.0.0.1:1/db"
    said = [
        made.twelve("config", "set", "API_KEY=-", given=canaries.config),
        made.twelve("resources", "attach", "-", "--as", "ELSEWHERE_URL", given=url),
        made.deploy(),
        made.twelve("config", "set", "GREETING=hi"),
        made.twelve("rollback"),
        made.deploy("--to", "nowhere", good=False),
        made.twelve("config", "set", "API_KEY=-", "NO-NAME=1", given=canaries.config, good=False),
        made.twelve("resources", "attach", url.replace("sql:", "sql2:"), "--as", "X", good=False),
    ]
    shown = ["ps", "logs", "releases", "config", "resources", "apps", "runs", "doctor"]
    said += [made.twelve(word) for word in shown]
    said += [made.twelve(word, "--json") for word in shown]
    said += [made.twelve("releases", "show", made.current, "--json")]
    said += [made.twelve("releases", "diff", "v1", made.current), made.twelve("config", "history")]
    printed += [done.said for done in said]
    return made


def test_the_app_has_them(app, canaries):
    done = app.twelve("run", "--", "sh", "-c", "echo $API_KEY $ELSEWHERE_URL | tr a-z A-Z")

    assert canaries.config.upper() in done.out
    assert canaries.url.upper() in done.out


def test_no_answer_and_no_error_shows_them(app, canaries, printed):
    shown = "\n".join(printed)
    assert canaries.config not in shown
    assert canaries.url not in shown


def test_no_file_holds_them(app, canaries):
    home = app.home
    # The app's own repository names the placeholder, and so does the layer that is made of it.
    but = [app.folder]
    wanted = [canaries.config.encode(), canaries.url.encode()]
    found = [
        str(path)
        for root in (home.home, home.run, Path(home.environ["HOME"]))
        for path in files(root, but)
        if any(word in read(path) for word in wanted)
    ]
    assert found == []


def test_no_argument_and_no_foreign_environment_holds_them(app, canaries):
    wanted = [canaries.config.encode(), canaries.url.encode()]
    holders = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        if any(word in read(Path(f"/proc/{entry}/cmdline")) for word in wanted):
            holders.append(entry)
        environ = read(Path(f"/proc/{entry}/environ"))
        if any(word in environ for word in wanted) and b"TWELVE_PROCESS=web.1" not in environ:
            holders.append(entry)
    assert holders == []


def files(root: Path, but: list[Path]) -> Iterator[Path]:
    for folder, _, names in os.walk(root):
        if not any(Path(folder).is_relative_to(place) for place in but):
            yield from (Path(folder, name) for name in names)


def read(path: Path) -> bytes:
    try:
        return path.read_bytes() if not path.is_fifo() and not path.is_socket() else b""
    except OSError:
        return b""
