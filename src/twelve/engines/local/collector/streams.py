"""One FIFO and what becomes of its bytes, also when the disk is full."""

import os
from collections.abc import Callable

from twelve.engines.local.collector.archive import Archive
from twelve.engines.local.collector.segments import Writer
from twelve.factors.logs import index

EMPTY = -1
"""Nothing to take now, but somebody holds a write end."""
GONE = 0
"""Nothing to take, and nobody holds a write end."""

FULL = frozenset((5, 27, 28, 30, 122))  # EIO EFBIG ENOSPC EROFS EDQUOT: the disk takes no more
_CHUNK = 1 << 16


class Stream:
    """A FIFO that is read into one stream of the archive."""

    def __init__(self, fifo: int, writer: Writer, archive: Archive) -> None:
        self.fifo = fifo
        self.writer = writer
        self.archive = archive
        self._lost = 0
        self._lines = 0
        self._whole: bool | None = None

    def pull(self) -> int:
        """Take one block: how many bytes left the pipe, or EMPTY, or GONE."""
        try:
            count = self._take() if self._whole is None else self._take_what_fits()
        except BlockingIOError:
            count = EMPTY
        if count > 0:
            self.archive.grew(self.writer)
        elif self._lost:
            self._own_up()
        return count

    @property
    def owing(self) -> bool:
        """Whether losses are still to be told."""
        return self._lost > 0

    def settle(self) -> None:
        """The writers are done for now: what is unfinished is told to readers."""
        self._own_up()
        self.writer.finish_line()
        self.archive.grew(self.writer)

    def close(self) -> None:
        """Let go of the FIFO and the stream."""
        self._own_up()
        os.close(self.fifo)
        self.archive.close(self.writer)

    def _take(self) -> int:
        most = min(index.BLOCK, self.archive.room_in(self.writer))
        while True:
            try:
                return self.writer.take(self.fifo, most)
            except BlockingIOError:
                raise
            except OSError as error:
                if error.errno not in FULL:
                    raise
            if not self.archive.make_room(self.writer):
                self._whole = _or_whole(lambda: self.writer.whole)
                return self._take_what_fits()

    def _take_what_fits(self) -> int:
        """The disk is full: keep the child running, count what is lost.

        Bytes are kept again from the beginning of a line on.
        """
        data = os.read(self.fifo, _CHUNK)
        if not data:
            return GONE
        start = 0 if self._whole else data.find(b"\n") + 1 or len(data)
        self._lost += start
        self._lines += data.count(b"\n", 0, start)
        rest = data[start:]
        if rest:
            try:
                self.writer.put(rest, lost=self._lost, lines=self._lines)
            except OSError:
                self._lost += len(rest)
                self._lines += rest.count(b"\n")
            else:
                self._lost = self._lines = 0
                self._whole = None
                return len(data)
        self._whole = data.endswith(b"\n")
        return len(data)

    def _own_up(self) -> None:
        if self._lost:
            self.writer.lose(self._lost, self._lines)
            self.archive.grown.add(self.writer.folder)
            self._lost = self._lines = 0


def _or_whole(ask: Callable[[], bool]) -> bool:
    try:
        return ask()
    except OSError:
        return True
