"""The bench against real processes, and what is left of it when it is cut short."""

import contextlib
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench import costs, programs
from bench.runners import trials
from bench.runners.adapters import RUNNERS
from bench.runners.running import Place, build, until

pytestmark = pytest.mark.live

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The floor: a shell and `cat`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(programs, "CACHE", tmp_path_factory.mktemp("cache"))
        patch.setattr("bench.runners.running.SINK", programs.CACHE / "sink")
        build()
        made = Place(RUNNERS["cat"])
        yield made
        made.remove()
    assert not costs.marked(made.mark)
    assert not made.folder.exists()


def test_a_runner_is_measured_from_exec_to_first_byte(place: Place):
    found = trials.start(place)

    assert 0 < found["child"] < found["byte"]


def test_lines_are_counted_to_the_last(place: Place):
    found = trials.throughput(place, 1, trials.CUT, 50_000)

    assert found
    assert (found["why"], found["seen"], found["torn"], found["lost"]) == ("all", 50_000, 0, 0)
    assert found["per_second"] > 0


def test_a_burst_at_exit_is_whole(place: Place):
    assert trials.burst(place) == {"lost": 0, "torn": 0, "twice": 0}


def test_what_a_runner_leaves_behind_is_seen_and_ended(place: Place):
    # This floor passes no signal on.
    assert trials.deaf(place)["left"] == 1
    assert not costs.marked(place.mark)


@pytest.mark.slow
def test_a_soak_that_is_told_to_end_leaves_nothing():
    with subprocess.Popen(
        [sys.executable, "-m", "bench.soak", "5", "1"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as soak:
        assert soak.stdout
        said = next(line for line in soak.stdout if line.startswith("soak: "))
        home = Path(re.search(r"home (\S+)/home$", said)[1])  # type: ignore[index]
        assert until(lambda: len(costs.parts_of(home / "home")["inits"]) == 4)
        soak.send_signal(signal.SIGTERM)
        rest = soak.stdout.read()
        assert soak.wait(60) == 130

    assert "processes left at the end: 0" in rest
    assert not costs.marked(str(home))
    assert not home.exists()
    with contextlib.suppress(FileNotFoundError):
        assert str(home) not in Path(ROOT, "bench/SOAK.md").read_text()
