import json
import os
import socket
import stat
import time

import pytest
from tests.engines.local.collector.worlds import until

pytestmark = pytest.mark.live

EVENTS = "logs/shop/production/twelve@-/events"


def test_appends_are_answered_with_a_rising_sequence(collecting):
    first = collecting.ask(op="append", dir=EVENTS, data="deploy v7 ü\n", budget=1 << 20, age=60)
    second = collecting.ask(op="append", dir=EVENTS, data="two\n", budget=1 << 20, age=60)
    assert second["appended"] > first["appended"]
    path = collecting.home / EVENTS / "00000000000000000000.log"
    assert path.read_bytes() == "deploy v7 ü\ntwo\n".encode()


def test_a_line_sent_again_is_written_once(collecting):
    for again in (False, True, True):
        collecting.ask(op="append", dir=EVENTS, data="once\n", budget=0, age=0, again=again)
    path = collecting.home / EVENTS / "00000000000000000000.log"
    assert path.read_bytes() == b"once\n"


@pytest.mark.parametrize(
    "folder",
    ["logs/../../etc/x/y", "/etc/a/b/c/d", "logs/a/b/c", "logs/a/b/c/..", "logs/a/b//d", 7, None],
)
def test_no_append_leaves_the_log_folder(collecting, folder):
    assert "error" in collecting.ask(op="append", dir=folder, data="x\n")


@pytest.mark.parametrize(
    "request_", [{}, {"op": "dance"}, {"op": "open"}, {"op": "open", "folder": "/etc"}]
)
def test_what_is_not_known_is_an_error_and_not_the_end(collecting, request_):
    assert "error" in collecting.ask(**request_)
    assert collecting.answers()


def test_nonsense_ends_the_connection_only(collecting):
    for text in (b"\xff\xfe\n", b"[1]\n", b"{\n"):
        with collecting.connect() as client:
            client.sendall(text)
            assert client.recv(100) == b""
    assert collecting.answers()


def test_the_socket_is_for_its_owner(collecting):
    mode = os.stat(collecting.run / "collector.sock").st_mode
    assert stat.S_IMODE(mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_user_is_not_answered(collecting):
    os.chmod(collecting.run, 0o711)
    os.chmod(collecting.run / "collector.sock", 0o666)
    pid = os.fork()
    if pid == 0:
        os.setuid(65534)
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(str(collecting.run / "collector.sock"))
            try:
                client.sendall(b'{"op":"watch"}\n')
                os._exit(0 if client.recv(10) == b"" else 1)
            except OSError:
                os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0


def test_a_watcher_hears_what_grew_and_up_to_where(collecting):
    web = collecting.fifos()
    web.open()
    with collecting.connect() as client:
        client.sendall(b'{"op":"watch"}\n')
        told = client.makefile()
        assert "sequence" in json.loads(told.readline())
        web.write(b"x\n")
        message = json.loads(told.readline())
    assert message["grew"] == [f"{web.dir}/stdout"]
    assert message["sequence"] >= 1


def test_growth_is_told_at_most_each_20_ms(collecting):
    web = collecting.fifos()
    web.open()
    with collecting.connect() as client:
        client.sendall(b'{"op":"watch"}\n')
        begun = time.monotonic()
        while time.monotonic() < begun + 0.5:
            web.write(b"x\n")
            time.sleep(0.0005)
        web.drain()
        passed = time.monotonic() - begun
        messages = client.recv(1 << 20).count(b"\n")
    assert 1 < messages <= passed / 0.02 + 3


def test_a_watcher_that_does_not_read_blocks_nobody_and_costs_no_memory(collecting):
    webs = [collecting.fifos(f"shop/production/web.{n}@v7", ("stdout",)) for n in range(20)]
    for web in webs:
        web.open()
    with collecting.connect() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        client.sendall(b'{"op":"watch"}\n')
        for web in webs:
            web.write(b"first\n")
        until(lambda: all(web.bytes_of() for web in webs))
        before = collecting.pss()
        end = time.monotonic() + 2
        while time.monotonic() < end:
            for web in webs:
                web.write(b"more\n")
            time.sleep(0.002)
        for web in webs:
            web.drain()
        assert collecting.pss() - before < 1000
        # What was not read is merged, and nothing of it is missing in the end.
        webs[7].write(b"the last\n")
        webs[7].drain()
        client.settimeout(1)
        seen, text = set(), b""
        told = client.makefile("rb")
        while f"{webs[7].dir}/stdout" not in seen or len(seen) < 20:
            text = told.readline()
            seen |= set(json.loads(text).get("grew", ()))


def test_a_client_that_never_reads_answers_is_not_listened_to(collecting):
    before = collecting.pss()
    with collecting.connect() as client:
        client.settimeout(0.5)
        request = json.dumps({"op": "append", "dir": EVENTS, "data": "x\n"}).encode() + b"\n"
        with pytest.raises(TimeoutError):
            while True:
                client.sendall(request * 100)
        assert "appended" in collecting.ask(op="append", dir=EVENTS, data="y\n")
        assert collecting.pss() - before < 2000
