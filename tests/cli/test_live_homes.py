"""Homes that cannot be used, control planes that are not there, and the end of all."""

import os
import shutil
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest
from tests.cli.worlds import WEB, codebase, free_port, until

pytestmark = pytest.mark.live

UNREACHABLE = 69
STARTS = {
    "deploy": (), "apps": ("create", "x"), "config": ("set", "A=1"),
    "resources": ("create", "redis"), "run": ("true",),
}  # fmt: skip


@pytest.fixture
def box(tmp_path):
    return codebase(tmp_path / "box", {"Procfile": WEB})


def status(home):
    request = urllib.request.Request(
        f"http://127.0.0.1:{home.port}/", headers={"Host": "box.localhost"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status


def pids(home):
    """The processes of a home."""
    found = subprocess.run(
        ["pgrep", "-f", home.environ["TWELVE_HOME"]], capture_output=True, text=True, check=False
    )
    return [int(word) for word in found.stdout.split()]


def supervisor(home):
    found = subprocess.run(
        ["pgrep", "-f", f"local.supervisor --run .* --home {home.environ['TWELVE_HOME']}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(found.stdout.split()[0])


def control(home):
    return home("doctor", "--json").json["parts"]["control"]["pid"]


@pytest.mark.parametrize("words", [
    ("ps",), ("apps",), ("config",), ("releases",), ("runs",), ("resources",), ("domains",),
    ("logs",), ("rollback",), ("open",), ("down",), ("config", "import", "-"),
    *((name, "--no-start", *rest) if name in {"deploy", "run"} else (name, *rest, "--no-start")
      for name, rest in STARTS.items()),
])  # fmt: skip
def test_without_a_control_plane_a_call_ends_with_69_and_makes_nothing(no_home, box, words):
    done = no_home(*words, cwd=box, stdin="A=1\n")

    assert done.code == UNREACHABLE
    assert "no control plane answers at" in done.err
    assert "twelve serve" in done.err
    assert not Path(no_home.environ["TWELVE_HOME"]).exists()


def test_doctor_says_what_it_can_without_a_control_plane(no_home):
    done = no_home("doctor", "--json")

    assert done.code == 0
    assert done.json["tier"]["name"] in {"strict", "user", "none"}


@pytest.mark.parametrize("place", ["/proc/twelve", "/etc/passwd", "/etc/passwd/home"])
def test_a_home_that_cannot_be_made_is_told_by_its_path(no_home, box, place):
    done = no_home("deploy", cwd=box, TWELVE_HOME=place)

    assert done.code == 1
    assert f"twelve: {place}" in done.err
    assert "set TWELVE_HOME to a folder that you may write to" in done.err


def test_bad_settings_are_told_all_at_once(no_home):
    done = no_home("ps", TWELVE_HTTP_PORT="99999", TWELVE_TIER="steel")

    assert done.code == 1
    assert "TWELVE_HTTP_PORT: '99999' is not a port" in done.err
    assert "TWELVE_TIER: 'steel' is not a tier" in done.err


def test_a_port_of_the_router_that_is_taken_is_told_by_number(ended, box):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        started = ended("deploy", cwd=box, TWELVE_HTTP_PORT=port)
        served = ended("serve", TWELVE_HTTP_PORT=port)

    assert (started.code, served.code) == (UNREACHABLE, 1)
    for done in (started, served):
        assert f"127.0.0.1:{port}" in done.err
        assert "set TWELVE_HTTP_PORT to a free port" in done.err


def test_no_free_port_for_a_process_is_told_with_the_setting(ended, box):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = ended("deploy", cwd=box, TWELVE_PORTS=f"{port}-{port}")

    assert done.code == 1
    assert "TWELVE_PORTS" in done.err
    assert "Traceback" not in done.err


def test_a_home_with_a_path_of_200_characters_below_a_closed_folder_serves(no_home, box, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    name = "h" * (200 - len(str(closed)) - 1)
    home = no_home._replace(environ={**no_home.environ, "TWELVE_HOME": f"{closed}/{name}"})
    try:
        home.good("deploy", "-q", cwd=box)
        assert status(home) == 200
    finally:
        assert home("down", "--all").code == 0
    assert pids(home) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_disk_that_is_nearly_full_refuses_a_deploy_before_it_starts(no_home, box, tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", folder], check=True)
    try:
        done = no_home("deploy", cwd=box)
        assert done.code == 1
        assert "MiB are free, too few" in done.err
        assert "make room: twelve doctor says what takes it" in done.err
        assert no_home("apps", "--json").json["apps"] == []
    finally:
        no_home("down", "--all")
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_killed_control_plane_comes_back_and_the_app_never_left(ended, box):
    ended.good("deploy", "-q", cwd=box)
    before = ended("ps", "--json", cwd=box).json["processes"][0]["pid"]

    os.kill(control(ended), signal.SIGKILL)
    assert status(ended) == 200

    until(lambda: ended("ps", cwd=box).code == 0)
    assert ended("ps", "--json", cwd=box).json["processes"][0]["pid"] == before


def test_the_socket_of_a_dead_control_plane_is_in_nobodys_way(ended, box):
    ended.good("deploy", "-q", cwd=box)
    for pid in (supervisor(ended), control(ended)):
        os.kill(pid, signal.SIGKILL)
    until(lambda: ended("ps", cwd=box).code == UNREACHABLE)
    assert status(ended) == 200

    done = ended("deploy", cwd=box)

    assert done.code == 0, done
    assert "starting the control plane" in done.err
    assert status(ended) == 200


def test_down_stops_the_apps_and_all_of_it_leaves_nothing(no_home, box):
    no_home.good("deploy", "-q", cwd=box)

    assert "stopped 1 processes" in no_home.good("down")
    assert no_home("ps", "--json", cwd=box).json["processes"][0]["state"] == "missing"
    no_home.good("down", "--all")
    assert pids(no_home) == []
    assert no_home("down", "--all").code == 0


def test_down_all_ends_what_a_dead_control_plane_and_supervisor_left(no_home, box):
    no_home.good("deploy", "-q", cwd=box)
    for pid in (supervisor(no_home), control(no_home)):
        os.kill(pid, signal.SIGKILL)

    done = no_home("down", "--all")

    assert done.code == 0, done
    assert pids(no_home) == []


def test_down_all_ends_a_control_plane_that_somebody_started_and_its_parts_with_it(ended, box):
    server = ended.start("serve")
    line = b"-"
    while not line.startswith(b"twelve: serving"):
        assert line
        line = server.stdout.readline()
    ended.good("deploy", "-q", "--no-start", cwd=box)

    assert ended("down", "--all").code == 0
    said = b"".join(server.communicate(timeout=20))
    assert server.returncode == 0
    assert b"starting it again" not in said
    assert pids(ended) == []


def test_down_all_ends_what_runs_of_a_home_whose_folder_was_removed(ended, box):
    ended.good("deploy", "-q", cwd=box)
    where = ended.environ["TWELVE_HOME"]
    if Path(where, "run.path").read_text().startswith(where):
        pytest.skip("the sockets of this home are in its folder: nothing of it can be reached")
    # Layers are read-only for their owner, too.
    subprocess.run(["chmod", "-R", "u+w", where], check=True)
    shutil.rmtree(where)

    refused = ended("ps", cwd=box)
    done = ended("down", "--all")

    assert refused.code == UNREACHABLE
    assert f"the folder of this home, {where}, is gone" in refused.err
    assert "twelve down --all" in refused.err
    assert done.code == 0, done
    assert pids(ended) == []
    assert not Path(where).exists()


def test_serve_says_where_it_serves_and_leaves_the_apps_running(ended, box):
    server = ended.start("serve")
    try:
        line = server.stdout.readline()
        while not line.startswith(b"twelve: serving"):
            assert line
            line = server.stdout.readline()
        assert f"127.0.0.1:{ended.port}".encode() in line
        ended.good("deploy", "-q", "--no-start", cwd=box)
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=20)

    assert server.returncode == 0
    assert status(ended) == 200
    assert ended("ps", cwd=box).code == UNREACHABLE


def test_a_remote_control_plane_is_called_at_its_address(no_home):
    done = no_home("ps", TWELVE_URL=f"http://127.0.0.1:{free_port()}", TWELVE_APP="box")

    assert done.code == UNREACHABLE
    assert "no control plane answers at 127.0.0.1:" in done.err
