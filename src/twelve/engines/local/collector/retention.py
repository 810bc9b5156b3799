"""What a deploy's logs may cost: the oldest closed segments go when its budget or age is over."""

import json
import os
import time
from contextlib import suppress

from twelve.engines.local.collector.segments import Writer
from twelve.factors.logs import index

DEFAULT_BUDGET = 256 << 20
_LIMITS = "limits.json"
_GRAVES_MOST = 64 << 10


class Shelf:
    """The segments of one deploy, oldest first, and the writers that still add to it."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.budget = DEFAULT_BUDGET
        """Bytes; 0 means no limit."""
        self.age = 0.0
        """Seconds; 0 means no limit."""
        self.writers: dict[str, Writer] = {}
        self._closed: dict[str, tuple[int, int]] = {}
        self._total = 0
        self._remembered = ""
        self._read_limits()
        self._scan()

    def limit(self, budget: int, age: float) -> None:
        """Take over what a launch says, and keep it for the time when no process is left."""
        self.budget, self.age = budget, age
        text = json.dumps({"budget": budget, "age": age})
        if text == self._remembered:
            return
        self._remembered = text
        with suppress(OSError):
            os.makedirs(self.folder, 0o700, exist_ok=True)
            path = f"{self.folder}/{_LIMITS}"
            with open(path + ".new", "w") as file:
                file.write(text)
            os.replace(path + ".new", path)

    def add(self, writer: Writer) -> None:
        """A stream is open: its current segment is not to be deleted."""
        self.writers[writer.folder] = writer
        self._drop(writer.path)

    def remove(self, writer: Writer) -> None:
        """A stream is closed: all of its segments may go."""
        self.writers.pop(writer.folder, None)
        if writer.size:
            self._keep(writer.path)

    @property
    def segment_size(self) -> int:
        """At how many bytes a segment is closed."""
        return index.segment_size(self.budget, len(self.writers))

    def rotated(self, closed: str) -> None:
        """A segment was closed: count it, make room."""
        self._keep(closed)
        self.trim()

    def trim(self) -> None:
        """Delete until the closed segments and a full current one a stream fit the budget."""
        if self.budget <= 0:
            return
        room = self.budget - len(self.writers) * self.segment_size
        while self._total > room and self._closed:
            self.free_oldest()

    def expire(self, now: float) -> None:
        """Delete what is older than the age; ``now`` is a time in seconds."""
        if self.age <= 0:
            return
        before = (now - self.age) * 1e9
        for path, (written, _) in sorted(self._closed.items(), key=lambda item: item[1][0]):
            if written < before:
                self._delete(path)

    def free_oldest(self) -> bool:
        """Delete the oldest closed segment; False when there is none."""
        if not self._closed:
            return False
        self._delete(min(self._closed, key=lambda path: (self._closed[path][0], path)))
        return True

    def _delete(self, path: str) -> None:
        self._drop(path)
        folder = os.path.dirname(path)
        last = None if folder in self.writers else _last_record(path[:-3] + "idx")
        # The data first: a segment without an index is rebuilt, an index without data is litter.
        for name in (path, path[:-3] + "idx"):
            with suppress(OSError):
                os.unlink(name)
        if folder not in self.writers:
            with suppress(OSError):
                os.rmdir(folder)
                if last:
                    self._bury(folder, last)
                os.rmdir(os.path.dirname(folder))

    def _bury(self, folder: str, last: index.Record) -> None:
        """Write down that a stream is gone whole: who had not read it to its end can say so."""
        path = f"{self.folder}/{index.GRAVES}"
        with suppress(OSError):
            with open(path, "a+") as file:
                file.write(index.grave(folder[len(self.folder) + 1 :], last, time.time_ns()))
                file.seek(0)
                text = file.read()
            if len(text) > _GRAVES_MOST:
                with open(path + ".new", "w") as file:
                    file.write(text[len(text) // 2 :].partition("\n")[2])
                os.replace(path + ".new", path)

    def _keep(self, path: str) -> None:
        with suppress(OSError):
            facts = os.stat(path)
            self._closed[path] = (facts.st_mtime_ns, facts.st_size)
            self._total += facts.st_size

    def _drop(self, path: str) -> None:
        known = self._closed.pop(path, None)
        if known:
            self._total -= known[1]

    def _read_limits(self) -> None:
        with suppress(OSError, ValueError, KeyError, TypeError):
            with open(f"{self.folder}/{_LIMITS}") as file:
                text = file.read()
            limits = json.loads(text)
            self.budget, self.age = int(limits["budget"]), float(limits["age"])
            self._remembered = text

    def _scan(self) -> None:
        for folder in streams_of(self.folder):
            with suppress(OSError):
                for start in index.segment_starts(os.listdir(folder)):
                    self._keep(f"{folder}/{index.segment_name(start)}")


def _last_record(path: str) -> index.Record | None:
    with suppress(OSError), open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size // index.SIZE * index.SIZE
        found = (
            index.records(os.pread(file.fileno(), index.SIZE, size - index.SIZE)) if size else []
        )
        return found[0] if found else None
    return None


def streams_of(deploy: str) -> list[str]:
    """The stream folders below a deploy's log folder."""
    found = []
    with suppress(OSError):
        for process in os.scandir(deploy):
            if process.is_dir(follow_symlinks=False):
                with suppress(OSError):
                    found += [
                        stream.path
                        for stream in os.scandir(process.path)
                        if stream.is_dir(follow_symlinks=False)
                    ]
    return found


def remove_streams(deploy: str) -> None:
    """Remove a deploy's log folder, files first, and that of its app when it is empty then."""
    folders = streams_of(deploy)
    folders += [os.path.dirname(stream) for stream in folders]
    for folder in dict.fromkeys([*folders, deploy]):
        with suppress(OSError):
            for name in os.listdir(folder):
                with suppress(OSError):
                    os.unlink(f"{folder}/{name}")
            os.rmdir(folder)
    with suppress(OSError):
        os.rmdir(os.path.dirname(deploy))
