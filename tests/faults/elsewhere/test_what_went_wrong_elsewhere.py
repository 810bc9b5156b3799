"""What went wrong in other runners, supervisors and platforms, each under its own name.

What has a test of its own elsewhere is not repeated here: docs/explanation/lessons.md has them all.
"""

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from demo.home import Home, make_home, repository
from tests.live.worlds import App, part_pids, until

from twelve.factors.lifecycle.backoff import Backoff, delay

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(180)]

SERVANT = Path(__file__).parents[2] / "live" / "servant"
ODD = "100%(HOME)s $HOME `id` \"two\" 'one' # no comment \\n"
SAYS_ODD = 'sh -c \'printf "[%s]\\\\n" "$ODD"; exec sleep 1000\''

TYPES = {
    "web": "python server.py",
    # Nothing is flushed, and both streams are written to.
    "talks": "python talks.py",
    # Ends well after it was up.
    "leaves": "sh -c 'sleep 3; exit 0'",
    "orphans": "python orphans.py",
    # More than a pipe holds, before anybody can have read any of it.
    "floods": "sh -c 'head -c 300000 /dev/zero | tr \"\\\\0\" x; echo; exec sleep 1000'",
    "ports": "sh -c 'echo [$PORT] [$PORTAL]; exec sleep 1000'",
    "halves": "python halves.py",
    "odd": SAYS_ODD,
}

FILES = {
    "talks.py": """
import sys, time
print("said on stdout")
print("said on stderr", file=sys.stderr)
time.sleep(1000)
""",
    "orphans.py": """
import os, time
for _ in range(30):
    if os.fork() == 0:
        if os.fork() == 0:
            time.sleep(0.05)
        os._exit(0)
    os.wait()
time.sleep(0.5)
print("thirty orphans have ended", flush=True)
time.sleep(1000)
""",
    "halves.py": """
import os, time
for number in range(200):
    os.write(1, b"half %d and " % number)
    time.sleep(0.003)
    os.write(1, b"the other half\\n")
print("all halves", flush=True)
time.sleep(1000)
""",
}


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    made = make_home()
    yield made
    made.end()


@pytest.fixture(scope="module")
def app(home: Home) -> App:
    """One app with a type for each kind of trouble."""
    made = App(home, "elsewhere", repository(home, SERVANT, "elsewhere"))
    for name, text in FILES.items():
        (made.folder / name).write_text(text)
    made.write("Procfile", "".join(f"{name}: {command}\n" for name, command in TYPES.items()))
    made.twelve("config", "set", "ODD=-", given=ODD)
    made.twelve("config", "set", "PORTAL=a window")
    made.deploy()
    return made


def said(app: App, process: str) -> list[str]:
    return [row["line"] for row in lines(app, process)]


def lines(app: App, process: str) -> list[dict[str, Any]]:
    out = app.twelve("logs", "--process", process, "-n", "1000", "--json").out
    return [json.loads(line) for line in out.splitlines()]


def test_honcho_136_nothing_is_printed_when_the_output_is_a_pipe(app):
    until(lambda: "said on stdout" in said(app, "talks.1"))


def test_honcho_38_what_goes_to_stderr_is_missing(app):
    until(lambda: len(lines(app, "talks.1")) == 2)
    streams = {row["line"]: row["stream"] for row in lines(app, "talks.1")}
    assert streams == {"said on stdout": "stdout", "said on stderr": "stderr"}


def test_honcho_155_one_process_that_exits_with_0_stops_all_others(app):
    before = app.up()["talks.1"]["pid"]
    row = until(
        lambda: next(
            (r for r in app.json("ps")["processes"] if r["type"] == "leaves" and r["restarts"]),
            None,
        )
    )
    assert row["last_exit"]["code"] == 0
    assert app.up()["talks.1"]["pid"] == before
    assert app.get().status == 200


def test_honcho_pr_231_zombies_stay_where_nobody_reaps_them(app):
    until(lambda: "thirty orphans have ended" in said(app, "orphans.1"))
    leader = app.up()["orphans.1"]["pid"]
    init = stat(leader)[1]
    children = [pid for pid in map(int, pids()) if stat(pid)[1:] == (init,) or pid == leader]
    assert children == [leader], "only the process itself is left below its init"


def pids() -> list[str]:
    return [name for name in os.listdir("/proc") if name.isdigit()]


