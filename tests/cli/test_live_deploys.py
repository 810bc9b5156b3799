"""Deploys that cannot come to anything: what is told, and that the old release serves on."""

import signal
import subprocess
import time
import urllib.request

import pytest
from tests.cli.worlds import WEB, codebase, commit, toml, until

pytestmark = pytest.mark.live

SERVER = "python3 -m http.server $PORT --bind 127.0.0.1"


@pytest.fixture(scope="module")
def box(twelve, tmp_path_factory):
    """A codebase whose app ``box`` serves; tests deploy other codebases under its name."""
    folder = tmp_path_factory.mktemp("apps") / "box"
    codebase(folder, {"Procfile": WEB})
    twelve.good("deploy", "-q", cwd=folder)
    yield folder
    twelve.good("apps", "destroy", "box", "--yes")


def serves(twelve, name):
    request = urllib.request.Request(
        f"http://127.0.0.1:{twelve.port}/", headers={"Host": f"{name}.localhost"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status == 200


BROKEN = {
    "nothing to detect": (
        {"README": "hello\n"},
        ["there is no Procfile, and nothing here tells what to run", "write a Procfile"],
    ),
    "something to detect": (
        {"requirements.txt": "flask\n", "app.py": "from flask import Flask\napp = Flask('x')\n"},
        ["web: gunicorn", "twelve init writes it"],
    ),
    "a type twice": ({"Procfile": WEB + WEB}, ["Procfile:2: web is there already, in line 1"]),
    "bad type names": ({"Procfile": "we b: x\nw!: y\n"}, ["Procfile:1:", "Procfile:2:"]),
    "no command": ({"Procfile": "web:\n"}, ["Procfile:1: web has no command"]),
    "not UTF-8": ({"Procfile": b"web: \xff\n"}, ["Procfile:1: is not UTF-8"]),
    "unknown keys": (
        {"twelve.toml": '[processes.web]\ncommand = "x"\nhelth = "/"\nquantity = "two"\n'},
        ["processes/web/helth: is not a key; did you mean health?", "'two' is not a whole number"],
    ),
    "two commands": (
        {"Procfile": WEB, "twelve.toml": toml(command="x")},
        ["processes/web/command: Procfile:1 has one too"],
    ),
    "not TOML": ({"Procfile": WEB, "twelve.toml": "app = \n"}, ["twelve.toml: is not TOML"]),
    "no such interpreter": (
        {"Procfile": WEB, ".python-version": "3.99\n", "requirements.txt": "idna\n"},
        ["asks for Python 3.99; on this machine: ", "install it"],
    ),
    "no such dependency": (
        {"Procfile": WEB, "requirements.txt": "no-such-package-twelve==1.0\n"},
        ["no-such-package-twelve", "is no-such-package-twelve spelled right?"],
    ),
    "a hook that fails": (
        {"Procfile": WEB, "twelve.toml": "[build]\nhooks = [\"sh -c 'echo oh no; exit 3'\"]\n"},
        ["failed (exit 3)", "oh no"],
    ),
    "a contract that is not met": (
        {
            "Procfile": WEB,
            "twelve.toml": '[config.A]\n[config.B]\n[resources]\nDATABASE_URL = "postgres"\n',
        },
        ["A is missing", "B is missing", "twelve resources create postgres --as DATABASE_URL"],
    ),
    "a release command that fails": (
        {"Procfile": WEB, "twelve.toml": "[release]\ncommand = \"sh -c 'echo oh no; exit 3'\"\n"},
        ["the release command exited with code 3", "oh no"],
    ),
    "a program that is not there": (
        {"Procfile": "web: gunicorn app:app\n"},
        ["exited with code 127", "cannot run 'gunicorn': no such program"],
    ),
    "another port": (
        {"twelve.toml": toml(command="python3 -m http.server 18733 -b 127.0.0.1", ready=3)},
        ["it listens on 127.0.0.1:18733 instead of $PORT="],
    ),
    "an end at once": (
        {"Procfile": "web: true\n"},
        ["exited with code 0 before it was up", "it must go on running in the foreground"],
    ),
    "a fork into the background": (
        {"Procfile": f"web: sh -c '{SERVER} & exit 0'\n"},
        ["exited with code 0 before it was up", "in the foreground"],
    ),
    "silence": (
        {"twelve.toml": toml(command="sleep 60", ready=1)},
        ["was not ready within 1 s: it does not listen on any port"],
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_codebase_is_refused_with_the_cause_and_the_old_release_serves(
    twelve, box, tmp_path, what
):
    files, told = BROKEN[what]
    folder = codebase(tmp_path / "broken", files)
    before = twelve("ps", "-a", "box", "--json").json

    done = twelve("deploy", "-a", "box", "--adopt", cwd=folder)

    assert done.code == 1, done
    for words in told:
        assert words in done.err
    assert "Traceback" not in done.err
    after = twelve("ps", "-a", "box", "--json").json
    assert after["release"] == before["release"]
    assert [p["name"] for p in after["processes"]] == [p["name"] for p in before["processes"]]
    assert serves(twelve, "box")


@pytest.mark.parametrize("procfile", [WEB.replace("\n", "\r\n"), WEB.rstrip("\n")])
def test_line_ends_of_another_system_and_a_last_line_without_one_are_fine(
    twelve, tmp_path, procfile
):
    folder = codebase(tmp_path / "odd", {"Procfile": procfile})

    assert twelve("deploy", "-q", cwd=folder).code == 0
    twelve.good("apps", "destroy", "odd", "--yes")


def test_a_process_that_is_open_to_the_world_is_warned_of_on_deploy_and_in_ps(twelve, tmp_path):
    folder = codebase(tmp_path / "wide", {"Procfile": WEB.replace("127.0.0.1", "0.0.0.0")})

    assert "reachable past the router" in twelve.good("deploy", cwd=folder)
    assert "reachable past the router" in twelve.good("ps", cwd=folder)
    assert twelve("ps", "--json", cwd=folder).json["processes"][0]["warnings"]
    twelve.good("apps", "destroy", "wide", "--yes")


def test_a_repository_without_a_commit_is_told_to_commit(twelve, tmp_path):
    folder = tmp_path / "empty"
    subprocess.run(["git", "init", "-q", folder], check=True)

    done = twelve("deploy", cwd=folder)

    assert done.code == 1
    assert "this repository has no commit yet" in done.err


def test_uncommitted_changes_are_named_and_left_out_unless_they_are_wanted(twelve, tmp_path):
    folder = codebase(tmp_path / "dirt", {"Procfile": WEB, "index.html": "clean\n"})
    (folder / "index.html").write_text("dirty\n")

    left_out = twelve("deploy", cwd=folder)
    assert "not in this build, because not committed: index.html" in left_out.err
    taken = twelve("deploy", "--dirty", cwd=folder)
    assert "plus changes that no commit holds" in taken.err
    assert twelve("releases", "--json", cwd=folder).json["releases"][0]["dirty"]
    twelve.good("apps", "destroy", "dirt", "--yes")


def test_a_deploy_is_made_without_git_only_of_a_folder_without_history(twelve, box, tmp_path):
    programs = tmp_path / "bin"
    programs.mkdir()

    done = twelve("deploy", cwd=box, PATH=str(programs))

    assert done.code == 1
    assert "there is no `git` on PATH" in done.err
    assert "install git" in done.err


@pytest.fixture(scope="module")
def slow(twelve, tmp_path_factory):
    """An app whose deploys take two seconds, in the release command."""
    folder = tmp_path_factory.mktemp("apps") / "slow"
    codebase(folder, {"Procfile": WEB, "twelve.toml": '[release]\ncommand = "sleep 2"\n'})
    twelve.good("deploy", "-q", cwd=folder)
    yield folder
    twelve.good("apps", "destroy", "slow", "--yes")


def begun(twelve, folder, number):
    """The deploy that is under way has cut its release."""
    until(lambda: twelve("releases", "show", f"v{number}", cwd=folder).code == 0)


def newest(twelve, folder):
    row = twelve("releases", "ls", "-n", "1", "--json", cwd=folder).json["releases"][0]
    return int(row["release"].removeprefix("v")), row["state"]


def test_ctrl_c_before_the_switch_takes_the_deploy_back(twelve, slow):
    number, _ = newest(twelve, slow)
    before = twelve("ps", "--json", cwd=slow).json["release"]
    deploy = twelve.start("deploy", cwd=slow)
    begun(twelve, slow, number + 1)

    deploy.send_signal(signal.SIGINT)
    _, err = deploy.communicate(timeout=20)

    assert deploy.returncode == 130
    assert b"nothing was changed" in err
    assert newest(twelve, slow) == (number + 1, "cancelled")
    assert twelve("ps", "--json", cwd=slow).json["release"] == before


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL])
def test_a_command_that_is_lost_in_mid_deploy_cancels_nothing(twelve, slow, number):
    release, _ = newest(twelve, slow)
    deploy = twelve.start("deploy", cwd=slow)
    begun(twelve, slow, release + 1)

    deploy.send_signal(number)
    deploy.communicate(timeout=20)

    until(lambda: newest(twelve, slow) == (release + 1, "current"))


def test_a_second_deploy_waits_and_says_for_whom_or_is_refused(twelve, slow):
    release, _ = newest(twelve, slow)
    first = twelve.start("deploy", cwd=slow)
    begun(twelve, slow, release + 1)

    refused = twelve("deploy", "--no-wait", cwd=slow)
    waited = twelve("deploy", cwd=slow)

    assert refused.code == 1
    assert "a deploy by" in refused.err
    assert "is under way" in refused.err
    assert "is under way; waiting for it" in waited.out
    assert waited.code == 0
    assert first.wait(20) == 0
    first.communicate()
    assert newest(twelve, slow) == (release + 2, "current")


def test_a_deploy_that_waits_returns_when_the_old_processes_are_gone(twelve, box):
    commit(box, {"index.html": f"{time.time_ns()}\n"})

    twelve.good("deploy", "-q", "--wait", cwd=box)

    found = twelve("ps", "--json", cwd=box).json
    assert {process["release"] for process in found["processes"]} == {found["release"]}
