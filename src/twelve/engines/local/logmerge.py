"""The streams of a deploy as one: merged by sequence, from any place, and on as they grow."""

import heapq
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from twelve.engines.local.growth import ANYTHING, Growth
from twelve.engines.local.logfiles import (
    Cursor,
    Mark,
    Place,
    backwards,
    last_record,
    lines_at,
    origin_of,
    read,
    since,
    starts_of,
    streams_below,
)
from twelve.engines.local.loggraves import Graves
from twelve.factors.logs import index
from twelve.factors.logs.filter import Filter
from twelve.factors.logs.line import Block, Origin, overtaken

_WARM_MOST = 64
_ODD = index.GAP | index.END


class Behind(NamedTuple):
    """Bytes on disk that were not taken, and the time of the oldest; 0 when there are none."""

    size: int
    oldest_ns: int


class Merge:
    """Reads files, so it is called in a thread. ``want`` chooses streams and lines.

    A round ends when everything is told that was on disk when it began; ``grow`` begins the next.
    The sequence alone gives the order: it is that of the times, unless the clock was set back.
    """

    def __init__(self, home: str, app: str, deploy: str, want: Filter) -> None:
        self._home, self._app, self._deploy = home, app, deploy
        self._want = want
        self._cursors: dict[str, Cursor] = {}
        self._warm: dict[str, Cursor] = {}
        self._heap: list[tuple[int, str]] = []
        self._graves = Graves(f"{home}/logs/{app}/{deploy}", time.time_ns())
        self._told: list[Block] = []
        self._upto = 0
        self._first = 0
        self._skip = 0
        self._lock = threading.Lock()

    def begin(self, graves: int | None = None) -> None:
        """Find the place that the filter's ``n`` and ``since`` name, in every stream.

        ``graves`` is the time from which on it is to be told of streams that were deleted.
        """
        with self._lock:
            if graves is not None:
                self._graves.heard = graves
            streams = self._streams()
            newest = [last_record(self._path(folder)) for folder in streams]
            self._upto = max((record[4] for record in newest if record), default=0)
            places: dict[str, Place | None] = {}
            if self._want.n is not None:
                places |= self._last(streams, self._want.n)
            elif self._want.since:
                places |= {folder: self._since(folder) for folder in streams}
            for folder, origin in streams.items():
                cursor = Cursor(self._path(folder), origin)
                cursor.start_at(places.get(folder))
                self._cursors[folder] = cursor
            self._line_up(self._cursors)

    def resume(self, marks: Mapping[str, Mark], graves: int) -> None:
        """Begin where another reader was; a stream that it did not know is read whole.

        ``graves`` is the time up to which it had heard of streams that were deleted.
        """
        with self._lock:
            self._graves.heard = graves
            for folder in marks:
                if (origin := origin_of(folder)) and self._want.wants(origin):
                    cursor = self._cursors[folder] = Cursor(self._path(folder), origin)
                    cursor.go_back_to(marks[folder])
        self.grow(ANYTHING)

    def marks(self) -> tuple[dict[str, Mark], int]:
        """Where this reader is, for ``resume``."""
        with self._lock:
            return {folder: c.mark() for folder, c in self._cursors.items()}, self._graves.heard

    def behind(self) -> Behind:
        """How much there is that was not taken yet."""
        with self._lock:
            size, oldest = 0, 0
            for cursor in self._cursors.values():
                last, ns = last_record(cursor.folder), cursor.head_ns()
                cursor.rest()
                if last and ns:
                    size += max(0, index.end_of(last) - cursor.pos)
                    oldest = min(oldest or ns, ns)
            return Behind(size, oldest)

    def grow(self, growth: Growth) -> None:
        """Begin the next round with what grew; with all streams when that is not known."""
        with self._lock:
            self._visit_graves()
            folders: Iterable[str]
            if growth.folders is None or growth.sequence is None:
                found = self._streams()
                newest = [last_record(self._path(folder)) for folder in found]
                self._upto = max((record[4] for record in newest if record), default=self._upto)
                folders = found
            else:
                self._upto = growth.sequence
                folders = growth.folders
            for folder in folders:
                if folder not in self._cursors:
                    origin = origin_of(folder)
                    if origin and self._want.wants(origin):
                        self._cursors[folder] = Cursor(self._path(folder), origin)
            self._line_up(folder for folder in folders if folder in self._cursors)

    def batch(self, most: int) -> list[Block] | None:
        """The next blocks, about ``most`` bytes; None when the round is over."""
        with self._lock:
            if not self._heap and not self._told:
                return None
            found, self._told = self._told, []
            size = 0
            while self._heap and size < most:
                sequence, folder = self._heap[0]
                cursor = self._cursors[folder]
                for block in cursor.take():
                    size += len(block.data)
                    for chosen in self._want.chosen(block):
                        kept = chosen if sequence > self._first else self._without_first(chosen)
                        if kept is not None:
                            found.append(kept)
                self._next(folder, cursor)
            return found

    def rest(self) -> None:
        """Give every descriptor back until the next batch: what waits must not hold disk."""
        with self._lock:
            for cursor in self._warm.values():
                cursor.rest()
            self._warm.clear()

    def close(self) -> None:
        """Give every descriptor back."""
        with self._lock:
            self._heap.clear()
            for cursor in self._cursors.values():
                cursor.rest()

    def _visit_graves(self) -> None:
        """Tell what was unread of streams that are gone; one that begins anew is another one."""
        for stream, size, ns, sequence, _ in self._graves.news():
            folder = f"logs/{self._app}/{self._deploy}/{stream}"
            origin = origin_of(folder)
            if origin is None or not self._want.wants(origin):
                continue
            cursor = self._cursors.pop(folder, None)
            taken = cursor.pos if cursor else 0
            if size > taken and ns >= self._want.since:
                self._told.append(overtaken(origin, ns, sequence, taken, size - taken))

    def _next(self, folder: str, cursor: Cursor) -> None:
        head = cursor.head()
        if head is not None and head <= self._upto:
            heapq.heapreplace(self._heap, (head, folder))
            self._keep_warm(folder, cursor)
        else:
            heapq.heappop(self._heap)
            self._warm.pop(folder, None)
            cursor.rest()

    def _keep_warm(self, folder: str, cursor: Cursor) -> None:
        if len(self._warm) < _WARM_MOST and folder in self._warm:
            return
        self._warm.pop(folder, None)
        self._warm[folder] = cursor
        if len(self._warm) > _WARM_MOST:
            self._warm.pop(next(iter(self._warm))).rest()

    def _line_up(self, folders: Iterable[str]) -> None:
        for folder in folders:
            cursor = self._cursors[folder]
            head = cursor.head()
            if head is not None and head <= self._upto:
                self._heap.append((head, folder))
            cursor.rest()
        heapq.heapify(self._heap)

    def _without_first(self, block: Block) -> Block | None:
        """Of the oldest block that ``n`` reaches into, only its last lines were asked for."""
        if not self._skip:
            return block
        amount = block.amount
        kept = block.without(self._skip)
        self._skip = max(0, self._skip - amount)
        return kept

    def _last(self, streams: dict[str, Origin], n: int) -> dict[str, Place]:
        """Where each stream begins, so that together they hold the last ``n`` wanted lines."""
        places: dict[str, Place] = {}
        behind: dict[str, Iterator[tuple[Place, index.Record]]] = {}
        heap: list[tuple[int, str, Place, index.Record]] = []
        for folder in streams:
            behind[folder] = backwards(self._path(folder))
            for place, record in behind[folder]:
                if record[4] <= self._upto:
                    places[folder] = Place(place.segment, place.at + index.SIZE)
                    heapq.heappush(heap, (-record[4], folder, place, record))
                    break
        counted = 0
        while heap and counted < n:
            minus, folder, place, record = heapq.heappop(heap)
            if record[3] < self._want.since:
                continue
            places[folder] = place
            counted += self._count(folder, streams[folder], place, record)
            self._first, self._skip = -minus, max(0, counted - n)
            following = next(behind[folder], None)
            if following:
                heapq.heappush(heap, (-following[1][4], folder, *following))
        return places

    def _count(self, folder: str, origin: Origin, place: Place, record: index.Record) -> int:
        path = self._path(folder)
        if self._want.grep is None and not record[2] & _ODD:
            return read(path, place.segment, record).count(b"\n")
        blocks = lines_at(path, place, record, origin)
        return sum(one.amount for block in blocks for one in self._want.chosen(block))

    def _since(self, folder: str) -> Place | None:
        path = self._path(folder)
        place = since(path, self._want.since)
        if place is None:
            newest = next(backwards(path), None)
            return Place(newest[0].segment, newest[0].at + index.SIZE) if newest else None
        return place

    def _streams(self) -> dict[str, Origin]:
        found = streams_below(self._home, self._app, self._deploy)
        return {
            folder: origin
            for folder, origin in found.items()
            if self._want.wants(origin)
            and (folder in self._cursors or starts_of(self._path(folder)))
        }

    def _path(self, folder: str) -> str:
        return f"{self._home}/{folder}"