def stat(pid: int) -> tuple[str, int] | tuple[str]:
    """State and parent."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ("gone",)
    return words[0], int(words[1])


def test_foreman_a_process_that_fills_its_pipe_first_hangs_the_whole_start(app):
    assert until(lambda: app.up().get("floods.1"))
    assert len("".join(until(lambda: said(app, "floods.1")))) == 300_000


def test_foreman_a_variable_whose_name_begins_like_PORT_is_replaced(app):
    assert until(lambda: said(app, "ports.1")) == ["[] [a window]"]


def test_goreman_a_line_that_is_written_in_two_halves_is_torn(app):
    until(lambda: "all halves" in said(app, "halves.1"))
    whole = [f"half {number} and the other half" for number in range(200)]
    assert said(app, "halves.1") == [*whole, "all halves"]


def test_supervisor_percent_signs_and_quotes_of_a_value_are_expanded(app):
    assert until(lambda: said(app, "odd.1")) == [f"[{ODD}]"]


def test_foreman_105_one_process_cannot_be_restarted_alone(app):
    before = {name: row["pid"] for name, row in app.up().items()}
    app.twelve("ps", "restart", "talks")
    after = {name: row["pid"] for name, row in app.up().items()}
    assert after["talks.1"] != before["talks.1"]
    assert after["web.1"] == before["web.1"]


def test_goreman_17_what_was_started_ends_with_its_terminal(app):
    # One of them leaves again and again.
    staying = [row["pid"] for row in app.up().values() if row["type"] != "leaves"]
    pids = staying + list(part_pids(app.home).values())
    assert len(pids) > len(TYPES)
    assert os.getsid(0) not in {os.getsid(pid) for pid in pids}


def test_piku_ps_scale_gives_two_processes_one_port(app):
    app.twelve("ps", "scale", "web=2")
    rows = app.up()
    assert rows["web.1"]["port"] != rows["web.2"]["port"]
    assert (rows["web.1"]["restarts"], rows["web.2"]["restarts"]) == (0, 0)


def test_piku_a_caller_of_config_set_that_hangs_up_leaves_half_a_deploy(app):
    before = app.current
    call = app.home.start("config", "set", "HALF=whole", cwd=app.folder)
    until(lambda: app.json("config", "history")["versions"][0]["state"] != "" and half_set(app))
    os.kill(call.pid, signal.SIGKILL)
    call.communicate()
    until(lambda: app.current == f"v{int(before[1:]) + 1}")
    app.twelve("run", "--", "sh", "-c", 'test "$HALF" = whole')


def half_set(app: App) -> bool:
    return "HALF" in app.twelve("config", "history").out


def test_piku_a_burst_of_40000_lines_loses_four_of_five(app):
    code = "seq 40000; echo burst over >&2"
    done = app.twelve("run", "--", "sh", "-c", code)
    identity = app.json("runs")["runs"][0]["id"]
    kept = app.twelve("logs", "-n", "100000", "--process", f"run.{identity}", "--stream", "stdout")
    assert done.out.splitlines() == [str(number) for number in range(1, 40_001)]
    assert kept.out.count("\n") == 40_000


def test_kamal_656_a_lock_stays_behind_when_a_deploy_is_interrupted(app):
    app.edit("server.py", 'VERSION = "one"', 'VERSION = "three"')
    call = app.home.start("deploy", cwd=app.folder)
    time.sleep(0.3)  # wherever it is by then
    os.kill(call.pid, signal.SIGINT)
    call.communicate(timeout=60)
    app.deploy("--no-wait", "--no-gate", good=False)
    until(lambda: app.deploy("--no-gate", good=False).code == 0)
    assert app.get().text == "three"


def test_dokku_a_process_that_crashed_ten_times_stays_dead():
    policy = Backoff()
    assert all(0 < delay(policy, failures, 1.0) <= 72.0 for failures in range(2, 5000, 7))


@pytest.mark.anyio
class TestOfTheSupervisor:
    """Straight to the supervisor, without a control plane."""

    async def test_circus_1157_a_command_that_is_wrong_for_ever_makes_it_deaf(self, world):
        name = await world.start("wrong.1", "no-such-program", restart={"mode": "always"})
        await world.event("backoff", name)
        other = await world.start("web.1", "sleep", "1000")
        await world.event("started", other)
        await world.client.stop(name)
        await world.event("gone", name)

    async def test_circus_935_a_stop_while_it_starts_is_ignored(self, world):
        names = [await world.start(f"web.{n}", "sleep", "1000") for n in range(5)]
        await asyncio.gather(*(world.client.stop(name, 5.0) for name in names))
        for name in names:
            await world.event("gone", name)

    async def test_honcho_the_only_child_that_is_deaf_is_never_killed(self, world, tmp_path):
        trapped = tmp_path / "trapped"
        deaf = f"trap '' TERM; touch {trapped}; while :; do sleep 1; done"
        name = await world.start("deaf.1", "sh", "-c", deaf)
        await asyncio.to_thread(until, trapped.exists)
        await world.client.stop(name, 0.5)
        assert (await world.event("exited", name))["signal"] == "SIGKILL"

    async def test_hivemind_8_children_are_disowned_when_their_runner_is_killed(self, world):
        name = await world.start("web.1", "sh", "-c", "sleep 1000 & sleep 1000; true")
        before = await world.event("started", name)
        await world.kill_supervisor()
        await world.begin()
        entry = await world.entry(name)
        assert entry is not None
        assert (entry["state"], entry["pid"]) == ("adopted", before["pid"])
        await world.client.stop(name, 5.0)
        await world.event("gone", name)
