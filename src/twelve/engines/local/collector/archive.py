"""All open streams of a home: their writers, their deploys' shelves, and what grew."""

import os
from collections.abc import Iterator
from contextlib import suppress

from twelve.engines.local.collector.retention import Shelf, remove_streams, streams_of
from twelve.engines.local.collector.segments import Writer
from twelve.engines.local.collector.sequence import Sequence

_WARM_MOST = 200
_SWEEP_MOST, _SWEEP_LEAST = 3600.0, 1.0
_PART = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@+-")


class Archive:
    """The log folder of one home (the current directory): streams are named by relative path."""

    def __init__(self, sequence: Sequence) -> None:
        self.sequence = sequence
        self.grown: set[str] = set()
        """The streams with new index records."""
        self.forgotten: set[str] = set()
        """Deploys that are gone: late access lines must not bring their folders back."""
        self.sweep_every = _SWEEP_MOST
        """Seconds: an age shorter than an hour is looked after sooner."""
        self._shelves: dict[str, Shelf] = {}
        self._writers: dict[str, Writer] = {}
        self._warm: dict[str, Writer] = {}

    def limit(self, folder: str, budget: int, age: float) -> None:
        """What the deploy of this stream may cost, in bytes and seconds; 0 is no limit."""
        self._shelf(folder).limit(budget, age)
        if age > 0:
            self.sweep_every = max(_SWEEP_LEAST, min(self.sweep_every, age / 2))

    def open(self, folder: str) -> Writer:
        """The writer of a stream such as ``logs/shop/production/web.1@v7/stdout``."""
        writer = self._writers.get(folder)
        if writer is None:
            self.forgotten.discard(deploy_of(folder))
            shelf = self._shelf(folder)
            writer = Writer(folder, self.sequence)
            shelf.add(writer)
            self._writers[folder] = writer
            # Its index may have been mended.
            self.grew(writer)
        return writer

    def close(self, writer: Writer) -> None:
        """The stream has ended for now; a last line without newline is ended too.

        Two routers share the streams of the deploys: what one has closed, the other has not open.
        """
        if not self.has(writer):
            return
        writer.finish_line()
        self.grew(writer)
        writer.cool()
        self._warm.pop(writer.folder, None)
        self._writers.pop(writer.folder, None)
        key = deploy_of(writer.folder)
        shelf = self._shelves[key]
        shelf.remove(writer)
        if not shelf.writers:
            shelf.trim()
            del self._shelves[key]

    def has(self, writer: Writer) -> bool:
        """Whether a writer is open still."""
        return self._writers.get(writer.folder) is writer

    def forget(self, deploy: str) -> None:
        """Remove a deploy's streams with all that is in them; no process may write to them."""
        below = deploy + "/"
        for folder in [one for one in self._writers if one.startswith(below)]:
            self._writers.pop(folder).cool()
            self._warm.pop(folder, None)
        self._shelves.pop(deploy, None)
        self.grown = {one for one in self.grown if not one.startswith(below)}
        self.forgotten.add(deploy)
        remove_streams(deploy)

    def grew(self, writer: Writer) -> None:
        """Told after each block: readers are to know, and the segment may be full."""
        self.grown.add(writer.folder)
        shelf = self._shelves[deploy_of(writer.folder)]
        if writer.size >= shelf.segment_size and not writer.holding:
            shelf.rotated(writer.rotate())
        self._warm.pop(writer.folder, None)
        if writer.warm:
            self._warm[writer.folder] = writer
        if len(self._warm) > _WARM_MOST:
            oldest = next(iter(self._warm))
            self._warm.pop(oldest).cool()

    def room_in(self, writer: Writer) -> int:
        """How many bytes the current segment still takes; at least one page."""
        limit = self._shelves[deploy_of(writer.folder)].segment_size
        return max(4096, limit - writer.size)

    def make_room(self, writer: Writer) -> bool:
        """The disk is full: delete the deploy's oldest closed segment. False if there is none."""
        return self._shelves[deploy_of(writer.folder)].free_oldest()

    def holding(self) -> bool:
        """Whether a stream that grew could not write its index."""
        return any(
            self._writers[folder].holding for folder in self.grown if folder in self._writers
        )

    def cool(self) -> None:
        """Give back every descriptor; the last words before the end."""
        for writer in self._writers.values():
            writer.cool()

    def retry(self) -> bool:
        """Write index records that found no room; True when some still wait."""
        waiting = [writer for writer in self._writers.values() if writer.holding]
        for writer in waiting:
            try:
                writer.flush()
            except OSError:
                continue
            self.grown.add(writer.folder)
        return any(writer.holding for writer in waiting)

    def sweep(self, now: float) -> Iterator[None]:
        """Mend what a crash left, delete what is too old; one step a stream."""
        for deploy in _deploys():
            shelf = self._shelves.get(deploy)
            for folder in streams_of(deploy):
                if folder not in self._writers:
                    self._mend(folder)
                    yield
            shelf = self._shelves.get(deploy) or Shelf(deploy)
            shelf.expire(now)
            shelf.trim()
            yield

    def _mend(self, folder: str) -> None:
        before = self.sequence.last
        with suppress(OSError):
            if os.path.exists(folder):
                writer = Writer(folder, self.sequence)
                writer.finish_line()
                writer.cool()
        if self.sequence.last != before:
            self.grown.add(folder)

    def _shelf(self, folder: str) -> Shelf:
        key = deploy_of(folder)
        shelf = self._shelves.get(key)
        if shelf is None:
            shelf = self._shelves[key] = Shelf(key)
        return shelf


def proper(folder: object, parts: int) -> str:
    """A folder name from outside, when it is one below ``logs`` with so many parts.

    Raises ValueError with a sentence otherwise.
    """
    if isinstance(folder, str):
        names = folder.split("/")
        good = (set(name) <= _PART and name.strip(".") for name in names)
        if len(names) == parts and names[0] == "logs" and all(good):
            return folder
    raise ValueError(f"{folder!r} is no log folder")


def deploy_of(folder: str) -> str:
    """The deploy's folder that a stream belongs to: ``logs/shop/production``."""
    return "/".join(folder.split("/", 3)[:3])


def _deploys() -> list[str]:
    found = []
    for app in os.scandir("logs"):
        if app.is_dir(follow_symlinks=False):
            found += [one.path for one in os.scandir(app.path) if one.is_dir(follow_symlinks=False)]
    return found
