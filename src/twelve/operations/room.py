"""Room: the disk is looked after, what nobody needs goes, and a full one is told."""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from twelve.errors import Full, TwelveError
from twelve.operations.house import House
from twelve.store import apps

EVERY = 30.0
"""Seconds between two looks at the disk."""
PAUSE = 0.5
"""Seconds between two tries to write on a full one."""
MIB = 1 << 20

log = logging.getLogger("twelve.room")


async def keep_room(house: House) -> None:
    """For as long as control lives."""
    short = False
    while True:
        try:
            short = await look(house, was_short=short)
        except Exception:
            log.exception("the disk could not be looked at")
        await asyncio.sleep(EVERY)


async def written(write: Callable[[], None]) -> None:
    """Write down what must not be lost; on a full disk, as soon as there is room.

    What has to be undone or closed cannot be refused as a change can: it waits.
    """
    while True:
        try:
            write()
        except Full:
            await asyncio.sleep(PAUSE)
        else:
            return


async def look(house: House, *, was_short: bool) -> bool:
    """Whether the disk is short. When that begins and ends, every stream is told."""
    room = await house.engine.room()
    if room.short == was_short:
        return was_short
    if room.short:
        await tidy(house, now=True)
        said = (
            f"the disk is nearly full: {room.free // MIB} MiB free, "
            f"{room.reserve // MIB} MiB should stay free; deploys are refused"
        )
    else:
        said = f"the disk has room again: {room.free // MIB} MiB free"
    log.warning(said)
    for deploy in apps.deploys(house.store):
        await house.engine.note(deploy.app, deploy.name, said)
    return room.short


async def tidy(house: House, *, now: bool = False) -> None:
    """Caches beyond their budget, and log streams of deploys that are gone."""
    for name in await house.engine.tidy(now=now):
        log.info("the downloads of %s were beyond their budget and are gone", name)
    await forget_streams(house)


async def forget_streams(house: House) -> None:
    """Remove the log stream of each deploy that nobody knows any more."""
    for app, deploy in await house.engine.streams():
        if apps.find_deploy(house.store, app, deploy) is None:
            # While the collector is away they stay, and go the next time.
            with contextlib.suppress(TwelveError):
                await house.engine.forget(app, deploy)
