"""A home on a small disk: what happens when it is full, and when it has room again."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo.home import Home, make_home
from tests.live.worlds import App, probe, until

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(240)]

SIZE = "160m"
TALK = """
import time
n = 0
while True:
    for _ in range(2000):
        print(f"{n:010d} " + "x" * 88)
        n += 1
    print(end="", flush=True)
    time.sleep(0.02)
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    made = make_home(TWELVE_LOG_BUDGET="8M", TWELVE_DISK_RESERVE="32M")
    made.home.mkdir(mode=0o711)
    words = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=711", "tmpfs", str(made.home)]
    try:
        if os.geteuid() or subprocess.run(words, check=False, capture_output=True).returncode:
            pytest.skip(
                "NOT TESTED: a small disk can only be mounted by root, where mount is allowed"
            )
        try:
            yield made
            made.twelve("down", "--all", good=False)
        finally:
            subprocess.run(["umount", "-l", str(made.home)], check=False)
    finally:
        made.end()


@pytest.fixture(scope="module")
def app(home: Home) -> App:
    found = probe(home, "small")
    procfile = (found.folder / "Procfile").read_text()
    (found.folder / "talk.py").write_text(TALK)
    found.write("Procfile", f"{procfile}talker: python talk.py\n")
    found.deploy()
    return found


@pytest.fixture
def full(home: Home, app: App) -> Iterator[Path]:
    """Not a byte is free, but for what logs give up."""
    filler = home.home / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * (1 << 16))
        except OSError:
            os.fsync(file.fileno())
    yield filler
    filler.unlink(missing_ok=True)
    app.settled()


def newest(app: App) -> int:
    """The number of the newest line of the talker."""
    out = app.twelve("logs", "-n", "1", "--type", "talker").out
    found = re.search(r"\| (\d{10}) x", out)
    return int(found[1]) if found else -1


def test_running_apps_and_the_newest_lines_go_on(app: App, full: Path) -> None:
    assert full.stat().st_size > 0
    before = app.up()
    numbers = [newest(app)]
    for _ in range(3):
        until(lambda: newest(app) > numbers[-1])
        numbers.append(newest(app))
        assert app.get().status == 200
    assert app.up() == before


def test_a_process_that_dies_meanwhile_is_started_again(app: App, full: Path) -> None:
    del full
    pid = app.up()["web.1"]["pid"]
    os.kill(pid, 9)
    until(lambda: app.up().get("web.1", {}).get("pid", pid) != pid)
    until(lambda: app.get().status == 200)


def test_a_deploy_is_refused_before_it_starts(home: Home, app: App, full: Path) -> None:
    del full
    release, layers = app.current, sorted(os.listdir(home.home / "layers"))
    done = app.deploy(good=False)
    assert done.code == 1
    assert "free" in done.err
    assert "twelve doctor" in done.err
    assert "Traceback" not in done.said
    assert (app.current, sorted(os.listdir(home.home / "layers"))) == (release, layers)
    assert os.listdir(home.home / "incoming") == []


def test_a_change_is_whole_or_says_why_it_is_not(app: App, full: Path) -> None:
    del full
    for number in range(3):
        done = app.twelve("config", "set", f"BIG={'x' * 100_000}{number}", good=False)
        # Logs give up room all the time, so that it may fit.
        assert done.code == 0 or "the disk is full" in done.err, done
        assert app.get().status == 200


def test_it_is_told_by_doctor_and_in_the_stream(home: Home, app: App, full: Path) -> None:
    del full
    assert "deploys are refused" in home.twelve("doctor").out
    until(lambda: "the disk is nearly full" in app.twelve("logs", "--type", "twelve").out, 60)


def test_with_room_again_everything_goes_on(home: Home, app: App) -> None:
    app.deploy()
    assert app.get().status == 200
    done = home.json("doctor")["disk"]
    assert done["free_bytes"] > done["reserve_bytes"]
    assert done["home"]["layers"]["budget_bytes"] > done["home"]["layers"]["bytes"] > 0


def test_a_destroyed_app_leaves_nothing_on_the_disk(home: Home) -> None:
    leaves = probe(home, "leaves")
    leaves.deploy()
    leaves.get()
    folder = home.home / "logs/leaves"
    assert folder.is_dir()
    leaves.twelve("apps", "destroy", "leaves", "--yes")
    assert not folder.exists()
    before = set(os.listdir(home.home / "layers"))
    assert home.twelve("ps", "--all").code == 0
    assert set(os.listdir(home.home / "layers")) == before
