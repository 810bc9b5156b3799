"""The log stream of a deploy: every process of every release in one order, past and to come."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import ExitStack

from twelve.engines.local.growth import Growth
from twelve.engines.local.logmerge import Merge
from twelve.engines.local.watch import Listener, Watch
from twelve.factors.logs.filter import Filter
from twelve.factors.logs.line import GAP, Block, Line
from twelve.factors.logs.render import PLAIN, Form, render

_BATCH = 256 << 10
"""More is not faster, and what a reader that sleeps makes us hold."""
_POLL_SECONDS = 0.2
_LOOK_ANYWAY_SECONDS = 10.0
_RECENT = 60_000_000_000


async def lines(
    home: str, app: str, deploy: str, *, want: Filter, follow: bool, grew: Watch | None
) -> AsyncIterator[Line]:
    """The wanted lines in order; with ``follow`` for ever, over rotation and new processes.

    Nothing comes twice. What retention deleted before it was read is told by a line with GAP.
    """
    async for batch in blocks(home, app, deploy, want=want, follow=follow, grew=grew):
        for block in batch:
            for line in block.lines():
                yield line


async def rendered(
    home: str,
    app: str,
    deploy: str,
    *,
    want: Filter,
    follow: bool,
    grew: Watch | None,
    form: Form | None = PLAIN,
) -> AsyncIterator[bytes]:
    """The same as text or, without a form, as JSON lines; many at once."""
    async for batch in blocks(home, app, deploy, want=want, follow=follow, grew=grew):
        yield render(batch, form)


async def blocks(
    home: str, app: str, deploy: str, *, want: Filter, follow: bool, grew: Watch | None
) -> AsyncIterator[list[Block]]:
    """The same as blocks of lines, at least one at a time."""
    merge = Merge(home, app, deploy, want)
    with ExitStack() as stack:
        # Listening begins before reading does, so that nothing grows unheard in between.
        listener = stack.enter_context(grew.listen(f"logs/{app}/{deploy}/")) if grew else None
        stack.callback(merge.close)
        await asyncio.to_thread(merge.begin)
        while True:
            batch = await asyncio.to_thread(merge.batch, _BATCH)
            if batch:
                yield batch
            elif batch is None:
                if not follow:
                    return
                await asyncio.to_thread(merge.grow, await _growth(listener))


def tail(home: str, app: str, deploy: str, process: str, n: int) -> list[bytes]:
    """The last lines of a process, ``web.1`` or ``web.1@v7``, of all its streams. Reads files."""
    name, _, release = process.partition("@")
    releases = frozenset((release,)) if release else frozenset[str]()
    merge = Merge(home, app, deploy, Filter(processes=frozenset((name,)), releases=releases, n=n))
    merge.begin()
    found: list[bytes] = []
    while (batch := merge.batch(_BATCH)) is not None:
        found += [line.data for block in batch for line in block.lines() if not line.flags & GAP]
    merge.close()
    return found


def last_words(
    home: str, whose: tuple[str, str, str], n: int, span: tuple[int, int]
) -> list[bytes]:
    """The last lines that a process of a release said in a span of nanoseconds. Reads files.

    ``whose``: app, deploy, and e.g. ``web.1@v7``.
    """
    app, deploy, process = whose
    name, _, release = process.partition("@")
    since, until = span
    # Most have said something in their last minute; the rest of a long life is read for the others.
    for begin in (max(since, until - _RECENT), since):
        want = Filter(
            processes=frozenset((name,)), releases=frozenset((release,)), since=max(begin, 1)
        )
        if found := _said_until(Merge(home, app, deploy, want), n, until):
            return found
    return []


def _said_until(merge: Merge, n: int, until: int) -> list[bytes]:
    found: deque[bytes] = deque(maxlen=n)
    merge.begin()
    try:
        while (batch := merge.batch(_BATCH)) is not None:
            for block in batch:
                if block.ns > until:
                    return list(found)
                if not block.flags & GAP:
                    found.extend(line.data for line in block.lines())
        return list(found)
    finally:
        merge.close()


async def _growth(listener: Listener | None) -> Growth:
    if listener is not None:
        return await listener.wait(_LOOK_ANYWAY_SECONDS)
    await asyncio.sleep(_POLL_SECONDS)
    return Growth(None, None)
