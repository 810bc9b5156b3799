import base64
import json

import pytest

from twelve.factors.logs.line import GAP, PARTIAL, REBUILT, SPLIT, Block, Line, Origin
from twelve.factors.logs.render import Form, json_line, json_lines, prefix, stamp, text, text_parts

NS = 1795247065_123_999_999
WEB = Origin("web.1", "v7", "stdout")
LINE = Line(NS, 7, "web.1", "v7", "stdout", b"GET /", 42)


def test_times_are_utc_with_milliseconds():
    assert stamp(NS) == "2026-11-21T07:44:25.123Z"
    assert stamp(0) == "1970-01-01T00:00:00.000Z"


def test_text_has_time_process_and_line():
    assert text(LINE) == b"2026-11-21T07:44:25.123Z web.1 | GET /\n"
    assert text(LINE, Form(width=8)) == b"2026-11-21T07:44:25.123Z web.1    | GET /\n"


def test_bytes_pass_through_text_unchanged():
    assert text(LINE._replace(data=b"\xff\0\r")).endswith(b"| \xff\0\r\n")


def test_colour_is_only_there_when_asked_for_and_is_the_same_for_a_type():
    assert b"\x1b" not in text(LINE)
    one, two = (
        prefix(Origin(name, "v7", "stdout"), 0, Form(colour=True)) for name in ("web.1", "web.2")
    )
    assert one.startswith(b"\x1b[")
    assert one.replace(b"web.1", b"web.2") == two
    assert b"\x1b[0m |" not in one
    assert one.endswith(b"\x1b[0m ")


def test_a_block_is_its_lines():
    block = Block(WEB, NS, 7, 42, b"GET /\n\nlast\n")
    assert b"".join(text_parts(block)) == b"".join(text(line) for line in block.lines())
    for flags in (SPLIT, PARTIAL, GAP):
        odd = Block(WEB, NS, 7, 42, b"text", flags)
        assert b"".join(text_parts(odd)) == b"".join(text(line) for line in odd.lines())
    assert b"".join(text_parts(odd)).endswith(b"| [text]\n")


def test_json_has_the_promised_keys():
    assert json.loads(json_line(LINE)) == {
        "ns": NS,
        "sequence": 7,
        "process": "web.1",
        "release": "v7",
        "stream": "stdout",
        "offset": 42,
        "line": "GET /",
    }


def test_json_is_one_line_whatever_the_line_holds():
    data = "\0\r\x1b[31m \u2028 ü".encode()
    encoded = json_line(LINE._replace(data=data))
    assert encoded.count(b"\n") == 1
    assert json.loads(encoded)["line"].encode() == data


def test_what_is_not_utf_8_keeps_its_bytes():
    found = json.loads(json_line(LINE._replace(data=b"a\xff")))
    assert found["line"] == "a\ufffd"
    assert base64.b64decode(found["base64"]) == b"a\xff"


def test_marks_are_there_when_true():
    assert json.loads(json_line(LINE._replace(flags=SPLIT)))["split"] is True
    assert "gap" not in json.loads(json_line(LINE))
    assert json.loads(json_line(LINE._replace(flags=GAP)))["gap"] is True


@pytest.mark.parametrize("flags", [0, REBUILT, SPLIT, PARTIAL, GAP])
@pytest.mark.parametrize(
    "data",
    [
        b"GET /\n\nlast\n",
        "ü\n\u2028\x85 ünd \U0001f600\n".encode(),
        b'quote " back \\ \0\r\t\x1b[31m\x7f\n',
        b"not \xff UTF-8\nbut this\n",
        b"\n",
    ],
)
def test_a_block_as_json_is_its_lines_as_json(data, flags):
    block = Block(WEB, NS, 7, 42, data, flags)
    assert json_lines(block) == b"".join(json_line(line) for line in block.lines())
    rows = [json.loads(row) for row in json_lines(block, {"app": "shöp"}).split(b"\n")[:-1]]
    assert rows == [{"app": "shöp", **json.loads(json_line(line))} for line in block.lines()]
