"""A line as text for people, and as JSON for programs."""

import base64
import json
import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import NamedTuple

from twelve.factors.logs.line import GAP, PARTIAL, REBUILT, SPLIT, Block, Line, Origin

_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
_quoted = json.encoder.encode_basestring
_MARKS = ((GAP, "gap"), (SPLIT, "split"), (PARTIAL, "partial"), (REBUILT, "rebuilt"))


class Form(NamedTuple):
    """How text is to look: process names aligned to ``width``, coloured by type for a terminal."""

    width: int = 0
    colour: bool = False
    clock: bool = False
    """Only the local time of day, for a terminal that one watches."""


PLAIN = Form()


def stamp(ns: int) -> str:
    """``2026-11-21T07:44:25.123Z``."""
    seconds, rest = divmod(ns, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest // 1_000_000:03d}Z"


def of_day(ns: int) -> str:
    """``08:44:25`` in the time zone of this machine."""
    return f"{datetime.fromtimestamp(ns // 1_000_000_000):%H:%M:%S}"  # noqa: DTZ006 - local on purpose


def prefix(origin: Origin, ns: int, form: Form = PLAIN) -> bytes:
    """What stands before each line of text: time and process, as ``form`` has it."""
    when = of_day(ns) if form.clock else stamp(ns)
    head = f"{when} {origin.process.ljust(form.width)} |"
    if form.colour:
        # By name, so that a type has its colour in every call and every terminal.
        number = _COLOURS[zlib.crc32(origin.type.encode()) % len(_COLOURS)]
        head = f"\x1b[{number}m{head}\x1b[0m"
    return f"{head} ".encode()


def text_parts(block: Block, form: Form = PLAIN) -> tuple[bytes, bytes | memoryview]:
    """A whole block with a prefix before each line, made in one go: two pieces to be joined."""
    head = prefix(block.origin, block.ns, form)
    if block.flags & GAP:
        return head, b"[" + block.data + b"]\n"
    if not block.plain:
        return head, block.data + b"\n"
    # A view leaves out the prefix after the last newline without another copy of everything.
    lines = block.data.replace(b"\n", b"\n" + head)
    return head, memoryview(lines)[: len(lines) - len(head)]


def render(blocks: Iterable[Block], form: Form | None) -> bytes:
    """Blocks as text, or as JSON lines without a form; as text no line costs work of its own."""
    if form is None:
        return b"".join(map(json_lines, blocks))
    return b"".join([part for block in blocks for part in text_parts(block, form)])


def text(line: Line, form: Form = PLAIN) -> bytes:
    """One line of text, newline included. Bytes that are not UTF-8 are passed on as they are."""
    origin = Origin(line.process, line.release, line.stream)
    head = prefix(origin, line.ns, form)
    return head + (b"[" + line.data + b"]" if line.flags & GAP else line.data) + b"\n"


def plain(line: Line) -> dict[str, object]:
    """The line as plain data for JSON.

    A line that is not UTF-8 has its bytes under ``base64`` too; ``line`` then has replacement
    characters. Marks (``gap``, ``split``, ``partial``, ``rebuilt``) are there only when true.
    """
    found: dict[str, object] = {
        "ns": line.ns,
        "sequence": line.sequence,
        "process": line.process,
        "release": line.release,
        "stream": line.stream,
        "offset": line.offset,
    }
    try:
        found["line"] = line.data.decode()
    except UnicodeDecodeError:
        found["line"] = line.data.decode("utf-8", "replace")
        found["base64"] = base64.b64encode(line.data).decode("ascii")
    found |= {name: True for flag, name in _MARKS if line.flags & flag}
    return found


def json_line(line: Line) -> bytes:
    """One line of JSON, newline included."""
    return _compact(plain(line)).encode() + b"\n"


def json_lines(block: Block, whose: Mapping[str, str] = MappingProxyType({})) -> bytes:
    """A whole block as lines of JSON, each beginning with ``whose``; what they share made once."""
    text = _text_of(block)
    if text is None:
        every = ({**whose, **plain(line)} for line in block.lines())
        return b"".join(_compact(each).encode() + b"\n" for each in every)
    process, release, stream = block.origin
    same = {**whose, "ns": block.ns, "sequence": block.sequence}
    same |= {"process": process, "release": release, "stream": stream}
    head = _compact(same)[:-1] + ',"offset":'
    tail = ',"rebuilt":true}\n' if block.flags & REBUILT else "}\n"
    of_bytes, offset = text.isascii(), block.offset
    rows = []
    for line in text.split("\n"):
        rows.append(f'{head}{offset},"line":{_quoted(line)}{tail}')
        offset += (len(line) if of_bytes else len(line.encode())) + 1
    return "".join(rows).encode()


def _text_of(block: Block) -> str | None:
    """What its lines are as text; None when they are not, or it is no block of whole lines."""
    try:
        return block.data[:-1].decode() if block.plain else None
    except UnicodeDecodeError:
        return None


def _compact(data: Mapping[str, object]) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
