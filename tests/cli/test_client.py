import os

import pytest

from twelve.cli.client import address_of, deploy_path
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
    assert address(url) == ("", host, port, tls, "t0ken")


def test_without_a_url_it_is_the_socket_of_the_home():
    found = address("")

    assert found.path.endswith("/control.sock")
    assert found.token == ""


def test_words_from_the_call_cannot_change_the_path():
    assert deploy_path("a/b?c", "d#e") == "/v1/apps/a%2Fb%3Fc/deploys/d%23e"
