"""The supervisor's FIFO folders: what they feed, when they are empty, when they are gone."""

import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress

from twelve.engines.local.collector.archive import Archive, proper
from twelve.engines.local.collector.demux import Routed
from twelve.engines.local.collector.pipes import open_fifo
from twelve.engines.local.collector.streams import EMPTY, GONE, Stream

Source = Stream | Routed

_STREAMS = frozenset(("stdout", "stderr", "tty"))


class Feed:
    """One open FIFO of one folder."""

    def __init__(self, folder: str, name: str, inode: int, source: Source) -> None:
        self.folder = folder
        self.name = name
        self.inode = inode
        self.source = source
        self.empty = False
        """Whether the last look found nothing to take."""
        self.ending = False
        """Whether the last event told that nobody holds a write end: no further one will."""
        self.hung_up = False
        """Whether nobody holds a write end."""
        self.drained = False
        """Whether the supervisor was told so since the last byte."""

    @property
    def fifo(self) -> int:
        """The read end's descriptor."""
        return self.source.fifo

    def pull(self) -> int:
        """Take one block; remembers what it found."""
        count = self.source.pull()
        self.empty = count in (EMPTY, GONE)
        self.hung_up = count == GONE
        if not self.empty:
            self.drained = False
        return count

    @property
    def over(self) -> bool:
        """Nothing will come any more: no writer, and the folder was drained or is gone."""
        if not self.hung_up:
            return False
        return self.drained or not os.path.exists(self.folder + "/stream.json")


def folders_in(run: str) -> Iterator[str]:
    """The FIFO folders that a supervisor has made so far."""
    with suppress(OSError):
        for entry in os.scandir(run + "/p"):
            if os.path.exists(entry.path + "/stream.json"):
                yield entry.path


def open_folder(
    folder: str, known: dict[str, Feed], archive: Archive, replace: Callable[[Feed], None]
) -> list[Feed]:
    """Open the FIFOs of a folder that are not open yet; ``known`` are its open feeds by name.

    A feed of the same name whose FIFO is another one is handed to ``replace`` first.
    Raises OSError or ValueError with a sentence when the folder does not say what it must.
    """
    with open(folder + "/stream.json", encoding="utf-8") as file:
        told = json.load(file)
    logs = told["logs"]
    base = proper(logs["dir"], 4)
    budget, age = int(logs.get("budget") or 0), float(logs.get("age") or 0)
    opened = []
    for name in told["streams"]:
        if name not in _STREAMS:
            raise ValueError(f"{folder}: {name!r} is no stream")
        path = f"{folder}/{name}"
        facts = os.stat(path, follow_symlinks=False)
        if not stat.S_ISFIFO(facts.st_mode):
            raise ValueError(f"{path} is no FIFO")
        inode = facts.st_ino
        if name in known:
            if known[name].inode == inode:
                continue
            replace(known[name])
        archive.limit(f"{base}/{name}", budget, age)
        fifo = open_fifo(path)
        opened.append(Feed(folder, name, inode, _source(fifo, f"{base}/{name}", logs, archive)))
    return opened


def _source(fifo: int, folder: str, logs: dict[str, object], archive: Archive) -> Source:
    try:
        if logs.get("demux") and folder.endswith("/stdout"):
            return Routed(fifo, folder.rpartition("/")[0] + "/.stdout", archive)
        return Stream(fifo, archive.open(folder), archive)
    except BaseException:
        os.close(fifo)
        raise
