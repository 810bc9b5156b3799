"""Several deploys of one app, at the real door: promote, parity, schedules."""

import re
import urllib.request
from pathlib import Path

import pytest
from tests.cli.worlds import WEB, Done, Home, codebase, commit, until

pytestmark = pytest.mark.live

DONE, FAILED, USAGE = 0, 1, 2
NEEDY = WEB + "release: sh -c 'test $GREETING'\n"


SCHEDULES = """\
[schedule.minutely]
cron = "* * * * *"
command = "sh -c 'echo $TWELVE_DEPLOY of $TWELVE_RELEASE; exit 3'"
[schedule.nightly]
cron = "30 2 * * *"
command = "true"
timezone = "Europe/Berlin"
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


def test_a_schedule_is_run_by_the_clock_and_recorded(twelve: Home, stall: Path):
    table = twelve.good("ps", "-a", "stall")
    [nightly] = [line.split() for line in table.splitlines() if line.startswith("nightly")]
    assert nightly[6] == "Europe/Berlin"
    assert re.fullmatch(r"02:30:00\+0[12]:00", nightly[8])

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
