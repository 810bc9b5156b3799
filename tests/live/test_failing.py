"""What is broken ends its own deploy with the cause; the old release serves on."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
from demo.home import Home
from tests.live.worlds import App, failures, probe

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

TOML = 'app = "{name}"\n[processes.web]\ncommand = "python server.py"\ngrace = "1s"\n{more}'


class Fault(NamedTuple):
    """A change that cannot come up, and what must be said about it."""

    change: Callable[[App], None]
    said: tuple[str, ...]


def manifest(more: str, swap: tuple[str, str] = ("", "")) -> Callable[[App], None]:
    """A twelve.toml instead of the Procfile, and one place of the code swapped."""

    def change(app: App) -> None:
        if swap[0]:
            app.edit("server.py", *swap)
        (app.folder / "Procfile").unlink()
        app.write("twelve.toml", TOML.format(name=app.name, more=more))

    return change


def first_line(text: str) -> Callable[[App], None]:
    return lambda app: app.write("server.py", f"{text}\n{(app.folder / 'server.py').read_text()}")


FAULTS = {
    "dependencies": Fault(
        lambda app: app.write("requirements.txt", "no-such-package-of-anybody==1.0\n"),
        ("no-such-package-of-anybody",),
    ),
    "hook": Fault(
        manifest("[build]\nhooks = [\"sh -c 'echo half done; exit 3'\"]\n"),
        ("half done", "3"),
    ),
    "release command": Fault(
        manifest("[release]\ncommand = \"sh -c 'echo cannot migrate; exit 4'\"\n"),
        ("cannot migrate", "4"),
    ),
    "import": Fault(first_line("import no_such_module"), ("ModuleNotFoundError", "no_such_module")),
    "port": Fault(
        manifest('ready = "2s"\n', ('int(os.environ["PORT"])', "29998")), ("29998", "PORT")
    ),
    "readiness": Fault(
        manifest('health = "/slow?seconds=100"\nready = "2s"\n'),
        ("/slow?seconds=100",),
    ),
    "config": Fault(
        manifest('[config.WORKERS]\ntype = "int"\n[config.MODE]\nchoices = ["a", "b"]\n'),
        ("WORKERS", "MODE"),
    ),
    "leaves at once": Fault(first_line("raise SystemExit(0)"), ("exit",)),
}


@pytest.fixture(scope="module", params=FAULTS)
def fault(request) -> Fault:
    return FAULTS[request.param]


@pytest.fixture(scope="module")
def old(home: Home) -> App:
    app = probe(home, "steady")
    app.deploy()
    return app


def test_it_ends_the_deploy_and_nothing_else(home, old, fault):
    before = old.current
    files = {path.name: path.read_text() for path in old.folder.iterdir() if path.is_file()}
    try:
        with old.under_load(20) as count:
            fault.change(old)
            done = old.deploy(good=False)
    finally:
        for path in old.folder.iterdir():
            if path.is_file() and path.name not in files:
                path.unlink()
        for name, text in files.items():
            (old.folder / name).write_text(text)
        old.write("note", f"as before {fault.said[0]}")

    assert done.code == 1, done.said
    assert [word for word in fault.said if word not in done.said] == [], done.said
    assert 'Traceback (most recent call last):\n  File "/work' not in done.err
    assert failures(count) == []
    assert list(count["versions"]) == ["one"]
    assert old.current == before
    assert list(old.up()) == ["web.1"]


def test_what_failed_stays_in_the_ledger_as_failed(old):
    states = old.states()

    assert "failed" in states.values()
    assert states[old.current] == "current"
