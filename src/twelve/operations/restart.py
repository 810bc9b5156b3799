"""Restart and stop: the same release with new processes, or without some of them."""

import asyncio

from twelve.engines.contract import Tell
from twelve.errors import NotFound, Refused
from twelve.factors.releases.release import Release
from twelve.operations.attempt import attempt
from twelve.operations.cut import cut_release
from twelve.operations.house import House
from twelve.operations.roll_out import roll_out
from twelve.operations.wanted import build_of
from twelve.store import releases
from twelve.store.apps import Deploy


async def restart(
    house: House, deploy: Deploy, what: str, *, who: str, tell: Tell, wait: bool = True
) -> Release:
    """New processes of all types, or of one, beside the old before these stop.

    What ``stop`` held back runs again. Raises NotFound for an unknown type.
    """
    async with attempt(house, deploy, "restart", who, tell, wait=wait) as mine:
        before = running(house, mine.deploy)
        kinds = named(before, what)
        mine.hold_back({n for n in mine.deploy.stopped if n.split(".")[0] not in kinds})
        release = cut_release(
            mine,
            build_of(house, deploy, before),
            reason=f"restart {what}".strip(),
            formation=before.formation,
            afresh=kinds,
        )
        await roll_out(mine, release)
    return release


async def stop(house: House, deploy: Deploy, what: str, *, who: str, tell: Tell) -> None:
    """Hold back all processes, a type or one process until a restart or a deploy.

    Returns when they are gone. Raises NotFound.
    """
    async with attempt(house, deploy, "stop", who, tell) as mine:
        before = running(house, mine.deploy)
        kinds = named(before, what)
        mine.hold_back(mine.deploy.stopped | ({what} if what else kinds))
        await roll_out(mine, before, f"stopped {what or 'all'} by {who}")
        assert mine.retiring is not None
        await asyncio.shield(mine.retiring)


def running(house: House, deploy: Deploy) -> Release:
    """The current release. Raises Refused when there is none."""
    if release := releases.current(house.store, deploy):
        return release
    raise Refused(f"{deploy.label} has no release yet", hint="twelve deploy makes one")


def named(release: Release, what: str) -> set[str]:
    """The types meant by nothing, ``web`` or ``web.1``. Raises NotFound, naming what there is."""
    if not what:
        return set(release.formation)
    kind, _, number = what.partition(".")
    quantity = release.formation.get(kind, 0)
    if quantity and (not number or (number.isdecimal() and 1 <= int(number) <= quantity)):
        return {kind}
    there = ", ".join(f"{k}={q}" for k, q in release.formation.items())
    raise NotFound(f"{release.name} runs no process {what!r}", hint=f"it runs {there}")
