"""Everything dies at once, and the machine starts again: each deploy is back, nothing half-done."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from demo.home import Home, make_home
from demo.reboot import reboot
from tests.faults.witness import Witness
from tests.faults.worlds import Till, make_till
from tests.live.worlds import App, probe, until

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(240)]

PUT = "from cache import put; put({!r}, {!r})"
GET = "from cache import get; print(get({!r}))"


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    made = make_home(TWELVE_KEEP_RELEASES="2", TWELVE_DIE_AT="/dev/null")
    yield made
    made.end()


@pytest.fixture(scope="module")
def till(home: Home) -> Iterator[Till]:
    with Witness() as witness:
        yield make_till(home, witness)


@pytest.fixture(scope="module")
def calm(home: Home, till: Till) -> App:
    app = probe(home, "calm")
    app.deploy()
    app.twelve("ps", "scale", "web=3")
    return app


@contextmanager
def served(home: Home) -> Iterator["subprocess.Popen[str]"]:
    """``twelve serve``, as a unit of systemd would start it; left to itself at the end."""
    serving = home.start("serve")
    try:
        until(lambda: home.twelve("apps", good=False).code == 0)
        yield serving
    finally:
        serving.terminate()
        serving.communicate(timeout=30)


@pytest.mark.parametrize("during", ["rest", "deploy", "scale"])
def test_everything_is_back_after_a_reboot(home, till, calm, during):
    till.app.twelve("run", "--", "python", "-c", PUT.format(during, "kept"))
    before, processes, said = till.whole(), calm.up().keys(), len(till.stream())
    command = till.begin(during) if during != "rest" else None
    if command:
        command.stdout.readline()

    assert reboot(home) > 8
    if command:
        command.communicate(timeout=30)

    with served(home):
        after = till.whole()
        if command is None or after.current == before.current:
            assert (after.current, after.wanted) == (before.current, before.wanted)
        until(lambda: till.app.get().status == 200)
        until(lambda: calm.get().text.startswith("one"))
        assert calm.up().keys() == processes
        kept = till.app.twelve("run", "--", "python", "-c", GET.format(during))
        assert kept.out.strip() == "kept"
        if command:
            told = " ".join(till.stream()[said:])
            ended = "undone" if after.current == before.current else "(serves|runs|completed)"
            assert re.search(ended, told), told
