"""Everything dies at once, and the machine starts again: each deploy is back, nothing half-done."""

import itertools
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from demo.home import Home, make_home
from demo.reboot import reboot
from tests.faults.witness import Witness
from tests.faults.worlds import Till, make_till
from tests.live.worlds import App, probe, until

from twelve.services.programs import postgres_programs

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(240)]

PUT = "from cache import put; put({!r}, {!r})"
WANTS = '[resources]\nDATABASE_URL = "postgres"\n'
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
    """It has a database that a table of numbers is written to from outside."""
    app = probe(home, "calm")
    app.write("twelve.toml", WANTS)
    app.deploy("--provision")
    app.twelve("ps", "scale", "web=3")
    psql(app, "CREATE TABLE numbers (number integer)")
    return app


def psql(app: App, sql: str) -> str:
    """What the database says; it is told of itself by the app's environment."""
    return subprocess.run(words(app), input=sql, check=True, capture_output=True, text=True).stdout


def words(app: App) -> list[str]:
    """A call of psql that reads SQL and answers each statement at once."""
    url = app.twelve("run", "--", "sh", "-c", "echo $DATABASE_URL").out.strip()
    return [postgres_programs()("psql"), "-XAtw", "-v", "ON_ERROR_STOP=1", url]


@contextmanager
def writing(app: App) -> Iterator[list[int]]:
    """Numbers are written, a transaction each, until the database is gone; those it confirmed."""
    writer = subprocess.Popen(
        words(app), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    confirmed: list[int] = []

    def write() -> None:
        for number in itertools.count():
            writer.stdin.write(f"INSERT INTO numbers VALUES ({number});\n")
            writer.stdin.flush()
            if writer.stdout.readline() != "INSERT 0 1\n":
                return
            confirmed.append(number)

    writes = threading.Thread(target=write, daemon=True)
    writes.start()
    until(lambda: len(confirmed) > 100)
    yield confirmed
    writes.join(30)
    assert not writes.is_alive()
    writer.communicate(timeout=30)


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
    psql(calm, "TRUNCATE numbers")
    with writing(calm) as confirmed:
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
        assert confirmed == list(range(len(confirmed)))
        rows = psql(calm, "SELECT number FROM numbers ORDER BY number").split()
        # One more may have been written whose answer nobody got.
        assert rows[: len(confirmed)] == [str(number) for number in confirmed]
        assert len(rows) <= len(confirmed) + 1
        told = " ".join(till.stream()[said:])
        assert "exited: the machine restarted" in told
        if command:
            undone = "the machine restarted: undone"
            ended = undone if after.current == before.current else "(serves|runs|completed)"
            assert re.search(ended, told), told
