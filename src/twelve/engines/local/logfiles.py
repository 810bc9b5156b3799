"""Reading one stream's segments: forwards from a place, backwards from the end, over rotation."""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from twelve.factors.logs import index
from twelve.factors.logs.line import LIMIT, Block, Joiner, Origin

_CHUNK = 512 * index.SIZE
_AHEAD = 256 << 10


class Place(NamedTuple):
    """A record: the segment it is in and where in the index it lies."""

    segment: int
    at: int


class Mark(NamedTuple):
    """How far a stream was read, to be kept and gone back to: ``pos`` bytes of it.

    The next record is at ``at`` in the index of ``segment`` (below 0: in none that is there yet),
    and ``last`` is the one before it, in hex.
    """

    segment: int
    at: int
    pos: int
    last: str


class Cursor:
    """Reads one stream forwards; never a byte twice, and it says when bytes were deleted unread."""

    def __init__(self, folder: str, origin: Origin) -> None:
        self.folder = folder
        self.origin = origin
        self._joiner = Joiner(origin)
        self._segment = -1
        self._at = 0
        self._pos = 0
        self._records: list[index.Record] = []
        self._next = 0
        self._index = -1
        self._data = -1
        self._last = b""
        self._before = b""
        self._ahead = b""
        self._ahead_from = 0

    def start_at(self, place: Place | None) -> None:
        """Begin with a record, or where it will be; None: with the oldest one there is."""
        if place is None:
            self._pos = next(iter(starts_of(self.folder)), 0)
            self._joiner = Joiner(self.origin, self._pos)
            return
        self._segment, self._at = place
        before = next(backwards(self.folder, place), None) if place.at else None
        self._pos = index.end_of(before[1]) if before else place.segment
        self._last = index.RECORD.pack(*before[1]) if before else b""
        self._before = self._last
        self._go_on_with(_begun_before(self.folder, place))

    def go_back_to(self, mark: Mark) -> None:
        """Begin where another reader was."""
        self._segment, self._at, self._pos, last = mark
        self._last = self._before = bytes.fromhex(last)
        there = Place(self._segment, self._at)
        self._go_on_with(b"" if self._segment < 0 else _begun_before(self.folder, there))

    def mark(self) -> Mark:
        """Where this reader is: what was not taken yet is before it."""
        ahead = self._records[self._next :]
        if self._segment < 0 or (ahead and ahead[0][2] & index.MISSING):
            return Mark(-1, 0, self._pos, "")
        at = self._at - len(ahead) * index.SIZE
        return Mark(self._segment, at, self._pos, self._before.hex() if at else "")

    @property
    def pos(self) -> int:
        """How many bytes of the stream were taken, or told to be missing."""
        return self._pos

    def head_ns(self) -> int | None:
        """The time of the next record."""
        return None if self.head() is None else self._records[self._next][3]

    def head(self) -> int | None:
        """The sequence of the next record; None when there is none yet."""
        if self._next >= len(self._records) and not self._fill():
            return None
        return self._records[self._next][4]

    def take(self) -> list[Block]:
        """The next record's lines, as far as they are whole. Only after ``head`` gave a number."""
        record = self._records[self._next]
        self._next += 1
        body = b""
        if not record[2] & (index.GAP | index.END):
            if self._data < 0 and not self._open(self._segment):
                record = self._all_missing(record)
            else:
                body = self._body(record[0], record[1])
        self._pos = index.end_of(record)
        if not record[2] & index.MISSING:
            self._before = index.RECORD.pack(*record)
        return self._joiner.feed(record, body)

    def rest(self) -> None:
        """Give the descriptors back until there is more to read."""
        for fd in (self._index, self._data):
            if fd >= 0:
                os.close(fd)
        self._index = self._data = -1
        self._ahead = b""

    def _go_on_with(self, begun: bytes) -> None:
        self._joiner = Joiner(self.origin, self._pos - len(begun), begun)

    def _body(self, offset: int, length: int) -> bytes:
        at = offset - self._ahead_from
        if at < 0 or at + length > len(self._ahead):
            known = index.end_of(self._records[-1]) - offset
            count = max(length, min(_AHEAD, known))
            data = os.pread(self._data, count, offset - self._segment)
            if len(data) == length:
                return data
            self._ahead, self._ahead_from, at = data, offset, 0
        return self._ahead[at : at + length]

    def _all_missing(self, record: index.Record) -> index.Record:
        """The segment was deleted while its descriptors were given back."""
        lost = index.end_of(self._records[-1]) - record[0]
        self._next = len(self._records)
        self._before = index.RECORD.pack(*self._records[-1])
        return (record[0], lost, index.GAP | index.MISSING, record[3], record[4])

    def _fill(self) -> bool:
        self._records, self._next = [], 0
        while True:
            if self._read_index():
                return True
            if self._go_on():
                continue
            return bool(self._records)

    def _read_index(self) -> bool:
        if self._index < 0 and (self._segment < 0 or not self._open(self._segment)):
            return False
        data = os.pread(self._index, _CHUNK, self._at)
        self._records = index.records(data)
        if self._records:
            self._at += len(self._records) * index.SIZE
            self._last = index.RECORD.pack(*self._records[-1])
        return bool(self._records)

    def _go_on(self) -> bool:
        """Step into the segment that follows, if there is one."""
        if self._segment != self._pos and self._open(self._pos):
            return True
        starts = starts_of(self.folder)
        if not starts:
            return False
        if self._is_another(starts):
            self._pos, self._joiner, self._segment = 0, Joiner(self.origin), -1
            self.rest()
            return self._open(0) if starts[0] == 0 else self._leap(starts[0])
        later = [start for start in starts if start > self._pos]
        if not later:
            return False
        # It was written to before it was left: look once more before calling bytes missing.
        if self._read_index():
            self._at -= len(self._records) * index.SIZE
            return True
        return self._leap(later[0])

    def _leap(self, start: int) -> bool:
        """Everything from here to ``start`` is gone: say so where the stream goes on."""
        first = next(iter(_records_at(self.folder, Place(start, 0))), None)
        if first is None:
            return False
        record = (self._pos, start - self._pos, index.GAP | index.MISSING, first[3], first[4])
        if not self._open(start):
            return False
        self._records = [record]
        return False

    def _is_another(self, starts: list[int]) -> bool:
        """Whether the whole stream was deleted and has begun anew."""
        if self._segment < 0:
            return starts[-1] < self._pos
        with suppress(OSError):
            path = f"{self.folder}/{index.index_name(self._segment)}"
            with open(path, "rb", buffering=0) as file:
                return not self._knows(file.fileno())
        return starts[-1] < self._segment

    def _knows(self, fd: int) -> bool:
        """Whether an index holds what was read from it last; inode numbers are used again."""
        before = self._at - index.SIZE
        return before < 0 or os.pread(fd, index.SIZE, before) == self._last

    def _open(self, start: int) -> bool:
        path = f"{self.folder}/{index.segment_name(start)}"
        try:
            data = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            found = os.open(path[:-3] + "idx", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            os.close(data)
            return False
        if start == self._segment and not self._knows(found):
            os.close(data)
            os.close(found)
            return False
        self.rest()
        self._data, self._index = data, found
        if start != self._segment:
            self._segment, self._at = start, 0
        return True


def starts_of(folder: str) -> list[int]:
    """The first offsets of a stream's segments, oldest first."""
    with suppress(OSError):
        return index.segment_starts(os.listdir(folder))
    return []


def streams_below(home: str, app: str, deploy: str) -> dict[str, Origin]:
    """A deploy's streams by folder, relative to the home."""
    base = f"logs/{app}/{deploy}"
    found = {}
    with suppress(OSError):
        for process in os.listdir(f"{home}/{base}"):
            with suppress(OSError):
                for stream in os.listdir(f"{home}/{base}/{process}"):
                    origin = origin_of(f"{base}/{process}/{stream}")
                    if origin:
                        found[f"{base}/{process}/{stream}"] = origin
    return found


def origin_of(folder: str) -> Origin | None:
    """Whose stream a folder ``logs/APP/DEPLOY/PROCESS@RELEASE/STREAM`` is; None when it is none."""
    process, _, stream = folder.split("/", 3)[-1].partition("/")
    name, at, release = process.rpartition("@")
    if not at or not stream or stream.startswith(".") or "/" in stream:
        return None
    return Origin(name, release, stream)


def last_record(folder: str) -> index.Record | None:
    """The newest record of a stream."""
    return next((record for _, record in backwards(folder)), None)


def backwards(folder: str, before: Place | None = None) -> Iterator[tuple[Place, index.Record]]:
    """A stream's records from the newest (or from before a place) to the oldest."""
    for start in reversed(starts_of(folder)):
        if before is not None and start > before.segment:
            continue
        path = f"{folder}/{index.index_name(start)}"
        with suppress(FileNotFoundError), open(path, "rb", buffering=0) as file:
            end = os.fstat(file.fileno()).st_size // index.SIZE * index.SIZE
            if before is not None and start == before.segment:
                end = before.at
            while end > 0:
                at = max(0, end - _CHUNK // 4)
                found = index.records(os.pread(file.fileno(), end - at, at))
                for number in range(len(found) - 1, -1, -1):
                    yield Place(start, at + number * index.SIZE), found[number]
                end = at


def lines_at(folder: str, place: Place, record: index.Record, origin: Origin) -> list[Block]:
    """What ends in one record, whole: with what had begun before it."""
    begun = _begun_before(folder, place)
    joiner = Joiner(origin, record[0] - len(begun), begun)
    return joiner.feed(record, read(folder, place.segment, record))


def since(folder: str, ns: int) -> Place | None:
    """The first record that is not older than ``ns``; None when all are older."""
    starts = starts_of(folder)
    low, high = 0, len(starts)
    while low < high:
        middle = (low + high) // 2
        first = next(iter(_records_at(folder, Place(starts[middle], 0))), None)
        if first is not None and first[3] < ns:
            low = middle + 1
        else:
            high = middle
    for start in starts[max(0, low - 1) :]:
        for number, record in enumerate(_records_at(folder, Place(start, 0))):
            if record[3] >= ns:
                return Place(start, number * index.SIZE)
    return None


def read(folder: str, segment: int, record: index.Record) -> bytes:
    """One record's bytes; nothing when the segment is gone."""
    if record[2] & (index.GAP | index.END):
        return b""
    with (
        suppress(FileNotFoundError),
        open(f"{folder}/{index.segment_name(segment)}", "rb", buffering=0) as file,
    ):
        return os.pread(file.fileno(), record[1], record[0] - segment)
    return b""


def _begun_before(folder: str, place: Place) -> bytes:
    parts: list[bytes] = []
    size = 0
    for where, record in backwards(folder, place):
        if record[2] & (index.GAP | index.END):
            break
        body = read(folder, where.segment, record)
        cut = body.rfind(b"\n") + 1
        parts.append(body[cut:])
        size += len(body) - cut
        if cut or size > LIMIT:
            break
    return b"".join(reversed(parts))


def _records_at(folder: str, place: Place) -> Iterator[index.Record]:
    path = f"{folder}/{index.index_name(place.segment)}"
    with suppress(FileNotFoundError), open(path, "rb", buffering=0) as file:
        at = place.at
        while found := index.records(os.pread(file.fileno(), _CHUNK, at)):
            yield from found
            at += len(found) * index.SIZE
