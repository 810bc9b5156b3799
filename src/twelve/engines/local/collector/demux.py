"""The router's FIFO: its lines are shared out among the streams of the deploys they belong to.

Bytes are spliced into a spool first. Before lines are copied out of it, a journal says which bytes
go and how long each stream was: after a kill -9 the same bytes are shared out again, and what a
stream has already got is left out. So access lines too are neither lost nor written twice.
"""

import json
import os

from twelve.engines.local.collector.archive import Archive, deploy_of
from twelve.engines.local.collector.segments import Writer
from twelve.engines.local.collector.streams import EMPTY, FULL, GONE
from twelve.factors.logs import index
from twelve.factors.ports.access import shared_out

_PLATFORM = "logs/twelve/platform/router@-/access"
_SPOOL_MOST = 4 << 20
_JOURNAL_MOST = 1 << 20
_BATCH = 1 << 20
_WARM_MOST = 64


class Routed:
    """A FIFO whose lines begin with the deploy they belong to. ``folder`` keeps the spool."""

    def __init__(self, fifo: int, folder: str, archive: Archive) -> None:
        self.fifo = fifo
        self.archive = archive
        os.makedirs(folder, 0o700, exist_ok=True)
        self._journal_path = folder + "/journal"
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._spool = os.open(folder + "/spool", flags, 0o600)
        self._end = os.fstat(self._spool).st_size
        self._at = 0
        self._lost = 0
        self._lines = 0
        self._targets: dict[str, Writer] = {}
        self._journal = os.open(self._journal_path, flags | os.O_APPEND, 0o600)
        self._recover()

    def pull(self) -> int:
        """Take one block: how many bytes left the pipe, or EMPTY, or GONE."""
        try:
            count = os.splice(self.fifo, self._spool, index.BLOCK, offset_dst=self._end)
        except BlockingIOError:
            return EMPTY
        except OSError as error:
            if error.errno not in FULL:
                raise
            return self._drop()
        self._end += count
        self._share(final=False)
        return count

    @property
    def owing(self) -> bool:
        """Losses are told at once."""
        return False

    def settle(self) -> None:
        """The writers are done for now: an unfinished line is a line."""
        self._share(final=True)

    def close(self) -> None:
        """Let go of the FIFO and of every stream."""
        self._share(final=True)
        for fd in (self.fifo, self._spool, self._journal):
            os.close(fd)
        for writer in self._targets.values():
            self.archive.close(writer)
        self._targets.clear()

    def _share(self, *, final: bool) -> None:
        while self._at < self._end:
            data = os.pread(self._spool, min(_BATCH, self._end - self._at), self._at)
            cut = data.rfind(b"\n") + 1
            if not cut and (final or len(data) == _BATCH):
                cut = len(data)
            if not cut:
                return
            shares = self._known(_shares(data[:cut]))
            self._intend(cut, {folder: self._writer(folder).end for folder in shares})
            for folder, share in shares.items():
                self._give(self._writer(folder), share)
            self._at += cut
        if self._end >= _SPOOL_MOST or (final and self._end):
            os.ftruncate(self._spool, 0)
            self._at = self._end = 0
            self._new_journal()

    def _known(self, shares: dict[str, bytes]) -> dict[str, bytes]:
        """The lines of deploys that are gone are the platform's."""
        gone = [one for one in shares if deploy_of(one) in self.archive.forgotten]
        for folder in gone:
            shares[_PLATFORM] = shares.get(_PLATFORM, b"") + shares.pop(folder)
        return shares

    def _give(self, writer: Writer, share: bytes) -> None:
        while share:
            try:
                writer.put(share[: index.BLOCK])
            except OSError:
                if self.archive.make_room(writer):
                    continue
                writer.lose(len(share), share.count(b"\n"))
                share = b""
            share = share[index.BLOCK :]
            self.archive.grew(writer)

    def _drop(self) -> int:
        data = os.read(self.fifo, index.BLOCK)
        writer = self._writer(_PLATFORM)
        writer.lose(len(data), data.count(b"\n"))
        self.archive.grew(writer)
        return len(data) or GONE

    def _intend(self, count: int, ends: dict[str, int]) -> None:
        line = json.dumps({"at": self._at, "count": count, "ends": ends}) + "\n"
        try:
            os.write(self._journal, line.encode())
            if os.fstat(self._journal).st_size > _JOURNAL_MOST:
                self._new_journal(line)
        except OSError:
            # A full disk: only a kill at this very moment could make lines appear twice.
            return

    def _new_journal(self, line: str = "") -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_APPEND
        fresh = os.open(self._journal_path + ".new", flags, 0o600)
        os.write(fresh, line.encode())
        os.replace(self._journal_path + ".new", self._journal_path)
        os.close(self._journal)
        self._journal = fresh

    def _recover(self) -> None:
        text = os.pread(self._journal, 2 * _JOURNAL_MOST, 0)
        lines = text[: text.rfind(b"\n") + 1].splitlines()
        if lines:
            last = json.loads(lines[-1])
            at, count = last["at"], last["count"]
            # A spool shorter than the journal says was cut after everything had been shared out.
            if at + count <= self._end:
                for folder, share in _shares(os.pread(self._spool, count, at)).items():
                    writer = self._writer(folder)
                    had = max(0, writer.end - last["ends"].get(folder, writer.end))
                    self._give(writer, share[had:])
                self._at = at + count
        if len(text) > text.rfind(b"\n") + 1:
            self._new_journal(lines[-1].decode() + "\n" if lines else "")
        self._share(final=False)

    def _writer(self, folder: str) -> Writer:
        writer = self._targets.pop(folder, None)
        if writer is None or not self.archive.has(writer):
            if len(self._targets) >= _WARM_MOST:
                self.archive.close(self._targets.pop(next(iter(self._targets))))
            writer = self.archive.open(folder)
        self._targets[folder] = writer
        return writer


def _shares(data: bytes) -> dict[str, bytes]:
    whole = data if data.endswith(b"\n") else data + b"\n"
    return {
        f"logs/{owner}/router@-/access" if owner else _PLATFORM: share
        for owner, share in shared_out(whole).items()
    }
