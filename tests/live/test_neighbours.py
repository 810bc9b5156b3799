"""A noisy neighbour: one app takes all it may, another's requests and control do not notice."""

import re
from collections.abc import Iterator

import pytest
from demo.home import Home
from demo.noise import NOISES
from demo.noise import noisy as deploy_noisy
from tests.live.worlds import App, failures, probe, until

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

RATE = 20
SLOW_MS = 1000
"""Half of the requests must be faster, on a machine that others use too."""


def kept(home: Home, *controllers: str) -> None:
    """Skip, and say so, where the machine keeps no such limit."""
    missing = home.json("doctor")["limits"]["missing"]
    if lines := [line for line in missing if line.startswith(controllers)]:
        pytest.skip("not kept here: " + "; ".join(lines))


@pytest.fixture(scope="module")
def noisy(home: Home) -> Iterator[App]:
    yield App(home, "noisy", deploy_noisy(home))
    home.twelve("apps", "destroy", "noisy", "--yes", good=False)


@pytest.mark.parametrize("name", NOISES)
def test_a_neighbour_and_control_do_not_notice(
    home: Home, calm: App, noisy: App, name: str
) -> None:
    kept(home, *NOISES[name].kept_by)
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
