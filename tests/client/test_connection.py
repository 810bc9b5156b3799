import os

import pytest
from tests.client.test_wire import Server, plain

from twelve.client.connection import Client, address_of, deploy_path
from twelve.client.wire import Address
from twelve.errors import Unreachable
from twelve.settings import load_settings


def address(url):
    environ = {**os.environ, "TWELVE_URL": url, "TWELVE_TOKEN": "t0ken"}
    return address_of(load_settings(environ, uid=1000))


@pytest.mark.parametrize(("url", "host", "port", "tls"), [
    ("http://twelve.example", "twelve.example", 80, False),
    ("https://twelve.example", "twelve.example", 443, True),
    ("https://twelve.example:8443/", "twelve.example", 8443, True),
    ("http://[::1]:9000", "::1", 9000, False),
])  # fmt: skip
def test_a_remote_control_plane_is_where_its_url_says(url, host, port, tls):
    assert address(url) == Address("", host, port, tls, "t0ken")


def test_without_a_url_it_is_the_socket_of_the_home():
    found = address("")

    assert found.path.endswith("/control.sock")
    assert found.token == ""


def test_words_from_the_call_cannot_change_the_path():
    assert deploy_path("a/b?c", "d#e") == "/v1/apps/a%2Fb%3Fc/deploys/d%23e"


def client_of(monkeypatch, tmp_path, answer):
    server = Server(tmp_path / "s", answer)
    client = Client(load_settings(os.environ, uid=1000))
    monkeypatch.setattr(client, "address", server.address)
    return client


def test_the_end_of_an_operation_that_failed_is_its_error(monkeypatch, tmp_path):
    lines = b'{"step": "build", "text": "x", "at": 0}\n'
    lines += b'{"step": "end", "ok": false, "error": {"code": "unreachable", "message": "no"}}\n'
    events = client_of(monkeypatch, tmp_path, plain(lines)).events("op1")

    assert next(events)["step"] == "build"
    with pytest.raises(Unreachable, match=r"^no$"):
        next(events)


@pytest.mark.parametrize("cut", [0, 10], ids=["between two events", "in the middle"])
def test_an_operation_whose_control_plane_died_is_told_to_be_finished_or_undone(
    monkeypatch, tmp_path, cut
):
    answer = plain(b'{"step": "build", "text": "x", "at": 0}\n' + b" " * cut)
    client = client_of(monkeypatch, tmp_path, answer[:-cut] if cut else answer)

    with pytest.raises(Unreachable, match="finished or undone when it is back"):
        list(client.events("op1"))
