"""Over a deploy: streams outlive the switch until their deadline, workers have their grace."""

import http.client
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from demo.home import Home, make_home, repository
from tests.live.worlds import App, until
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(180)]

SERVANT = Path(__file__).parent / "servant"
DRAIN, GRACE, DEAF = 4.0, 6.0, 1.0
WORK = 2.5

TOML = f"""
app = "streams"
[processes.web]
command = "python server.py"
drain = "{DRAIN:g}s"
grace = "2s"
[processes.worker]
command = "python worker.py"
grace = "{GRACE:g}s"
[processes.wrapped]
command = "sh -c 'python worker.py; true'"
grace = "{GRACE:g}s"
[processes.daemon]
command = "sh -c '(setsid sh -c \\"sleep 1000 & sleep 1000\\" &); exec sleep 1000'"
[processes.deaf]
command = "sh -c 'trap : TERM; while :; do sleep 0.1; done'"
grace = "{DEAF:g}s"
"""

WORKER = f"""
import signal, sys, time

def finish(*_):
    print("told to end", flush=True)
    time.sleep({WORK})
    print("finished", flush=True)
    sys.exit(0)

signal.signal(signal.SIGTERM, finish)
print("works", flush=True)
while True:
    time.sleep(0.1)
"""


class Clients:
    """A reader of events and a chat, from before the switch until they are cut."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.last: dict[str, float] = {}
        self.said: dict[str, list[str]] = {"events": [], "chat": []}
        self.threads = [Thread(target=each, daemon=True) for each in (self.listen, self.talk)]
        for thread in self.threads:
            thread.start()

    def listen(self) -> None:
        link = http.client.HTTPConnection("127.0.0.1", self.app.home.port, timeout=30)
        link.request("GET", "/events", headers={"Host": self.app.host})
        answer = link.getresponse()
        try:
            while line := answer.readline():
                self.note("events", line.decode().strip())
        except (http.client.HTTPException, OSError):
            pass
        finally:
            link.close()

    def talk(self) -> None:
        port = self.app.home.port
        try:
            link = socket.create_connection(("127.0.0.1", port))
            with connect(f"ws://{self.app.host}:{port}/chat", sock=link, proxy=None) as chat:
                while True:
                    chat.send("hello")
                    self.note("chat", str(chat.recv(timeout=10)))
                    time.sleep(0.1)
        except (ConnectionClosed, OSError):
            pass

    def note(self, kind: str, said: str) -> None:
        if said:
            self.said[kind].append(said)
            self.last[kind] = time.time()


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    made = make_home()
    yield made
    made.end()


class Course:
    """What was seen of one deploy."""

    def __init__(self, app: App) -> None:
        clients = Clients(app)
        until(lambda: len(clients.said["events"]) > 3 and len(clients.said["chat"]) > 3)
        app.edit("server.py", 'VERSION = "one"', 'VERSION = "two"')
        app.deploy("--no-gate")
        events = {e["kind"]: e for e in app.json("releases", "show", "v1")["events"]}
        self.switched = events["superseded"]["at_ns"] / 1e9
        assert app.get().text == "two"
        for thread in clients.threads:
            thread.join(60)
        self.clients = clients
        self.drained = until(
            lambda: [
                e for e in app.json("releases", "show", "v2")["events"] if e["kind"] == "drained"
            ]
        )[0]["detail"]
        rows = app.json("ps", "why", "-n", "100", "--asked")["exits"]
        self.exits: dict[str, dict[str, Any]] = {
            row["process"]: row for row in rows if row["release"] == "v1"
        }
        self.app = app

    def after(self, process: str) -> float:
        """Seconds from the switch to the end of an old process."""
        return float(self.exits[process]["at_ns"] / 1e9 - self.switched)


@pytest.fixture(scope="module")
def course(home: Home) -> Course:
    app = App(home, "streams", repository(home, SERVANT, "streams"))
    (app.folder / "Procfile").unlink()
    (app.folder / "worker.py").write_text(WORKER)
    app.write("twelve.toml", TOML)
    app.deploy()
    app.settled()
    until(lambda: "works" in app.twelve("logs", "--process", "wrapped.1").out)
    return Course(app)


@pytest.mark.parametrize("kind", ["events", "chat"])
def test_a_stream_goes_on_in_the_old_release_until_its_types_deadline(course, kind):
    clients = course.clients
    assert all(said.startswith(("data: one", "one: hello")) for said in clients.said[kind])
    assert clients.last[kind] - course.switched > DRAIN - 1
    assert clients.last[kind] - course.switched < DRAIN + GRACE + 10, "it is cut then"


def test_what_was_cut_is_counted_on_the_release(course):
    assert course.drained["cut"] == 2
    assert course.drained["seconds"]["drain"] >= DRAIN


def test_a_worker_is_told_at_once_and_has_the_grace_that_it_needs(course):
    said = course.app.twelve("logs", "--process", "worker.1", "--release", "v1").out
    assert "finished" in said
    assert course.exits["worker.1"]["code"] == 0
    assert course.after("worker.1") >= WORK
    assert course.exits["worker.1"]["at_ns"] < course.exits["web.1"]["at_ns"], "before the drain"


def test_behind_a_shell_that_is_gone_at_once_it_has_the_same_grace(course):
    until(lambda: "finished" in course.app.twelve("logs", "--process", "wrapped.1").out)


def test_a_deaf_one_is_killed_at_its_own_deadline_not_at_the_sum(course):
    assert course.exits["deaf.1"]["signal"] == "SIGKILL"
    assert course.after("deaf.1") + 0.2 >= DEAF
    assert course.exits["deaf.1"]["at_ns"] < course.exits["worker.1"]["at_ns"]


def test_nothing_of_the_old_release_is_left(course):
    names = {row["release"] for row in course.app.json("ps")["processes"]}
    assert names == {"v2"}
    left = [
        pid
        for pid in Path("/proc").iterdir()
        if pid.name.isdigit() and b"TWELVE_RELEASE=v1\0" in environ_of(pid)
    ]
    assert left == []


def environ_of(pid: Path) -> bytes:
    try:
        text = (pid / "environ").read_bytes()
    except OSError:
        return b""
    return text if b"TWELVE_APP=streams\0" in text else b""
