"""Talking to the collector from control: append platform lines, learn what grew."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, NamedTuple, Self

from twelve.engines.local.growth import ANYTHING, Growth, heard
from twelve.errors import Refused, Unreachable

_RETRY_SECONDS = 0.1
_BUFFER_MOST = 4 << 20
_REPLY_MOST = 4 << 20


class _Append(NamedTuple):
    folder: str
    data: str
    budget: int
    age: float


class Collector:
    """One run folder's collector. Nothing is sent before it is entered with ``async with``."""

    def __init__(self, run: str) -> None:
        self._path = f"{run}/collector.sock"
        self._queue: deque[_Append] = deque()
        self._queued = 0
        self._sent = 0
        self._lost: dict[str, tuple[int, _Append]] = {}
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self.lost = 0
        """Appends given up while the collector was away for too long; told in their streams."""
        self.refused = 0
        """Appends that the collector could not write, for want of room on the disk."""

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._deliver())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def open(self, folder: str) -> None:
        """Read the FIFOs of a folder from now on. Raises Unreachable, Refused."""
        await self._ask({"op": "open", "folder": folder})

    async def drain(self, folder: str) -> None:
        """Wait until every FIFO of a folder is empty. Raises Unreachable, Refused."""
        await self._ask({"op": "drain", "folder": folder})

    async def forget(self, folder: str) -> None:
        """Remove the streams of a deploy, ``logs/shop/production``. Raises Unreachable, Refused."""
        await self._ask({"op": "forget", "folder": folder})

    def append(self, folder: str, data: str, *, budget: int, age: float) -> None:
        """Put whole lines into a stream of Twelve's own; never waits.

        While the collector is away they are kept in memory, up to 4 MiB; beyond that they are
        dropped, counted in ``lost``, and a line in the stream says how many there were. A line
        whose answer was lost is sent again, and the collector recognises it.
        """
        entry = _Append(folder, data, budget, age)
        if self._queued + len(data) > _BUFFER_MOST:
            self.lost += 1
            count, _ = self._lost.get(folder, (0, entry))
            self._lost[folder] = (count + 1, entry)
            return
        self._queue.append(entry)
        self._queued += len(data)
        self._idle.clear()
        self._wake.set()

    async def flush(self) -> None:
        """Wait until everything appended so far has been answered."""
        await self._idle.wait()

    async def watch(self) -> AsyncIterator[Growth]:
        """What grew, at most one message each 20 ms; goes on when the collector returns."""
        while True:
            with suppress(OSError, ValueError, KeyError, asyncio.LimitOverrunError):
                reader, writer = await self._connect()
                try:
                    writer.write(b'{"op":"watch"}\n')
                    while line := await reader.readline():
                        yield heard(line)
                finally:
                    writer.close()
            yield ANYTHING
            await asyncio.sleep(_RETRY_SECONDS)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(self._path, limit=_REPLY_MOST)

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            reader, writer = await self._connect()
            try:
                writer.write(json.dumps(request).encode() + b"\n")
                answer: dict[str, Any] = json.loads(await reader.readline() or b"{}")
            finally:
                writer.close()
        except OSError as error:
            raise Unreachable(f"the log collector does not answer: {error}") from None
        if not answer:
            raise Unreachable("the log collector went away before it answered")
        if "error" in answer:
            raise Refused(f"the log collector: {answer['error']}")
        return answer

    async def _deliver(self) -> None:
        while True:
            with suppress(OSError, ValueError):
                reader, writer = await self._connect()
                try:
                    await self._converse(reader, writer)
                finally:
                    writer.close()
            await asyncio.sleep(_RETRY_SECONDS)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send and hear answers until the connection ends."""
        # What was sent over the last connection and not answered may have been written, or not.
        again, self._sent = self._sent, 0
        hearing = asyncio.create_task(self._hear(reader))
        try:
            while not hearing.done():
                self._wake.clear()
                self._tell_losses()
                for entry in list(self._queue)[self._sent :]:
                    request: dict[str, object] = {
                        "op": "append",
                        "dir": entry.folder,
                        "data": entry.data,
                    }
                    request |= {"budget": entry.budget, "age": entry.age, "again": again > 0}
                    again -= 1
                    self._sent += 1
                    writer.write(json.dumps(request).encode() + b"\n")
                await writer.drain()
                waking = asyncio.create_task(self._wake.wait())
                await asyncio.wait((waking, hearing), return_when=asyncio.FIRST_COMPLETED)
                waking.cancel()
        finally:
            hearing.cancel()
            with suppress(asyncio.CancelledError, OSError, ValueError):
                await hearing

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            answer = json.loads(line)
            if "error" in answer:
                self.refused += 1
            entry = self._queue.popleft()
            self._queued -= len(entry.data)
            self._sent -= 1
            if not self._queue:
                self._idle.set()

    def _tell_losses(self) -> None:
        if self._queued > _BUFFER_MOST // 2:
            return
        for folder, (count, entry) in self._lost.items():
            text = f"{count} events are missing here: the collector was away\n"
            self._queue.append(entry._replace(folder=folder, data=text))
            self._queued += len(text)
        self._lost.clear()
