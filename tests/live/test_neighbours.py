"""A noisy neighbour: one app takes all it may, another's requests and control do not notice."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from demo.home import Home
from tests.live.worlds import App, failures, probe, until

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

RATE = 20
SLOW_MS = 1000
"""Half of the requests must be faster, on a machine that others use too."""

NOISE = """
import os, sys, time

def forks():
    while True:
        try:
            if os.fork() == 0:
                while True:
                    pass
        except OSError as error:
            print("forks stopped:", error, flush=True)
            time.sleep(1)

def memory():
    kept = []
    while True:
        kept.append(b"x" * (1 << 20))

def files():
    opened = []
    while True:
        try:
            opened.append(os.pipe())
        except OSError as error:
            print("files stopped:", error, flush=True)
            time.sleep(1)

def disk():
    fd = os.open(os.environ["TMPDIR"] + "/filler", os.O_CREAT | os.O_WRONLY)
    while True:
        try:
            os.write(fd, b"x" * (1 << 20))
        except OSError as error:
            print("disk stopped:", error, flush=True)
            time.sleep(1)

time.sleep(1)
globals()[sys.argv[1]]()
"""
TYPE = """
[processes.{name}]
command = "python noise.py {name}"
settle = "0.2s"
grace = "1s"
quantity = 0
{limits}
"""


class Noise(NamedTuple):
    """A type that wants everything, what it may have, and what is told when it has that."""

    limits: str
    said: str


NOISES = {
    "forks": Noise("pids = 60\ncpus = 0.5", r"forks stopped: .*temporarily unavailable"),
    "memory": Noise('memory = "64M"', r"out of memory \(limit 64 MiB\)"),
    "files": Noise("nofile = 64", r"files stopped: .*Too many open files"),
    "disk": Noise('tmp = "16M"', r"disk stopped: .*No space left"),
}


def kept(home: Home, *controllers: str) -> None:
    """Skip, and say so, where the machine keeps no such limit."""
    missing = home.json("doctor")["limits"]["missing"]
    if lines := [line for line in missing if line.startswith(controllers)]:
        pytest.skip("not kept here: " + "; ".join(lines))


@pytest.fixture(scope="module")
def noisy(home: Home) -> Iterator[App]:
    app = probe(home, "noisy")
    (app.folder / "Procfile").unlink()
    (app.folder / "noise.py").write_text(NOISE)
    types = [TYPE.format(name=name, limits=noise.limits) for name, noise in NOISES.items()]
    app.write("twelve.toml", f'app = "noisy"\n{"".join(types)}')
    app.deploy("--no-gate")
    yield app
    app.twelve("apps", "destroy", "noisy", "--yes", good=False)


@pytest.mark.parametrize("name", NOISES)
def test_a_neighbour_and_control_do_not_notice(
    home: Home, calm: App, noisy: App, name: str
) -> None:
    kept(home, *{"forks": ("pids", "cpu"), "memory": ("memory",)}.get(name, ()))
    calm_before = calm.up()

    with calm.under_load(RATE) as count:
        noisy.twelve("ps", "scale", f"{name}=1")
        until(lambda: re.search(NOISES[name].said, noisy.twelve("logs", "-n", "100").out))
        answered = [noisy.twelve("ps").code for _ in range(5)]

    noisy.twelve("ps", "scale", f"{name}=0")
    until(lambda: not noisy.up())
    assert answered == [0] * 5
    assert failures(count) == []
    assert count["p50_ms"] <= SLOW_MS + count["client_lag_ms"], count
    assert calm.up() == calm_before


def test_a_deploy_that_needs_more_memory_than_it_may_have_says_so(home: Home) -> None:
    kept(home, "memory")
    app = probe(home, "greedy")
    app.deploy()
    (app.folder / "Procfile").unlink()
    app.write(
        "twelve.toml",
        'app = "greedy"\n[processes.web]\ncommand = "python server.py"\nmemory = "48M"\n',
    )
    app.edit("server.py", 'VERSION = "one"', 'VERSION = "two"\nKEPT = b"x" * (200 << 20)')
    done = app.deploy(good=False)
    assert done.code == 1
    assert "was killed: out of memory (limit 48 MiB)" in done.out + done.err
    assert app.get().headers["x-shop-version"] == "one"
    app.twelve("apps", "destroy", "greedy", "--yes", good=False)
