"""Several deploys of one app, at the real door: promote, parity, tenants, schedules."""

import os
import re
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.cli.worlds import WEB, Done, Home, codebase, commit, until

from twelve.client.calls.runs import list_runs
from twelve.client.connection import Client
from twelve.settings import load_settings

pytestmark = [pytest.mark.live, pytest.mark.slow]

DONE, FAILED, USAGE = 0, 1, 2
NEEDY = WEB + "release: sh -c 'test $GREETING'\n"


FAR = (datetime.now(ZoneInfo("Europe/Berlin")).hour + 12) % 24
"""An hour of Berlin's that does not come while a test runs."""


SCHEDULES = f"""\
[schedule.minutely]
cron = "* * * * *"
command = "sh -c 'echo $TWELVE_DEPLOY of $TWELVE_RELEASE; exit 3'"
[schedule.nightly]
cron = "30 {FAR} * * *"
command = "true"
timezone = "Europe/Berlin"
"""


TENANTS = """\
[config.SECRET_KEY]
secret = true
[resources]
REDIS_URL = "redis"
"""


def fetch(home: Home, host: str) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{home.port}/index.html")
    request.add_header("Host", host)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


@pytest.fixture(scope="module")
def stall(twelve: Home, tmp_path_factory: pytest.TempPathFactory):
    """The app ``stall``: production and staging run the same."""
    folder = tmp_path_factory.mktemp("apps") / "stall"
    codebase(folder, {"Procfile": WEB, "index.html": "one\n", "twelve.toml": SCHEDULES})
    twelve.good("deploy", "-q", cwd=folder)
    twelve.good("deploy", "-q", "--to", "staging", cwd=folder)
    yield folder
    twelve.good("apps", "destroy", "stall", "--yes")


def parity(twelve: Home, *more: str) -> Done:
    return twelve("parity", "stall/staging", "stall/production", *more)


def test_what_was_tried_in_staging_is_promoted_and_then_the_two_are_alike(
    twelve: Home, stall: Path
):
    assert (parity(twelve).code, parity(twelve).out) == (DONE, "nothing differs\n")
    commit(stall, {"index.html": "two\n"})
    twelve.good("deploy", "-q", "--to", "staging", cwd=stall)
    twelve.good("config", "set", "-a", "stall/staging", "GREETING=hunter2")
    assert fetch(twelve, "stall.localhost") == "one\n"

    told = parity(twelve)
    assert told.code == FAILED
    parts = [line.split()[:2] for line in told.out.splitlines()]
    assert parts == [["PART", "NAME"], ["commit", "commit"], ["build", "build"],
                     ["config", "GREETING"]]  # fmt: skip
    plain = parity(twelve, "--json")
    assert plain.code == FAILED
    assert set(plain.json) == {"before", "after", "differences", "unknown"}
    assert "hunter2" not in told.out + plain.out

    words = ("promote", "--from", "stall/staging", "--to", "stall/production", "--no-gate")
    done = twelve(*words)
    assert done.code == DONE, done
    assert done.out.splitlines()[-1] == f"http://stall.localhost:{twelve.port}"
    assert fetch(twelve, "stall.localhost") == "two\n"
    assert [d["name"] for d in parity(twelve, "--json").json["differences"]] == ["GREETING"]
    twelve.good("config", "set", "-a", "stall", "GREETING=another")
    assert parity(twelve).code == DONE

    diff = twelve("releases", "diff", "v1", "v3", "-a", "stall", "--json")
    assert set(diff.json) == set(plain.json)
    assert [d["part"] for d in diff.json["differences"]] == ["commit", "build", "config"]


def test_the_targets_contract_is_kept_and_its_release_command_run(twelve: Home, stall: Path):
    twelve.good("config", "set", "-a", "stall/staging", "GREETING=hello")
    commit(stall, {"Procfile": NEEDY, ".env.example": "NAME=\n"})
    twelve.good("config", "set", "-a", "stall/staging", "NAME=x")
    twelve.good("deploy", "-q", "--to", "staging", cwd=stall)
    words = ("promote", "--from", "stall/staging", "--to", "stall/production", "-q", "--no-gate")
    refused = twelve(*words)
    assert refused.code == FAILED
    assert "NAME is missing" in refused.err
    twelve.good("config", "set", "-a", "stall/production", "NAME=x", "GREETING=")
    failed = twelve(*words)
    assert failed.code == FAILED
    assert "the release command exited with code 1" in failed.err
    assert fetch(twelve, "stall.localhost") == "two\n"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("promote", "--from", "stall/none", "--to", "stall/production"), FAILED, "'none'"),
        (("promote", "--from", "stall/production", "--to", "stall/none"), FAILED, "'none'"),
        (("promote", "--from", "stall/staging", "--to", "shelf/production"), USAGE, "different"),
        (("promote", "--from", "stall", "--to", "stall"), FAILED, "the same deploy"),
        (("promote", "--from", "stall/staging"), USAGE, "--to"),
        (("parity", "stall/staging", "shelf/production"), FAILED, "different apps"),
        (("parity", "stall/Staging", "stall/production"), FAILED, "not a name for a deploy"),
        (("parity", "stall/staging"), USAGE, "APP/DEPLOY"),
        (("releases", "diff", "v1", "v1?x=1", "-a", "stall"), FAILED, "is not a release"),
    ],
)
def test_what_makes_no_sense_is_told_with_the_next_step(twelve, stall, words, code, said):
    done = twelve(*words)

    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert "→" in done.err


