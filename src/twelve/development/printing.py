"""Printing: the deploy's log stream to the voice, from now until all is said."""

import asyncio
import contextlib
from pathlib import Path

from twelve.development.voice import Voice
from twelve.engines.local.growth import Watch
from twelve.engines.local.logmerge import Growth, Merge
from twelve.factors.logs.filter import Filter

AT_ONCE = 1 << 20
"""Bytes read before they are written."""
LOOK_ANYWAY = 5.0
STREAMS = frozenset({"stdout", "stderr", "events"})


class Printing:
    """Follows the stream in a task; ``end`` prints what is left and returns when it is written."""

    def __init__(self, home: Path, label: tuple[str, str], since: int, voice: Voice) -> None:
        want = Filter(since=since, streams=STREAMS)
        self.prefix = f"logs/{label[0]}/{label[1]}/"
        self.merge = Merge(str(home), *label, want)
        self.voice = voice
        self.over = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def begin(self, grew: Watch) -> None:
        """From here on."""
        self.task = asyncio.create_task(self.follow(grew))

    async def follow(self, grew: Watch) -> None:
        """Print what there is, wait for more, until it is over; then once more all there is."""
        with grew.listen(self.prefix) as listener:
            await asyncio.to_thread(self.merge.begin)
            await self.print_round()
            over = asyncio.create_task(self.over.wait())
            while not self.over.is_set():
                more = asyncio.create_task(listener.wait(LOOK_ANYWAY))
                await asyncio.wait({more, over}, return_when=asyncio.FIRST_COMPLETED)
                if not more.done():
                    more.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await more
                    break
                await asyncio.to_thread(self.merge.grow, more.result())
                await self.print_round()
            await asyncio.to_thread(self.merge.grow, Growth(None, None))
            await self.print_round()
        self.merge.close()

    async def print_round(self) -> None:
        """In a thread: a terminal that is held must not hold anything else."""
        while (batch := await asyncio.to_thread(self.merge.batch, AT_ONCE)) is not None:
            if batch:
                await asyncio.to_thread(self.voice.lines, batch)

    async def end(self) -> None:
        """Print what is left."""
        self.over.set()
        if self.task:
            await self.task
