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
    limits = home.json("doctor")["limits"]
    needed = {"forks": ("pids", "cpu"), "memory": ("memory",)}.get(name, ())
    if missing := [line for line in limits["missing"] if line.startswith(needed)]:
        pytest.skip("not kept here: " + "; ".join(missing))
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