def test_tenants_are_made_used_together_and_destroyed(twelve: Home, stall: Path):
    commit(stall, {"Procfile": WEB, ".env.example": "NAME=\n", "twelve.toml": TENANTS + SCHEDULES})
    twelve.good("config", "set", "-a", "stall", "NAME=main", "SECRET_KEY=-", stdin="of production")
    twelve.good("deploy", "-q", "--no-gate", "--provision", cwd=stall)
    words = ("deploys", "create", "tenant-a", "--from", "production", "-a", "stall", "-q")
    refused = twelve(*words)
    assert refused.code == USAGE
    assert "SECRET_KEY" in refused.err
    assert "--generate" in refused.err
    assert twelve.good(*words, "NAME=a", "--generate").startswith("http://tenant-a.stall.")
    made = ("stall/tenant-b", "--from", "stall/production", "SECRET_KEY=-", "NAME=b")
    twelve.good("deploys", "create", *made, stdin="of b")
    assert fetch(twelve, "tenant-b.stall.localhost") == "two\n"
    assert twelve.good("config", "get", "SECRET_KEY", "-a", "stall/tenant-b") == "of b\n"
    assert twelve("deploys", "create", *made, stdin="of b").code == FAILED
    names = [row.split()[0] for row in twelve.good("deploys", "ls", "t*", "-a", "stall").split("\n")
             if row]  # fmt: skip
    assert names == ["DEPLOY", "tenant-a", "tenant-b"]
    urls = {row["url"] for row in twelve("resources", "--json").json["attachments"]
            if row["app"] == "stall"}  # fmt: skip
    assert len(urls) == 3

    # Each writes to its own; the other two cannot see that.
    script = (
        "import os, socket, urllib.parse;"
        "u = urllib.parse.urlsplit(os.environ['REDIS_URL']);"
        "s = socket.create_connection((u.hostname, u.port));"
        "f = s.makefile('rb');"
        "ask = lambda *w: (s.sendall((' '.join(w) + chr(13) + chr(10)).encode()), f.readline())[1];"
        "ask('AUTH', u.username, u.password); ask('SELECT', u.path[1:]);"
        "print(ask('INCR', 'seen').decode().strip(), os.environ['NAME'])"
    )
    each = twelve("run", "--each", "*", "-a", "stall", "--json", "--", "python3", "-c", script)
    assert each.code == FAILED
    found = {run["deploy"]: run for run in each.json["runs"]}
    assert {name: run["code"] for name, run in found.items()} == {
        "production": 0, "staging": 1, "tenant-a": 0, "tenant-b": 0,
    }  # fmt: skip
    assert "KeyError: 'REDIS_URL'" in found["staging"]["said"][-1]
    config = {"production": "main", "tenant-a": "a", "tenant-b": "b"}
    for name, told in config.items():
        shown = twelve.good("runs", "show", found[name]["run"], "-a", f"stall/{name}")
        assert f"| :1 {told}\n" in shown

    hangs = "[ $NAME = a ] && exec sleep 100; echo done; [ $NAME = b ]"
    words = ("run", "--each", "tenant-*", "--timeout", "1s", "-a", "stall", "--", "sh", "-c", hangs)
    one = twelve(*words)
    assert one.code == FAILED
    assert re.search(r"tenant-a +SIGTERM, stopped after 1 s", one.out)
    assert re.search(r"tenant-b +exit 0", one.out)
    assert "1 of 2 failed" in one.err
    assert twelve("run", "--each", "none-*", "-a", "stall", "--", "true").code == FAILED

    twelve.good("deploys", "destroy", "tenant-b", "-a", "stall", "--yes")
    assert twelve("deploys", "--json", "-a", "stall").json["deploys"][-1]["name"] == "tenant-a"


