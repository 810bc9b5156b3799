"""Following from the files: a collector writes them, and a socket answers as control does."""

import os
import socket
import threading

import pytest
from tests.engines.local.collector.worlds import World

from twelve.client.following import followed
from twelve.client.wire import Address, ask
from twelve.errors import Unreachable
from twelve.factors.logs.filter import FILES_KIND, Files, Filter
from twelve.factors.logs.render import PLAIN

pytestmark = pytest.mark.live
LABEL = "shop", "production"


class Control:
    """Says where the files are, and stays until it is told to leave."""

    def __init__(self, path, files: Files, kind: str = FILES_KIND):
        self.address = Address(path=str(path))
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.leave = threading.Event()
        self.heard_end = threading.Event()
        self.head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.line = files.line()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        link, _ = self.listener.accept()
        with link, self.listener:
            link.recv(65536)
            link.sendall(self.head.encode() + b"%x\r\n%b\r\n" % (len(self.line), self.line))
            while not self.leave.wait(0.01):
                if ended(link):
                    self.heard_end.set()
                    return


def ended(link) -> bool:
    try:
        return link.recv(1, socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.start()
    yield world
    world.end()


def test_what_there_is_and_what_comes_is_read_until_control_goes_away(world, tmp_path):
    web, other = world.fifos(), world.fifos("shop/production/worker.1@v7")
    web.open()
    web.write(b"first\nbegun")
    files = Files(str(world.home), str(world.run), Filter(types=frozenset(["web"])))
    control = Control(tmp_path / "s", files)
    pieces = followed(ask(control.address, "GET", "/"), LABEL, PLAIN)
    text = next(pieces)
    assert text.endswith(b"web.1 | first\n")
    other.open()
    other.write(b"not wanted\n")
    web.write(b", whole now\nlast\n")
    while not text.endswith(b"last\n"):
        text += next(pieces)
    control.leave.set()
    assert list(pieces) == []
    said = [line.partition(b" | ")[2] for line in text.splitlines()]
    assert said == [b"first", b"begun, whole now", b"last"]


def test_files_that_are_not_ours_are_left_to_control(world, tmp_path):
    away = Files(str(world.home), str(tmp_path / "nowhere"), Filter())
    control = Control(tmp_path / "s", away)
    assert followed(ask(control.address, "GET", "/"), LABEL, None) is None
    assert control.heard_end.wait(10)


def test_an_answer_that_carries_the_lines_is_passed_on(world, tmp_path):
    files = Files(str(world.home), str(world.run), Filter())
    control = Control(tmp_path / "s", files, "text/plain; charset=utf-8")
    pieces = followed(ask(control.address, "GET", "/"), LABEL, PLAIN)
    assert next(pieces) == files.line()
    control.leave.set()
    with pytest.raises(Unreachable):
        next(pieces)


def test_no_descriptor_is_left(world, tmp_path):
    web = world.fifos()
    web.open()
    web.write(b"line\n")
    web.drain()
    before = len(os.listdir("/proc/self/fd"))
    for number in range(3):
        files = Files(str(world.home), str(world.run), Filter())
        control = Control(tmp_path / f"s{number}", files)
        pieces = followed(ask(control.address, "GET", "/"), LABEL, PLAIN)
        next(pieces)
        control.leave.set()
        assert list(pieces) == []
        control.thread.join()
    assert len(os.listdir("/proc/self/fd")) == before
