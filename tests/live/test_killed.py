"""kill -9 of a part of Twelve under load: the apps serve on, and are found again."""

import os
import signal

import pytest
from tests.live.worlds import App, failures, part_pids, until

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]


def kill(app: App, part: str) -> None:
    before = part_pids(app.home)[part]
    os.kill(before, signal.SIGKILL)
    until(lambda: app.home.twelve("doctor", "--json", good=False).code == 0)
    until(lambda: part_pids(app.home).get(part) not in (before, None))


@pytest.mark.parametrize("part", ["control", "supervisor", "collector"])
def test_nothing_fails_and_the_processes_are_found_again(calm, part):
    calm.settled()
    before = calm.up()
    with calm.under_load(25) as count:
        kill(calm, part)
        found = until(lambda: calm.up() if calm.up().keys() == before.keys() else {})

    assert failures(count) == []
    assert {name: row["pid"] for name, row in found.items()} == {
        name: row["pid"] for name, row in before.items()
    }
    calm.deploy()
    assert calm.get().text.startswith("one")


def test_an_adopted_process_has_an_exit_code(calm):
    calm.settled()
    kill(calm, "supervisor")
    row = until(lambda: calm.up().get("web.1"))

    os.kill(row["pid"], signal.SIGKILL)

    again = until(lambda: next(iter(w for w in [calm.up().get("web.1")] if w and w["restarts"]), 0))
    assert again["last_exit"]["signal"] == "SIGKILL", again


def test_lines_are_whole_when_the_collector_dies(calm):
    code = "for i in $(seq 3000); do echo line $i; [ $((i % 300)) = 0 ] && sleep 0.05; done; true"
    run = calm.home.start("run", "-a", calm.name, "--", "sh", "-c", code, cwd=calm.folder)
    for _ in range(2):
        kill(calm, "collector")
    out, err = run.communicate(timeout=60)

    assert run.returncode == 0, err
    identity = calm.json("runs")["runs"][0]["id"]
    kept = calm.twelve("logs", "-n", "10000", "--process", f"run.{identity}", "--json").out
    assert kept.count('"line 3000"') == 1
    assert kept.count("\n") == 3000
    assert out.split("\n")[:-1] == [f"line {i}" for i in range(1, 3001)]