def test_a_deploy_to_many_goes_one_by_one_and_stops_at_the_first_that_fails(
    twelve: Home, stall: Path
):
    twelve.good("deploys", "create", "tenant-c", "NAME=c", "--from", "production", "--generate",
                "-a", "stall")  # fmt: skip
    commit(stall, {"index.html": "three\n"})
    urls = twelve.good("deploy", "-q", "--no-gate", "--to", "tenant-*", cwd=stall).splitlines()
    assert [url.split("//")[1].split(".")[0] for url in urls] == ["tenant-a", "tenant-c"]
    assert fetch(twelve, "tenant-c.stall.localhost") == "three\n"
    assert fetch(twelve, "stall.localhost") == "two\n"

    commit(stall, {"Procfile": WEB + "release: sh -c 'test $NAME = c'\n"})
    failed = twelve("deploy", "-q", "--no-gate", "--to", "tenant-*", cwd=stall)
    assert (failed.code, failed.out) == (FAILED, "")
    assert "stall/tenant-a: " in failed.err
    assert "not deployed either: stall/tenant-c" in failed.err
    none = twelve("deploy", "--to", "x-*", cwd=stall)
    assert none.code == FAILED
    assert "there are production, staging, tenant-a, tenant-c" in none.err


def test_a_schedule_is_run_by_the_clock_and_recorded(twelve: Home, stall: Path):
    table = twelve.good("ps", "-a", "stall")
    [nightly] = [line.split() for line in table.splitlines() if line.startswith("nightly")]
    assert nightly[6] == "Europe/Berlin"
    assert re.fullmatch(rf"{FAR:02}:30:00\+0[12]:00", nightly[8])

    def recorded() -> list[dict]:
        found = twelve("runs", "ls", "--schedule", "minutely", "-a", "stall/staging", "--json")
        return [tick for tick in found.json["ticks"] if tick["run"] and tick["run"]["ended_ns"]]

    tick = until(recorded, 75)[0]
    assert tick["fate"] == "run"
    assert tick["tick_ns"] % (60 * 10**9) == 0
    assert tick["run"]["code"] == 3
    shown = twelve.good("runs", "show", tick["run"]["id"], "-a", "stall/staging")
    assert "by        schedule minutely" in shown
    assert f"staging of v{tick['run']['number']}" in shown
    [line] = [row for row in twelve.good("ps", "-a", "stall/staging").splitlines()
              if row.startswith("minutely")]  # fmt: skip
    assert "exit 3 at " in line
    assert "nightly" not in twelve.good("runs", "ls", "--schedule", "-a", "stall/staging")


@pytest.mark.slow
def test_thirty_tenants_have_a_record_each_also_when_three_fail_and_one_hangs(
    twelve: Home, tmp_path: Path
):
    fleet = tmp_path / "fleet"
    codebase(fleet, {"Procfile": WEB})
    twelve.good("config", "set", "-a", "fleet", "NAME=main")
    twelve.good("deploy", "-q", "--no-gate", cwd=fleet)
    twelve.good("ps", "scale", "-a", "fleet", "web=0")
    names = [f"tenant-{number:02d}" for number in range(30)]

    def create(name: str) -> None:
        words = (name, f"NAME={name}", "--from", "production", "-a", "fleet", "-q")
        twelve.good("deploys", "create", *words)

    with ThreadPoolExecutor(4) as four:
        list(four.map(create, names))
    script = (
        "case $NAME in *-03|*-12|*-29) echo lost >&2; exit 3;; *-07) exec sleep 600;; esac; "
        "echo hello from $NAME"
    )
    words = ("run", "--each", "tenant-*", "--at-once", "8", "--timeout", "5s", "-a", "fleet")
    done = twelve(*words, "--json", "--", "sh", "-c", script)

    assert done.code == FAILED
    came = {run["deploy"]: run for run in done.json["runs"]}
    assert sorted(came) == names
    assert {name: run["code"] for name, run in came.items() if not run["ok"]} == {
        "tenant-03": 3,
        "tenant-07": None,
        "tenant-12": 3,
        "tenant-29": 3,
    }
    assert came["tenant-07"]["why"] == "stopped after 5 s"
    assert came["tenant-03"]["said"] == ["lost"]
    client = Client(load_settings(twelve.environ, uid=os.geteuid()))
    for name, run in came.items():
        [record] = list_runs(client, "fleet", name)["runs"]
        assert record["id"] == run["run"]
        assert record["ended_ns"]
        assert (record["code"], record["signal"]) == (run["code"], run["signal"])
    twelve.good("apps", "destroy", "fleet", "--yes")
