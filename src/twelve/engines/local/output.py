"""The output of one process as bytes, while it comes: for terminals, pipes and build steps."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

PIECE = 256 * 1024
FIRST_PAUSE, LAST_PAUSE = 0.004, 0.05
"""Seconds between looks: short while something comes, so that a terminal feels like one."""


class Stream:
    """One stream's segments, read on from the byte where the last look ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.offset = 0
        self.file = -1
        self.start = 0

    def read(self) -> bytes:
        """What has come since, at most a piece; empty when there is nothing yet."""
        if self.file < 0 and not self._open():
            return b""
        data = os.pread(self.file, PIECE, self.offset - self.start)
        if not data and self._open():
            data = os.pread(self.file, PIECE, self.offset - self.start)
        self.offset += len(data)
        return data

    def close(self) -> None:
        """Let the segment go."""
        if self.file >= 0:
            os.close(self.file)
            self.file = -1

    def _open(self) -> bool:
        """The segment that holds the next byte, if that is another one than before."""
        try:
            names = sorted(name for name in os.listdir(self.folder) if name.endswith(".log"))
        except FileNotFoundError:
            return False
        starts = [int(name[:20]) for name in names]
        start = max((s for s in starts if s <= self.offset), default=min(starts, default=-1))
        if start < 0 or (self.file >= 0 and start == self.start):
            return False
        self.close()
        self.file = os.open(self.folder / f"{start:020d}.log", os.O_RDONLY | os.O_CLOEXEC)
        self.start, self.offset = start, max(start, self.offset)
        return True


async def output(folder: Path, ended: Callable[[], bool]) -> AsyncIterator[tuple[str, bytes]]:
    """Every byte of a process's streams, each with the stream's name, until it has ended.

    ``folder`` is the process's own below ``logs``; ``ended`` must hold only when all that it
    printed is in the files.
    """
    streams: dict[str, Stream] = {}
    pause = FIRST_PAUSE
    try:
        while True:
            over = ended()
            for name in listed(folder) - streams.keys():
                streams[name] = Stream(folder / name)
            came = False
            for name, stream in streams.items():
                while data := stream.read():
                    came = True
                    yield name, data
            if over and not came:
                return
            pause = FIRST_PAUSE if came else min(pause * 1.5, LAST_PAUSE)
            await asyncio.sleep(0 if over else pause)
    finally:
        for stream in streams.values():
            stream.close()


def listed(folder: Path) -> set[str]:
    """The names of the streams that are there."""
    try:
        return set(os.listdir(folder))
    except FileNotFoundError:
        return set()


async def as_lines(chunks: AsyncIterator[tuple[str, bytes]]) -> AsyncIterator[str]:
    """Bytes as lines of text, for people; each stream's last line may lack its newline."""
    rest: dict[str, bytes] = {}
    async for name, data in chunks:
        *whole, rest[name] = (rest.get(name, b"") + data).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace").rstrip("\r")
    for line in rest.values():
        if line:
            yield line.decode(errors="replace").rstrip("\r")
