"""Turns: a few may do something at once; whoever takes long lets the next one begin."""

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Turns:
    """``places`` at once; a turn that lasts longer than ``seconds`` takes up no place any more.

    So one that waits for another one to begin, such as an app that asks its neighbour before it is
    ready, does not wait in vain.
    """

    def __init__(self, places: int, seconds: float) -> None:
        self.free = asyncio.Semaphore(places)
        self.seconds = seconds

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a place, and give it back at the end, or when it has been long enough."""
        await self.free.acquire()
        held = True

        def give_back() -> None:
            nonlocal held
            if held:
                held = False
                self.free.release()

        late = asyncio.get_running_loop().call_later(self.seconds, give_back)
        try:
            yield
        finally:
            late.cancel()
            give_back()
