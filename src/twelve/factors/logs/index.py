"""The index beside each log segment: where a block lies, when it came, its place in the order.

The collector imports this module, so it imports nothing but ``struct``: its memory is counted.
"""

import struct

Record = tuple[int, int, int, int, int]
"""(offset in the whole stream, length in bytes, flags, CLOCK_REALTIME in ns, sequence)."""

RECORD = struct.Struct("<QIIQQ")
SIZE = RECORD.size

GAP = 1
"""Bytes were lost here: ``length`` of them, and no data lies in the segment for this record."""
REBUILT = 2
"""Written after a crash from the size of the segment: the time is that of the file."""
END = 4
"""The writer ended in mid-line: what was begun is a whole line. ``length`` is 0."""

MISSING = 8
"""Only in a reader's memory, with GAP: ``length`` bytes were deleted before they could be read."""

BLOCK = 1 << 18
"""The most bytes that one record speaks of when a stream is captured."""
SEGMENT = 8 << 20
"""The size at which a segment is closed; less when the deploy's budget is small."""
LEAST_SEGMENT = 64 << 10

_LINES_SHIFT = 8
_LINES_MOST = (1 << 24) - 1
_LENGTH_MOST = (1 << 32) - 1


def gap(offset: int, lost: int, lines: int, ns: int, sequence: int) -> bytes:
    """A gap marker: ``lost`` bytes with ``lines`` ends of lines in them, each up to what fits."""
    flags = GAP | min(lines, _LINES_MOST) << _LINES_SHIFT
    return RECORD.pack(offset, min(lost, _LENGTH_MOST), flags, ns, sequence)


def lost_lines(flags: int) -> int:
    """How many ends of lines a gap marker counted."""
    return flags >> _LINES_SHIFT


def records(data: bytes) -> list[Record]:
    """All whole records of an index; a torn last one is left out."""
    whole = len(data) - len(data) % SIZE
    return list(RECORD.iter_unpack(data[:whole]))


def end_of(record: Record) -> int:
    """The offset in the stream after this record's bytes."""
    offset, length, flags, _, _ = record
    return offset if flags & GAP and not flags & MISSING else offset + length


def sound(data: bytes, start: int, size: int) -> tuple[int, int]:
    """What of an index agrees with its segment: (bytes of it to keep, offset it reaches).

    ``start`` is the segment's first offset, ``size`` its length. A record that does not follow on
    the one before, or that speaks of bytes which are not there, ends what can be trusted.
    """
    reached, kept = start, 0
    for record in records(data):
        if record[0] != reached or record[4] == 0 or end_of(record) > start + size:
            break
        reached = end_of(record)
        kept += SIZE
    return kept, reached


def pieces(offset: int, end: int) -> list[tuple[int, int]]:
    """The bytes from ``offset`` to ``end`` cut into blocks: [(offset, length)]."""
    return [(at, min(BLOCK, end - at)) for at in range(offset, end, BLOCK)]


def segment_size(budget: int, streams: int) -> int:
    """Where to cut segments, so that a deploy's open ones stay within a quarter of its budget."""
    if budget <= 0:
        return SEGMENT
    return max(LEAST_SEGMENT, min(SEGMENT, budget // (4 * max(streams, 1))))


def segment_name(offset: int) -> str:
    """The file name of the segment that begins at ``offset``."""
    return f"{offset:020d}.log"


def index_name(offset: int) -> str:
    """The file name of that segment's index."""
    return f"{offset:020d}.idx"


def segment_starts(names: list[str]) -> list[int]:
    """The first offsets of the segments among the names of a folder, in order."""
    return sorted(
        int(name[:20])
        for name in names
        if len(name) == 24 and name.endswith(".log") and name[:20].isascii() and name[:20].isdigit()
    )


GRAVES = "graves"
"""The file in a deploy's log folder that names the streams which retention has deleted whole."""

Grave = tuple[str, int, int, int, int]
"""(``PROCESS@RELEASE/STREAM``, bytes it had, ns and sequence of the last, ns of the deletion)."""


def grave(stream: str, last: Record, now: int) -> str:
    """The line that says a stream is gone, whose last record this was."""
    return f"{stream} {end_of(last)} {last[3]} {last[4]} {now}\n"


def graves(text: str) -> list[Grave]:
    """All whole lines of that file; torn ones are left out."""
    found = []
    for line in text.splitlines():
        stream, *numbers = line.split(" ")
        if len(numbers) == 4 and all(number.isdecimal() for number in numbers):
            size, ns, sequence, now = map(int, numbers)
            found.append((stream, size, ns, sequence, now))
    return found
