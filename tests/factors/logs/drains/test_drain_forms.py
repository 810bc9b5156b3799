import json
import re

import pytest

from twelve.factors.logs.drains.posting import body
from twelve.factors.logs.drains.syslog import LONGEST, frames
from twelve.factors.logs.line import PARTIAL, Block, Origin, overtaken

WEB = Origin("web.1", "v7", "stdout")
NS = 1_796_000_000_123_456_789

RFC_5424 = re.compile(
    rb"<(?P<priority>[0-9]{1,3})>1 (?P<time>\S+) (?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48}) "
    rb"(?P<process>[!-~]{1,128}) (?P<id>[!-~]{1,32}) "
    rb'(?P<data>\[[!-~]+( [!-~]+="[^"\\\]]*")*\]) (?P<text>.*)',
    re.DOTALL,
)


def messages(data):
    """Taken apart as a receiver does it: a length, a blank, so many bytes."""
    found = []
    while data:
        length, _, data = data.partition(b" ")
        message, data = data[: int(length)], data[int(length) :]
        assert len(message) == int(length)
        found.append(RFC_5424.fullmatch(message))
    return found


def test_each_line_is_one_message_that_says_whose_it_is():
    first, second = messages(
        frames([Block(WEB, NS, 1, 0, b"GET / 200\n \xff\x00\n")], "shop", "production")
    )

    assert first["text"] == b"GET / 200"
    assert second["text"] == b" \xff\x00"
    assert first.group("priority", "host", "app", "process", "id") == (
        *(b"134", b"production.shop", b"shop", b"web.1", b"stdout"),
    )
    assert first["time"] == b"2026-11-30T00:53:20.123456Z"
    assert first["data"] == b'[origin software="shop" swVersion="v7"]'


@pytest.mark.parametrize(
    ("block", "priority", "text"),
    [
        (Block(Origin("twelve", "-", "events"), NS, 1, 0, b"live\n"), b"133", b"live"),
        (Block(WEB, NS, 1, 0, b"cut", PARTIAL), b"134", b"cut"),
        (Block(WEB, NS, 1, 0, b"\n"), b"134", b""),
        (
            overtaken(WEB, NS, 1, 5, 90),
            b"132",
            b"90 bytes are missing: deleted by retention before they were read here",
        ),
    ],
)
def test_what_is_no_common_line_is_told_too(block, priority, text):
    (message,) = messages(frames([block], "shop", "production"))

    assert message.group("priority", "text") == (priority, text)


def test_a_line_too_long_for_receivers_goes_in_pieces():
    line = b"0123456789" * 2000
    found = messages(frames([Block(WEB, NS, 1, 0, line + b"\n")], "shop", "production"))

    assert b"".join(message["text"] for message in found) == line
    assert [len(message[0]) for message in found][:-1] == [LONGEST] * (len(found) - 1)
    assert len(found) == 3


def test_names_as_long_as_they_may_be_fit_into_the_fields():
    long = Origin("w" * 63 + ".1", "v" + "9" * 40, "stdout")

    (message,) = messages(frames([Block(long, NS, 1, 0, b"x\n")], "a" * 63, "d" * 63))
    assert message["text"] == b"x"


def test_a_post_holds_json_lines_with_the_deploy_in_each():
    blocks = [Block(WEB, NS, 8, 10, b"\xc3\xa4\n\xff\n"), overtaken(WEB, NS, 9, 14, 3)]
    found = [json.loads(line) for line in body(blocks, "shop", "production").splitlines()]

    assert [line["line"] for line in found] == [
        "ä",
        "\ufffd",
        "3 bytes are missing: deleted by retention before they were read here",
    ]
    assert found[0] | {"line": ""} == {
        "app": "shop", "deploy": "production", "ns": NS, "sequence": 8, "process": "web.1",
        "release": "v7", "stream": "stdout", "offset": 10, "line": "",
    }  # fmt: skip
    assert found[1]["base64"] == "/w=="
    assert found[2]["gap"] is True
