"""A run that is cut short takes its home along."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from demo.home import LEFT, make_home, run_of
from demo.leftovers import Watch, processes

pytestmark = pytest.mark.live

ROOT = Path(__file__).parent.parent.parent
MAKER = """
import signal, sys
from demo.home import make_home
home = make_home()
app = home.folder / "talk"
app.mkdir()
(app / "Procfile").write_text("worker: sleep 1000\\n")
home.twelve("deploy", str(app), "-a", "talk")
print(home.folder, home.run, flush=True)
signal.pause()
"""


@contextmanager
def maker() -> Iterator[tuple[subprocess.Popen[str], Path, Path]]:
    """A process that made a home and deployed to it, the home's folder, that of its sockets."""
    process = subprocess.Popen(
        [sys.executable, "-c", MAKER], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        folder, run = map(Path, process.stdout.readline().split())
        yield process, folder, run
    finally:
        process.kill()
        process.communicate()


def alive(folder: Path, run: Path) -> list[int]:
    """The processes that carry a mark of the home."""
    watch = Watch([folder, run], folder, [])
    return [seen.pid for seen in watch.marked(processes())]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda n: n.name)
def test_a_home_ends_with_whoever_made_it(number):
    with maker() as (process, folder, run):
        assert len(alive(folder, run)) > 4
        process.send_signal(number)
        process.wait()

        deadline = time.monotonic() + 30
        while (left := alive(folder, run)) or folder.exists() or run.exists():
            assert time.monotonic() < deadline, left or [*folder.glob("*"), *run.glob("*")]
            time.sleep(0.05)


def test_a_home_that_was_ended_has_no_guard_left():
    home = make_home()
    guard = home.guard.process.pid
    assert os.path.exists(f"/proc/{guard}")

    home.end()

    assert not os.path.exists(f"/proc/{guard}")
    assert not home.folder.exists()


def test_a_home_that_is_kept_outlives_its_maker():
    home = make_home()
    try:
        home.keep()
        assert home.guard.process.returncode == 0
        assert home.folder.exists()
        assert run_of(home.environ) == home.run
    finally:
        home.end()


def test_a_home_whose_down_fails_is_ended_by_force(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    home = make_home()
    app = home.folder / "talk"
    app.mkdir()
    (app / "Procfile").write_text("worker: sleep 1000\n")
    home.twelve("deploy", str(app), "-a", "talk")
    monkeypatch.setattr("demo.home.PROGRAM", "false")

    home.end()

    assert "twelve down --all: exit 1" in capsys.readouterr().err
    # What went on was meant to: no orphans for the look at the end of the module.
    assert LEFT.pop(home.folder) != []
    LEFT[home.folder] = []
    assert alive(home.folder, home.run) == []
    assert not home.folder.exists()
