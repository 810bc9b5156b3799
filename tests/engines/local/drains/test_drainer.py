import json
import os
import signal
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engines.local.collector.worlds import World, until
from tests.engines.local.drains.receivers import Drainer, Syslog, Web, drain

from twelve.engines.local.drains.part import progress_of
from twelve.engines.local.drains.progress import path_of, read_progress

pytestmark = pytest.mark.live

LINES = 20_000


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    world.start()
    yield world
    world.end()


@pytest.fixture
def run(world: World) -> Iterator[object]:
    started: list[Drainer] = []

    def begin(*drains, **env) -> Drainer:
        started.append(Drainer(world, *drains, **env))
        return started[-1]

    yield begin
    for one in started:
        if one.process.poll() is None:
            one.kill()


@pytest.fixture
def syslog() -> Iterator[Syslog]:
    found = Syslog()
    yield found
    found.awake.set()
    found.leave()


@pytest.fixture
def web() -> Iterator[Web]:
    found = Web()
    yield found
    found.leave()


def talk(world, name="web.1@v7", **logs):
    opened = world.fifos(f"shop/production/{name}", **logs)
    opened.open()
    return opened


def numbered(first, last):
    return [b"%010d " % n + b"x" * 88 for n in range(first, last)]


def test_lines_go_on_over_tcp_as_they_are_printed(world, run, syslog):
    web = talk(world)
    run(drain(f"syslog://127.0.0.1:{syslog.port}"))
    web.write(b"one\ntwo\n")
    until(lambda: syslog.messages() == [b"one", b"two"])
    web.write(b"three\n", "stderr")
    until(lambda: syslog.messages() == [b"one", b"two", b"three"])
    talk(world, "worker.1@v7").write(b"four\n")
    until(lambda: syslog.messages()[3:] == [b"four"])


def test_only_what_was_printed_since_the_drain_was_added_goes(world, run, syslog):
    web = talk(world)
    web.write(b"before\n")
    web.drain()
    time.sleep(0.01)  # the clock's own tick: a line's time is that of its block
    run(drain(f"syslog://127.0.0.1:{syslog.port}", time.time_ns()))
    web.write(b"after\n")
    until(syslog.messages)
    assert syslog.messages() == [b"after"]


def test_posts_are_json_lines_with_the_password_in_the_header(world, run, web):
    talk(world).write(b"one\ntwo\n")
    run(drain(f"http://me:s3cret@127.0.0.1:{web.port}/in?k=v"))
    until(lambda: web.lines() == ["one", "two"])
    headers, data = web.posts[0]
    assert headers["path"] == "/in?k=v"
    assert headers["Content-Type"] == "application/x-ndjson"
    assert headers["Authorization"] == "Basic bWU6czNjcmV0"
    assert json.loads(data.splitlines()[0])["process"] == "web.1"
    texts = [path.read_bytes() for path in world.home.rglob("*") if path.is_file()]
    assert not [text for text in texts if b"s3cret" in text]


def test_a_refused_post_is_sent_again_until_it_is_taken(world, run, web):
    web.answers += [500, 429, 302]
    one = drain(f"http://127.0.0.1:{web.port}/")
    talk(world).write(b"one\n")
    drainer = run(one)
    until(lambda: progress_of(world.home, one).error.endswith("answered 500 Internal Server Error"))
    assert progress_of(world.home, one).waiting == 4
    until(lambda: web.lines() == ["one"])
    until(lambda: progress_of(world.home, one).error == "")
    assert [data for _, data in web.posts] == [web.posts[0][1]] * 4
    far = progress_of(world.home, one)
    assert (far.lines, far.waiting, far.missing, far.oldest_ns) == (1, 0, 0, 0)
    assert f"127.0.0.1:{web.port}: answered 500" in drainer.said.read_text()


def test_a_killed_drainer_goes_on_where_it_was(world, run, syslog):
    one = drain(f"syslog://127.0.0.1:{syslog.port}")
    web = talk(world)
    killed = 0
    writer = world.write_lines(web, 0, LINES)
    while writer.poll() is None or killed < 5:
        drainer = run(one)
        before = len(syslog.messages())
        until(lambda at=before: len(syslog.messages()) > at or len(set(syslog.messages())) == LINES)
        drainer.kill()
        killed += 1
    run(one)
    until(lambda: len(set(syslog.messages())) == LINES)
    found = syslog.messages()
    assert set(found) == set(numbered(0, LINES))
    # Order is kept, and a restart goes back by about a second of what was sent, never to the start.
    assert list(dict.fromkeys(found)) == numbered(0, LINES)


def test_one_told_to_stop_sends_nothing_twice(world, run, syslog):
    one = drain(f"syslog://127.0.0.1:{syslog.port}")
    web = talk(world)
    for first in range(0, 5000, 1000):
        drainer = run(one)
        world.write_lines(web, first, first + 1000).wait(20)
        until(lambda at=first: len(syslog.messages()) >= at + 1000)
        assert drainer.kill(signal.SIGTERM) == 0
    assert syslog.messages() == numbered(0, 5000)


