"""In service: what befalls the processes of a deploy, and what its users notice of that."""

import contextlib
import http.client
import os
import re
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo.home import Home, make_home, repository
from tests.live.worlds import App, failures, part_pids, until

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

SERVANT = Path(__file__).parent / "servant"

HEALTHY = """
app = "{app}"
[processes.web]
command = "python server.py"
quantity = 2
grace = "3s"
drain = "2s"
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """A home of its own, where processes are asked for their health each second."""
    made = make_home(TWELVE_PROBE="1s", TWELVE_WATCH="20s")
    yield made
    made.end()


def servant(home: Home, name: str, more: str = "") -> App:
    app = App(home, name, repository(home, SERVANT, name))
    (app.folder / "Procfile").unlink()
    app.write("twelve.toml", HEALTHY.format(app=name) + more)
    app.deploy()
    app.settled()
    return app


@pytest.fixture(scope="module")
def asked(home: Home) -> App:
    """Two web processes with a path for their health."""
    return servant(home, "asked", 'health = "/health"\n')


@pytest.fixture(scope="module")
def alive(home: Home) -> App:
    """The same with liveness."""
    return servant(home, "alive", 'health = "/health"\nliveness = true\n')


@pytest.fixture(scope="module")
def plain(home: Home) -> App:
    """Two web processes, and nothing said about their health."""
    return servant(home, "plain")


def events(app: App) -> str:
    return app.twelve("logs", "--type", "twelve", "-n", "1000").out


def why(app: App, process: str) -> list[dict]:
    return app.json("ps", "why", process)["exits"]


def ask(row: dict, path: str) -> str:
    """Ask one process, past the router."""
    link = http.client.HTTPConnection("127.0.0.1", row["port"], timeout=5)
    link.request("GET", path)
    text = link.getresponse().read().decode()
    link.close()
    return text


def test_who_says_that_it_is_ill_leaves_the_rotation_and_nobody_notices(asked):
    row = asked.up()["web.1"]
    with asked.under_load(25) as count:
        ask(row, "/ill")
        until(lambda: "web.1@v1 does not answer: GET /health answers 503" in events(asked))
    assert failures(count) == []
    shown = {row["process"]: row for row in asked.json("ps")["processes"]}
    assert "GET /health answers 503" in shown["web.1"]["unwell"]
    assert shown["web.1"]["pid"] == row["pid"], "nobody asked for liveness"
    assert shown["web.2"]["unwell"] == ""


def test_the_last_one_that_answers_stays(asked):
    until(lambda: asked.json("ps")["processes"][0]["unwell"])
    ask(asked.up()["web.2"], "/ill")
    until(lambda: "web.2@v1 does not answer" in events(asked))
    assert asked.get("/").status == 200


def test_who_does_not_answer_at_all_is_restarted_with_liveness(alive):
    row = alive.up()["web.2"]
    until(lambda: "web.2" in alive.up())
    os.kill(row["pid"], signal.SIGSTOP)
    until(lambda: "web.2@v1 does not answer" in events(alive))
    # What was sent there before waits; from now on nobody is.
    with alive.under_load(25) as count:
        again = until(lambda: (r := alive.up().get("web.2")) and r["pid"] != row["pid"] and r)
    assert failures(count) == []
    assert again["restarts"] == 1
    until(lambda: "web.2@v1 answers again" in events(alive))


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "exited with code 7"), (signal.SIGSEGV, "was ended by SIGSEGV")],
)
def test_how_a_process_died_is_told_with_its_last_words_and_its_next_start(plain, number, said):
    row = plain.up()["web.2"]
    with contextlib.suppress(http.client.HTTPException, OSError):
        ask(row, f"/die?{int(number)}")

    def told():
        # The exit may be known a moment before the collector has moved the last line.
        return [e for e in why(plain, "web.2") if e["said"] == said and "last words" in e["lines"]]

    found = until(told)[0]
    assert found["lines"][-1] == "last words"
    assert not found["asked"]
    assert 0 < found["uptime"] < 600
    assert found["again"] is not None
    until(
        lambda: (r := plain.up().get("web.2")) and r["restarts"] and r["last_exit"]["said"] == said
    )
    assert "web.2@v1 exited: " in events(plain)


def test_a_killed_web_process_costs_no_get_doubles_no_post_and_is_back(plain):
    row = until(lambda: plain.up().get("web.1"))
    until(lambda: "web.2" in plain.up())
    with plain.under_load(50) as gets:
        os.kill(row["pid"], signal.SIGKILL)
        until(lambda: (r := plain.up().get("web.1")) and r["pid"] != row["pid"])
    assert failures(gets) == []

    row = plain.up()["web.2"]
    numbers, failed = 300, []
    for number in range(numbers):
        if number == numbers // 2:
            os.kill(row["pid"], signal.SIGKILL)
        page = plain.get("/", data=f"n{number}.")
        if page.status != 200:
            failed.append(number)
    # One after the other: at most one was under way.
    assert len(failed) <= 1
    said = plain.twelve("logs", "--type", "web", "-n", "100000").out.split()
    counts = Counter(word for word in said if re.fullmatch(r"n\d+\.", word))
    assert set(counts.values()) == {1}
    assert {f"n{n}." for n in range(numbers) if n not in failed} <= counts.keys()


@pytest.mark.parametrize(("part", "number"), [("control", "SIGABRT"), ("supervisor", "SIGBUS")])
def test_an_exit_that_nobody_could_see_is_told_by_the_next_that_can(plain, part, number):
    row = until(lambda: plain.up().get("web.1"))
    pid = part_pids(plain.home)[part]
    os.kill(pid, signal.SIGSTOP)
    os.kill(row["pid"], signal.Signals[number])
    until(lambda: not Path(f"/proc/{row['pid']}").exists())
    os.kill(pid, signal.SIGKILL)
    until(lambda: plain.twelve("ps", good=False).code == 0)
    found = until(lambda: [e for e in why(plain, "web.1") if e["signal"] == number])
    assert len(found) == 1
    until(lambda: "web.1" in plain.up())


WORSE = {
    "requests": ("FAILS = False", "FAILS = True", "requests failed"),
    "readiness": (
        "ILL = threading.Event()",
        "ILL = threading.Event()\nthreading.Timer(2, ILL.set).start()",
        "not ready: GET /health answers 503",
    ),
    "restarts": (
        'print(f"version',
        'threading.Timer(1, os._exit, (3,)).start()\n    print(f"version',
        "a process came back 3 times",
    ),
}


@pytest.mark.parametrize("fault", WORSE)
def test_a_release_that_is_worse_in_service_goes_by_itself(asked, fault):
    old, new, evidence = WORSE[fault]
    before = asked.current
    asked.edit("server.py", old, new)
    try:
        # A handful of requests says nothing: then only the restarts do.
        with asked.under_load(2 if fault == "restarts" else 25, "/page"):
            done = asked.deploy("--wait", good=False)
        assert done.code == 1, done
        assert evidence in done.said
        bad = f"v{int(before[1:]) + 1}"
        shown = asked.twelve("releases", "show", bad).out
        assert evidence in shown
        assert asked.states()[bad] == "worse"
        until(lambda: asked.current == f"v{int(before[1:]) + 2}")
        asked.settled()
        assert asked.get("/page").status == 200
        drained = until(
            lambda: [
                e for e in asked.json("releases", "show", bad)["events"] if e["kind"] == "drained"
            ]
        )
        assert drained[0]["detail"]["requests"] > 0
    finally:
        asked.edit("server.py", new, old)


def test_who_hangs_with_requests_is_found_without_any_health_path(plain):
    row = plain.up()["web.1"]
    os.kill(row["pid"], signal.SIGSTOP)
    try:
        with plain.under_load(10) as count:
            until(lambda: "web.1@v1 does not answer: no answer to GET /" in events(plain))
            os.kill(row["pid"], signal.SIGCONT)
        assert failures(count) == []
        until(lambda: "web.1@v1 answers again" in events(plain))
    finally:
        os.kill(row["pid"], signal.SIGCONT)
