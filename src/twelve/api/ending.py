"""The end of control: streams without an end are told, so that leaving takes no time."""

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

T = TypeVar("T")


class Ending:
    """Set once, when control leaves."""

    def __init__(self) -> None:
        self.now = asyncio.Event()

    def set(self) -> None:
        """End every stream."""
        self.now.set()

    async def until(self, source: AsyncIterator[T]) -> AsyncIterator[T]:
        """The source's items until it ends, or control leaves."""
        end = asyncio.create_task(self.now.wait())
        step: asyncio.Task[T] | None = None
        try:
            while True:
                step = asyncio.ensure_future(anext(source))
                await asyncio.wait({step, end}, return_when=asyncio.FIRST_COMPLETED)
                if not step.done():
                    return
                try:
                    yield step.result()
                except StopAsyncIteration:
                    return
        finally:
            end.cancel()
            if step and not step.done():
                step.cancel()
            await close(source, step)


async def close(source: AsyncIterator[T], step: "asyncio.Task[T] | None") -> None:
    """Let the source clean up behind itself."""
    if step:
        await asyncio.wait({step})
    if hasattr(source, "aclose"):
        await source.aclose()
