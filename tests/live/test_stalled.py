"""Readers of the log stream that sleep: nobody waits for them; what they missed they are told."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest
from demo.home import make_home
from demo.stall import (
    WIDTH,
    Memory,
    Talk,
    control_pid,
    follower,
    part_pid,
    receiver,
    talk,
    talker,
    wake,
)

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(180)]

SECONDS = 6
RATES = {"within": 500, "beyond": 10_000}
MOST_MB = 5.0


class Night(NamedTuple):
    """What came of it."""

    memory: dict[str, tuple[float, float, float]]
    talks: dict[str, Talk]


@pytest.fixture(scope="module")
def night() -> Iterator[Night]:
    home = make_home(TWELVE_LOG_BUDGET="1M")
    try:
        with ExitStack() as stack:
            folders = {name: talker(home, name, rate, SECONDS) for name, rate in RATES.items()}
            readers, pids = {}, {}
            for name, folder in folders.items():
                follows, pids[f"follower of {name}"] = stack.enter_context(follower(home, folder))
                drains = stack.enter_context(receiver(home, folder))
                readers[name] = {"follower": follows, "drain": drains}
            pids |= {"control": control_pid(home), "drainer": part_pid(home, "drains")}
            with Memory(pids) as memory:
                talk(home, folders.values(), SECONDS)
                memory.woken()
                talks = {name: wake(each) for name, each in readers.items()}
        yield Night(memory.growth(), talks)
    finally:
        home.end()


def test_nobodys_memory_grows_while_readers_sleep(night: Night) -> None:
    assert {name: row for name, row in night.memory.items() if row[1] > MOST_MB} == {}


@pytest.mark.parametrize("app", RATES)
def test_the_app_is_never_held_up(night: Night, app: str) -> None:
    said = night.talks[app]
    assert said.printed == RATES[app] * SECONDS
    # Held up until the readers woke, one write would have taken all that time.
    assert said.worst_write < SECONDS / 2


@pytest.mark.parametrize("reader", ["follower", "drain"])
def test_within_retention_nothing_is_missed(night: Night, reader: str) -> None:
    said = night.talks["within"]
    heard = said.heard[reader]
    assert (heard.lines, heard.twice, heard.gaps, heard.in_order) == (said.printed, 0, (), True)


@pytest.mark.parametrize("reader", ["follower", "drain"])
def test_beyond_retention_it_is_told_how_much(night: Night, reader: str) -> None:
    said = night.talks["beyond"]
    heard = said.heard[reader]
    assert heard.gaps
    assert heard.in_order
    # Each gap may cut a line at either end; what is left of such a line has no number or no end.
    missing = said.printed * WIDTH - (heard.lines * WIDTH + sum(heard.gaps))
    assert abs(missing) <= 2 * WIDTH * len(heard.gaps)
