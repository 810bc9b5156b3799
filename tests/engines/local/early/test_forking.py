"""A seed: a supervisor to be, which does nothing until it is wanted."""

import gc
import os
import select
import signal
import tempfile
from pathlib import Path

import pytest

from twelve.engines.local.early import forking
from twelve.engines.local.early.forking import Seed
from twelve.settings import default_home

PATIENCE = 20_000
"""Milliseconds."""


@pytest.fixture
def home():
    with tempfile.TemporaryDirectory(prefix="tw-", dir="/tmp") as name:
        made = Path(name, "home")
        made.mkdir()
        yield made


def ended(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(PATIENCE)) and os.read(fd, 1) == b""


def test_one_that_is_not_wanted_goes_and_has_touched_nothing(home):
    seed = Seed(str(home))
    seed.rot()

    with pytest.raises(ChildProcessError):
        os.waitpid(seed.pid, os.WNOHANG)
    assert list(home.iterdir()) == []


def test_nothing_is_sown_where_nothing_was_foreseen(home):
    environ = {"TWELVE_HOME": str(home)}

    assert forking.sow(environ) is None
    (home / "foreseen").mkdir()
    seed = forking.sow(environ)
    gc.enable()
    assert seed is not None
    seed.rot()


@pytest.mark.parametrize(
    "environ", [{}, {"HOME": "/home/eve"}, {"HOME": "/home/eve", "XDG_DATA_HOME": "/data"}]
)
def test_the_home_is_that_of_the_settings(environ):
    try:
        home = default_home(environ, os.geteuid())
    except ValueError:
        home = ""

    assert forking.home_of(environ) == home


def test_one_whose_maker_dies_goes(home):
    reader, writer = os.pipe()
    if (maker := os.fork()) == 0:
        os.write(writer, b"%d" % Seed(str(home)).pid)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(maker, 0)
    child = int(os.read(reader, 16))
    for fd in (reader, writer):
        os.close(fd)

    try:
        gone = os.pidfd_open(child)
    except ProcessLookupError:
        return
    poll = select.poll()
    poll.register(gone, select.POLLIN)
    assert poll.poll(PATIENCE)
    os.close(gone)


@pytest.mark.live
def test_it_says_when_all_was_told_to_start_and_when_that_runs(home):
    run, said = home.parent / "run", home.parent / "said"
    os.mkfifo(said)
    mark = {"PATH": os.environ["PATH"], "TWELVE_TEST": home.parent.name}
    common = {"cwd": "/", "stdin": "null", "restart": {"mode": "never"}, "box": {"tier": "none"}}
    launches = [
        {
            **common,
            "name": f"shop/development/{name}@v1",
            "argv": ["sh", "-c", f"echo {name} >{said}; exec sleep 100"],
            "env": mark,
            "logs": {"dir": f"logs/{name}", "budget": 1 << 20, "age": 60},
        }
        for name in ("web.1", "twelve.collector")
    ]
    seed = Seed(str(home))
    seed.grow((str(run), str(home)), launches)
    with said.open() as heard:
        assert heard.readline() == "web.1\n"  # the last launch is not an early one

    assert os.read(seed.ready, 1) == b"\0"
    assert ended(seed.ready)
    os.kill(seed.pid, signal.SIGKILL)
    os.waitpid(seed.pid, 0)
    for name in os.listdir("/proc"):
        if name.isdigit() and mark["TWELVE_TEST"].encode() in environ(name):
            os.kill(int(name), signal.SIGKILL)
    for fd in (seed.ready, seed.haste):
        os.close(fd)


def environ(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""
