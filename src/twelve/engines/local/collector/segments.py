"""One stream on disk: segments of raw bytes, an index record after each block."""

import os
import select
import time
from contextlib import suppress

from twelve.engines.local.collector.sequence import Sequence
from twelve.factors.logs import index

_MODE = 0o600
_FOLDER_MODE = 0o700
_STALE_NS = 1_000_000_000


class Writer:
    """Appends blocks to one stream, which goes on where its file ends.

    Every method that writes may raise OSError when the disk is full; nothing is half-taken then.
    """

    def __init__(self, folder: str, sequence: Sequence) -> None:
        self.folder = folder
        self.sequence = sequence
        self.start = 0
        """The first offset of the current segment."""
        self.end = 0
        """The offset that the next byte will have."""
        self._held: list[bytes] = []
        self._data = -1
        self._index = -1
        self._splices = True
        self._last_ns = 0
        self._torn = False
        self._resume()

    @property
    def path(self) -> str:
        """The current segment: never deleted while the stream is open."""
        return f"{self.folder}/{index.segment_name(self.start)}"

    @property
    def size(self) -> int:
        """Bytes in the current segment."""
        return self.end - self.start

    @property
    def warm(self) -> bool:
        """Whether file descriptors are held."""
        return self._data >= 0

    def take(self, fifo: int, most: int) -> int:
        """Move up to ``most`` bytes out of a FIFO. 0 when all its writers are gone.

        Raises BlockingIOError when it is empty but still has writers.
        """
        if self._data < 0 and not _readable(fifo):
            return 0
        self._warm_up()
        if self._splices:
            try:
                count = os.splice(fifo, self._data, most, offset_dst=self.size)
            except OSError as error:
                if error.errno != 22:  # EINVAL: this file system does not splice
                    raise
                self._splices = False
                return self.take(fifo, most)
        else:
            count = self._copy(fifo, most)
        if count:
            self._note(count, 0)
        return count

    def put(self, data: bytes, *, lost: int = 0, lines: int = 0) -> int:
        """Append bytes from memory, after a gap marker when some were lost; the last sequence."""
        self._warm_up()
        if lost:
            # The bytes first: no marker without the room for what comes after it.
            count = self._write(data[: index.BLOCK])
            self.lose(lost, lines)
            self._note(count, 0)
            data = data[count:]
        for at in range(0, len(data), index.BLOCK):
            self._note(self._write(data[at : at + index.BLOCK]), 0)
        return self.sequence.last

    def lose(self, lost: int, lines: int) -> None:
        """Mark that bytes were read and could not be kept."""
        self._hold(index.gap(self.end, lost, lines, time.time_ns(), self.sequence.next()))

    def finish_line(self) -> None:
        """The writer ended: an unfinished last line is a line. Nothing when none is unfinished."""
        if not self.whole and not self._ended():
            self._hold(
                index.RECORD.pack(self.end, 0, index.END, time.time_ns(), self.sequence.next()),
            )

    @property
    def whole(self) -> bool:
        """Whether the last byte ends a line."""
        return self.size == 0 or self.tail(1) == b"\n"

    @property
    def holding(self) -> bool:
        """Whether index records wait for room on the disk."""
        return bool(self._held)

    def flush(self) -> None:
        """Try again to write index records that found no room."""
        self._warm_up()
        self._flush()

    def rotate(self) -> str:
        """Close the current segment and begin the next; the closed one's path.

        Not while index records are held: they belong to the segment at hand.
        """
        closed = self.path
        self.cool()
        self._held.clear()
        self.start = self.end
        return closed

    def cool(self) -> None:
        """Give the descriptors back; they are opened again when needed."""
        self._flush()
        if self._data >= 0:
            os.close(self._data)
            os.close(self._index)
        self._data = self._index = -1

    def tail(self, most: int) -> bytes:
        """The last bytes of the current segment."""
        self._warm_up()
        count = min(most, self.size)
        return os.pread(self._data, count, self.size - count)

    def _write(self, data: bytes) -> int:
        """All of ``data`` or nothing."""
        try:
            done = os.pwrite(self._data, data, self.size)
            if done < len(data):
                done += os.pwrite(self._data, data[done:], self.size + done)
            if done < len(data):
                raise OSError(28, "no room for the rest of a block")
        except OSError:
            os.ftruncate(self._data, self.size)
            raise
        return done

    def _copy(self, fifo: int, most: int) -> int:
        data = os.read(fifo, most)
        try:
            return self._write(data) if data else 0
        except OSError:
            self.lose(len(data), data.count(b"\n"))
            raise

    def _note(self, length: int, flags: int) -> None:
        now = time.time_ns()
        record = index.RECORD.pack(self.end, length, flags, now, self.sequence.next())
        self.end += length
        self._last_ns = now
        self._hold(record)

    def _hold(self, record: bytes) -> None:
        # On a full disk the index waits in memory: readers see blocks through the index only, and
        # a collector killed meanwhile finds the bytes by the segment's size.
        self._held.append(record)
        self._flush()

    def _flush(self) -> None:
        if not self._held or self._index < 0:
            return
        records = self._held[0] if len(self._held) == 1 else b"".join(self._held)
        try:
            done = os.write(self._index, records)
        except OSError:
            return
        if done == len(records):
            self._held.clear()
            return
        torn = done % index.SIZE
        if torn:
            os.ftruncate(self._index, os.fstat(self._index).st_size - torn)
        del self._held[: done // index.SIZE]

    def _warm_up(self) -> None:
        if self._data >= 0:
            if time.time_ns() - self._last_ns < _STALE_NS or os.fstat(self._data).st_nlink:
                return
            # Somebody removed the files under us: what comes now shall be found.
            self.rotate()
        try:
            self._open()
        except FileNotFoundError:
            os.makedirs(self.folder, _FOLDER_MODE, exist_ok=True)
            self._open()

    def _open(self) -> None:
        self._data = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        try:
            self._index = os.open(self.path[:-3] + "idx", flags, _MODE)
        except OSError:
            os.close(self._data)
            self._data = -1
            raise
        if self._torn:
            self._mend(os.fstat(self._data).st_mtime_ns)
            self._torn = False
        self._flush()

    def _resume(self) -> None:
        """Find the end of a stream that is there already, and mend its index."""
        try:
            starts = index.segment_starts(os.listdir(self.folder))
        except FileNotFoundError:
            return
        if not starts:
            return
        self.start = starts[-1]
        self.end = self.start + os.stat(self.path).st_size
        self._last_ns = time.time_ns()
        self._torn = True
        # On a full disk it waits for the next byte: to read the pipe matters more.
        with suppress(OSError):
            self._open()

    def _mend(self, written_ns: int) -> None:
        size = os.fstat(self._index).st_size
        whole = size - size % index.SIZE
        last = index.records(os.pread(self._index, index.SIZE, max(0, whole - index.SIZE)))
        if last:
            self.sequence.at_least(last[0][4])
            if size == whole and index.end_of(last[0]) == self.end:
                return
        kept, reached = index.sound(
            os.pread(self._index, whole, 0), self.start, self.end - self.start
        )
        os.ftruncate(self._index, kept)
        for offset, length in index.pieces(reached, self.end):
            fields = (offset, length, index.REBUILT, written_ns, self.sequence.next())
            self._hold(index.RECORD.pack(*fields))

    def _ended(self) -> bool:
        size = os.fstat(self._index).st_size
        last = index.records(os.pread(self._index, index.SIZE, max(0, size - index.SIZE)))
        return bool(last) and last[0][2] & index.END != 0


def _readable(fifo: int) -> bool:
    """Whether there is something to open files for; False when nobody can write any more."""
    poll = select.poll()
    poll.register(fifo, select.POLLIN)
    events = poll.poll(0)
    if not events:
        raise BlockingIOError
    return bool(events[0][1] & select.POLLIN)
