"""``twelve drains``, from a real control plane to real receivers."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.worlds import Home, until
from tests.engines.local.drains.receivers import Web

pytestmark = pytest.mark.live


@pytest.fixture
def web() -> Iterator[Web]:
    found = Web()
    yield found
    found.leave()


@pytest.fixture
def added(twelve: Home, web: Web) -> Iterator[str]:
    """A drain with a password in its address."""
    url = f"http://me:s3cret@127.0.0.1:{web.port}/in"
    assert "s3cret" not in twelve.good("drains", "add", "-", "--name", "far", stdin=f"{url}\n")
    yield "far"
    twelve("drains", "rm", "far")


def drainers(home: Home) -> list[int]:
    """The pids of what sends streams on from this home."""
    parts = twelve_parts(home)
    return [part["pid"] for name, part in parts.items() if name.startswith("drains")]


def twelve_parts(home: Home) -> dict[str, dict[str, object]]:
    return home("doctor", "--json").json["parts"]


def lines(web: Web) -> list[str]:
    return [str(line["line"]) for line in web.taken if str(line["process"]).startswith("run.")]


def test_lines_go_on_until_the_drain_is_removed(twelve: Home, web: Web, added: str) -> None:
    twelve.good("run", "--", "echo", "hello")
    until(lambda: "hello" in lines(web))
    assert web.posts[0][0]["Authorization"].startswith("Basic ")
    [row] = twelve("drains", "--json").json["drains"]
    assert (row["name"], row["error"], row["missing_bytes"]) == (added, "", 0)
    assert row["url"] == f"http://me:•••@127.0.0.1:{web.port}/•••"
    assert re.search(r"^far +http://me:", twelve.good("drains", "ls"), re.MULTILINE)

    assert len(drainers(twelve)) == 1
    twelve.good("drains", "rm", added)
    assert drainers(twelve) == []
    assert twelve("drains", "--json").json["drains"] == []
    twelve.good("run", "--", "echo", "unheard")
    assert "unheard" not in lines(web)


def test_a_password_is_in_no_file_argument_or_list(twelve: Home, web: Web, added: str) -> None:
    del added
    twelve.good("run", "--", "echo", "there")
    until(lambda: "there" in lines(web))
    base = Path(twelve.environ["TWELVE_HOME"])
    texts = {path: path.read_bytes() for path in base.rglob("*") if path.is_file()}
    assert [path for path, text in texts.items() if b"s3cret" in text] == []
    words = [Path(f"/proc/{pid}/cmdline") for pid in os.listdir("/proc") if pid.isdecimal()]
    assert [path for path in words if path.exists() and b"s3cret" in path.read_bytes()] == []
    assert "s3cret" not in twelve.good("drains") + twelve.good("doctor")


def test_a_drain_outlives_control_and_its_own_death(twelve: Home, web: Web, added: str) -> None:
    del added
    os.kill(twelve("doctor", "--json").json["parts"]["control"]["pid"], signal.SIGKILL)
    twelve.good("run", "--", "echo", "after control")
    until(lambda: "after control" in lines(web))
    [pid] = drainers(twelve)
    os.kill(pid, signal.SIGKILL)
    twelve.good("run", "--", "echo", "after the drainer")
    until(lambda: "after the drainer" in lines(web))
    assert lines(web).count("after control") <= 2


def test_a_receiver_that_is_away_is_told_with_the_lag(twelve: Home) -> None:
    twelve.good("drains", "add", "syslog://127.0.0.1:9", "--name", "away")
    twelve.good("run", "--", "echo", "waits")

    def failed() -> bool:
        [row] = twelve("drains", "--json").json["drains"]
        return bool(row["error"]) and row["lag_bytes"] > 0 and row["lag_seconds"] >= 0

    until(failed)
    assert "127.0.0.1:9: Connection refused" in twelve.good("drains")
    twelve.good("drains", "rm", "away")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "udp://127.0.0.1:9"), "no way for lines to go"),
        (("add", "https://me:s3cret@127.0.0.1/"), "twelve drains add -"),
        (("add", "syslog://127.0.0.1:9", "--name", "No Name"), "cannot name a drain"),
        (("rm", "nobody"), "has no drain 'nobody'"),
    ],
)
def test_a_slip_is_told(twelve: Home, words: tuple[str, ...], said: str) -> None:
    done = twelve("drains", *words)
    assert done.code in {1, 2}
    assert said in done.err
    assert "s3cret" not in done.err


def test_a_second_drain_of_one_name_is_refused(twelve: Home, web: Web, added: str) -> None:
    done = twelve("drains", "add", f"http://127.0.0.1:{web.port}/", "--name", added)
    assert done.code == 1
    assert "has a drain 'far' already" in done.err
