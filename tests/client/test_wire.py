import io
import socket
import threading

import pytest

from twelve.client.wire import Address, as_error, ask, connect
from twelve.errors import Conflict, NotFound, TwelveError, Unreachable


class Server:
    """Listens on a unix socket, takes one request and answers with these bytes."""

    def __init__(self, path, answer):
        self.address = Address(path=str(path))
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.answer = answer
        self.request = b""
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        link, _ = self.listener.accept()
        with link:
            while not self.whole():
                data = link.recv(65536)
                if not data:
                    break
                self.request += data
            link.sendall(self.answer)
        self.listener.close()

    def whole(self):
        head, blank, body = self.request.partition(b"\r\n\r\n")
        if b"chunked" in head:
            return body.endswith(b"0\r\n\r\n")
        return bool(blank) and len(body) >= length_in(head)


def length_in(head):
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def plain(body, status=b"200 OK"):
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body


def test_an_answer_of_known_length_is_read_whole(tmp_path):
    server = Server(tmp_path / "s", plain(b'{"a": 1}'))

    assert ask(server.address, "GET", "/v1/x").json() == {"a": 1}
    assert server.request.startswith(b"GET /v1/x HTTP/1.1\r\nHost: twelve\r\n")


def test_a_body_goes_as_json(tmp_path):
    server = Server(tmp_path / "s", plain(b"null"))

    assert ask(server.address, "POST", "/v1/x", body={"å": 1}).json() is None
    assert server.request.endswith(b'\r\n\r\n{"\\u00e5": 1}')


def test_chunks_come_as_lines_however_they_are_cut(tmp_path):
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (b"on", b"e\ntw", b"o\n\nrest"))
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    server = Server(tmp_path / "s", head + pieces + b"0\r\n\r\n")

    assert list(ask(server.address, "GET", "/").lines()) == [b"one", b"two", b"", b"rest"]


def test_a_file_is_sent_in_chunks(tmp_path):
    server = Server(tmp_path / "s", plain(b"null"))

    ask(server.address, "POST", "/", upload=io.BytesIO(b"x" * 300_000), headers={"A": "b"}).json()

    assert server.request.count(b"x") == 300_000
    assert b"\r\nA: b\r\n" in server.request


def test_a_refusal_in_the_middle_of_an_upload_is_read(tmp_path):
    class Hasty(Server):
        def whole(self):
            return True

    body = b'{"error": {"code": "refused", "message": "too large", "hint": "", "exit": 1}}'
    server = Hasty(tmp_path / "s", plain(body, b"409 Conflict"))

    with pytest.raises(TwelveError, match="too large"):
        ask(server.address, "POST", "/", upload=io.BytesIO(b"x" * 50_000_000))


def test_an_error_comes_back_in_its_class_with_everything_it_says():
    error = as_error(
        {"code": "not-found", "message": "no", "hint": "look", "problems": ["a"], "exit": 1}
    )

    assert isinstance(error, NotFound)
    assert (error.message, error.hint, error.problems) == ("no", "look", ("a",))
    assert isinstance(as_error({"code": "conflict", "message": "x"}), Conflict)


def test_an_error_of_an_unknown_code_keeps_its_exit_code():
    error = as_error({"code": "new-one", "message": "x", "exit": 70})

    assert (error.code, error.exit_code) == ("new-one", 70)


def test_an_error_that_is_not_ours_is_told_by_its_status(tmp_path):
    server = Server(tmp_path / "s", plain(b"<html>", b"502 Bad Gateway"))

    with pytest.raises(TwelveError, match="answered 502"):
        ask(server.address, "GET", "/")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
    ids=["nothing", "cut off", "cut off in a chunk"],
)
def test_a_server_that_hangs_up_is_unreachable(tmp_path, answer):
    server = Server(tmp_path / "s", answer)

    with pytest.raises(Unreachable, match="hung up"):
        ask(server.address, "GET", "/").json()


def test_nobody_at_the_socket_is_unreachable_and_says_how_to_start_one(tmp_path):
    with pytest.raises(Unreachable, match="no control plane answers") as caught:
        connect(Address(path=str(tmp_path / "nothing")))

    assert "twelve serve" in caught.value.hint
    assert caught.value.exit_code == 69


def test_a_token_goes_with_each_call_to_a_host():
    seen = []

    def serve(listener):
        link, _ = listener.accept()
        with link:
            seen.append(link.recv(65536))
            link.sendall(plain(b"1"))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        address = Address("", "127.0.0.1", listener.getsockname()[1], False, "t0ken")
        assert ask(address, "GET", "/").json() == 1

    assert b"\r\nAuthorization: Bearer t0ken\r\n" in seen[0]