def test_a_receiver_that_goes_away_with_unread_bytes_gets_them_again(world, run, syslog):
    one = drain(f"syslog://127.0.0.1:{syslog.port}")
    web = talk(world)
    run(one)
    web.write(b"one\n")
    until(lambda: syslog.messages() == [b"one"])
    syslog.awake.clear()
    web.write(b"two\n")
    until(lambda: progress_of(world.home, one).lines == 2)
    syslog.leave()
    syslog.found.clear()
    syslog.awake.set()
    syslog.listen()
    web.write(b"three\n")
    until(lambda: syslog.messages()[-1:] == [b"three"])
    assert syslog.messages() == [b"two", b"three"]


def test_what_retention_overtook_is_counted_in_the_stream(world, run, syslog):
    one = drain(f"syslog://127.0.0.1:{syslog.port}")
    web = talk(world, budget=1 << 20)
    drainer = run(one)
    web.write(b"first\n")
    until(lambda: syslog.messages() == [b"first"])
    syslog.awake.clear()
    sent = 12 << 20
    world.write_lines(web, 0, sent // 100).wait(20)
    web.drain()
    # It waits for the receiver, and holds no file that retention has deleted.
    until(lambda: progress_of(world.home, one).waiting > 0)
    assert drainer.files() == []
    syslog.awake.set()
    until(lambda: syslog.messages()[-1].startswith(b"%010d" % (sent // 100 - 1)))
    found = syslog.messages()
    gaps = [int(text.split()[0]) for text in found if b"bytes are missing" in text]
    came = sum(len(text) + 1 for text in found if b"bytes are missing" not in text)
    # A line that a gap cuts came without its newline.
    assert 0 <= came + sum(gaps) - (sent // 100 * 100 + len(b"first\n")) <= len(gaps)
    assert gaps
    until(lambda: progress_of(world.home, one).missing == sum(gaps))


def test_a_stream_that_retention_deleted_whole_is_counted_too(world, run, syslog):
    one = drain(f"syslog://127.0.0.1:{syslog.port}")
    keeps = talk(world, "web.1@v7", budget=1 << 20)
    drainer = run(one)
    keeps.write(b"first\n")
    until(lambda: progress_of(world.home, one).lines == 1)
    drainer.kill()
    short = talk(world, "run.k3x9@v7", budget=1 << 20)
    short.write(b"x" * 99 + b"\n")
    short.drain()
    short.remove()
    world.write_lines(keeps, 0, 40_000).wait(20)
    keeps.drain()
    folder = world.home / "logs/shop/production/run.k3x9@v7"
    until(lambda: not folder.exists())
    run(one)
    until(lambda: syslog.messages()[-1].startswith(b"%010d" % 39_999))
    found = syslog.messages()
    assert b"100 bytes are missing: deleted by retention before they were read here" in found
    gaps = [int(text.split()[0]) for text in found if b"bytes are missing" in text]
    came = sum(len(text) + 1 for text in found if b"bytes are missing" not in text)
    assert 0 <= came + sum(gaps) - (40_000 * 100 + 100 + len(b"first\n")) <= len(gaps)


def test_a_collector_that_is_away_holds_nothing_up(world, run, syslog):
    web = talk(world)
    run(drain(f"syslog://127.0.0.1:{syslog.port}"))
    for turn in range(3):
        world.kill()
        web.write(b"%d\n" % turn)
        world.start()
        web.open()
        until(lambda at=turn: len(syslog.messages()) == at + 1)
    assert syslog.messages() == [b"0", b"1", b"2"]


def test_a_broken_place_is_read_from_the_beginning_again(world, run, syslog):
    one = drain(f"syslog://127.0.0.1:{syslog.port}")
    talk(world).write(b"one\n")
    drainer = run(one)
    until(lambda: read_progress(path_of(str(world.home), "k1")))
    until(lambda: syslog.messages() == [b"one"])
    drainer.kill()
    Path(path_of(str(world.home), "k1")).write_text("{")
    run(one)
    until(lambda: syslog.messages() == [b"one", b"one"])


def test_a_receiver_with_another_certificate_gets_nothing(world, run, tmp_path):
    key, certificate = certify(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    receiver = Syslog(lambda link: context.wrap_socket(link, server_side=True))
    one = drain(f"syslog+tls://localhost:{receiver.port}")
    web = talk(world)
    web.write(b"one\n")
    stranger = run(one)
    until(lambda: "CERTIFICATE_VERIFY_FAILED" in progress_of(world.home, one).error)
    assert not receiver.found
    stranger.kill()
    run(one, SSL_CERT_FILE=str(certificate))
    web.write(b"two\n")
    until(lambda: receiver.messages() == [b"one", b"two"])
    receiver.leave()


def certify(folder: Path) -> tuple[Path, Path]:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=x",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    return key, certificate


def test_two_drains_do_not_wait_for_each_other(world, run, syslog, web):
    dead = drain("syslog://127.0.0.1:9", key="dead")
    run(dead, drain(f"http://127.0.0.1:{web.port}/", key="k2"))
    talk(world).write(b"one\n")
    until(lambda: web.lines() == ["one"])
    until(lambda: "Connection refused" in progress_of(world.home, dead).error)
    assert os.listdir(world.home / "drains")
