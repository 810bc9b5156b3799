"""A line of the log stream, and how blocks of bytes become lines."""

from collections.abc import Iterator
from typing import NamedTuple

from twelve.factors.logs import index

LIMIT = 1 << 20
"""Longer lines are split here, and marked."""

GAP = 1
"""No line of a process: it says what is missing here."""
REBUILT = 2
"""Its time is that of the file: the collector was killed before it wrote the record."""
SPLIT = 4
"""The line is longer than 1 MiB: the next one of this stream goes on with it."""
PARTIAL = 8
"""It does not end in a newline: its process ended, or bytes after it are missing."""


class Origin(NamedTuple):
    """Where a stream comes from: ``web.1``, ``v7`` (or ``-``), ``stdout``."""

    process: str
    release: str
    stream: str

    @property
    def type(self) -> str:
        """The process type: ``web`` of ``web.1``, ``twelve`` for platform events."""
        return self.process.partition(".")[0]


class Line(NamedTuple):
    """One line, without its newline.

    ``ns`` and ``sequence`` are those of the block in which it ends; ``offset`` is that of its first
    byte in its stream. ``flags`` are GAP, REBUILT, SPLIT, PARTIAL.
    """

    ns: int
    sequence: int
    process: str
    release: str
    stream: str
    data: bytes
    offset: int
    flags: int = 0


class Block(NamedTuple):
    """Lines of one stream that came together: ``data`` is whole lines, each with its newline.

    With SPLIT or PARTIAL among the flags it is one line without a newline; with GAP it is Twelve's
    own sentence about what is missing.
    """

    origin: Origin
    ns: int
    sequence: int
    offset: int
    data: bytes
    flags: int = 0

    @property
    def plain(self) -> bool:
        """Whether it is nothing but whole lines."""
        return not self.flags & ~REBUILT

    @property
    def amount(self) -> int:
        """How many lines it holds; the pieces of a split line count once, with the last one."""
        if self.plain:
            return self.data.count(b"\n")
        return 0 if self.flags & SPLIT else 1

    def without(self, first: int) -> "Block | None":
        """The block without its first lines; None when nothing is left."""
        if first >= self.amount:
            return None
        at = 0
        for _ in range(first):
            at = self.data.index(b"\n", at) + 1
        return self._replace(data=self.data[at:], offset=self.offset + at)

    def lines(self) -> Iterator[Line]:
        """The block, line by line."""
        process, release, stream = self.origin
        if not self.plain:
            yield Line(
                self.ns, self.sequence, process, release, stream, self.data, self.offset, self.flags
            )
            return
        offset = self.offset
        for data in self.data[:-1].split(b"\n"):
            yield Line(self.ns, self.sequence, process, release, stream, data, offset, self.flags)
            offset += len(data) + 1


def overtaken(origin: Origin, ns: int, sequence: int, offset: int, lost: int) -> Block:
    """The sentence that says how much was deleted before a reader came to it."""
    text = f"{lost} bytes are missing: deleted by retention before they were read here"
    return Block(origin, ns, sequence, offset, text.encode(), GAP)


def lost_bytes(block: Block) -> int:
    """How many bytes a gap's sentence counts; 0 for a block that is none."""
    return int(block.data.partition(b" ")[0]) if block.flags & GAP else 0


class Joiner:
    """Makes blocks of whole lines from one stream's records: a line may lie over many of them."""

    def __init__(self, origin: Origin, offset: int = 0, begun: bytes = b"") -> None:
        self.origin = origin
        self.offset = offset
        """Where the line that has begun starts."""
        self._begun = [begun] if begun else []
        self._size = len(begun)

    def feed(self, record: index.Record, body: bytes) -> list[Block]:
        """The next record and its bytes (up to 1 MiB); what became whole with them."""
        _, _, flags, ns, sequence = record
        if flags & (index.GAP | index.END):
            return self._broken(record)
        kept = REBUILT if flags & index.REBUILT else 0
        cut = body.rfind(b"\n") + 1
        blocks: list[Block] = []
        if cut:
            whole = body[:cut] if cut < len(body) else body
            if self._begun:
                whole = b"".join((*self._begun, whole))
            blocks = self._whole(whole, ns, sequence, kept)
            self._begun, self._size = [], 0
            body = body[cut:]
        if body:
            self._begun.append(body)
            self._size += len(body)
            if self._size > LIMIT:
                blocks += self._pieces(b"".join(self._begun), ns, sequence, kept)
        return blocks

    def _broken(self, record: index.Record) -> list[Block]:
        _, lost, flags, ns, sequence = record
        blocks = self._rest(ns, sequence)
        if flags & index.MISSING:
            blocks.append(overtaken(self.origin, ns, sequence, self.offset, lost))
            self.offset += lost
        elif flags & index.GAP:
            count = index.lost_lines(flags)
            text = f"{lost} bytes ({count} lines) are missing: there was no room on the disk"
            blocks.append(Block(self.origin, ns, sequence, self.offset, text.encode(), GAP))
        return blocks

    def _rest(self, ns: int, sequence: int) -> list[Block]:
        if not self._begun:
            return []
        data = b"".join(self._begun)
        block = Block(self.origin, ns, sequence, self.offset, data, PARTIAL)
        self._begun, self._size = [], 0
        self.offset += len(data)
        return [block]

    def _whole(self, data: bytes, ns: int, sequence: int, flags: int) -> list[Block]:
        blocks = []
        # Only the first can be too long: the others came whole in one record.
        while data.find(b"\n", 0, LIMIT + 1) < 0:
            blocks.append(
                Block(self.origin, ns, sequence, self.offset, data[:LIMIT], flags | SPLIT)
            )
            data = data[LIMIT:]
            self.offset += LIMIT
        blocks.append(Block(self.origin, ns, sequence, self.offset, data, flags))
        self.offset += len(data)
        return blocks

    def _pieces(self, data: bytes, ns: int, sequence: int, flags: int) -> list[Block]:
        blocks = []
        while len(data) > LIMIT:
            blocks.append(
                Block(self.origin, ns, sequence, self.offset, data[:LIMIT], flags | SPLIT)
            )
            data = data[LIMIT:]
            self.offset += LIMIT
        self._begun, self._size = [data], len(data)
        return blocks
