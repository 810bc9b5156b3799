"""One watch connection to the collector, shared by all followers."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Self

from twelve.engines.local.collector_client import Collector
from twelve.engines.local.growth import ANYTHING, Gathered, Growth


class Listener:
    """What one follower has still to look at."""

    def __init__(self, prefix: str) -> None:
        self._gathered = Gathered(prefix)
        self._event = asyncio.Event()

    def tell(self, growth: Growth) -> None:
        """Note what grew."""
        self._gathered.add(growth)
        if self._gathered:
            self._event.set()

    async def wait(self, seconds: float) -> Growth:
        """What grew since the last call; after ``seconds`` without a word: anything might have."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return ANYTHING
        self._event.clear()
        return self._gathered.take()


class Watch:
    """Hands the collector's growth to the followers of each deploy; an ``async with``."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._pass_on())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    @contextmanager
    def listen(self, prefix: str) -> Iterator[Listener]:
        """Hear of the streams whose folder begins with ``prefix``."""
        listener = Listener(prefix)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def _pass_on(self) -> None:
        async for growth in self._collector.watch():
            for listener in self._listeners:
                listener.tell(growth)
