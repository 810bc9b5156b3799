"""Follow: a variable holds another deploy's address; where that moves, there is a new release."""

import logging
from typing import Any

from twelve.engines.contract import Tell
from twelve.errors import TwelveError
from twelve.factors.releases.release import Release
from twelve.operations.addresses import address_of, lagging
from twelve.operations.attach import attach
from twelve.operations.attempt import attempt
from twelve.operations.configure import check_names, release_again
from twelve.operations.house import House
from twelve.store import addresses
from twelve.store.addresses import Followed
from twelve.store.apps import Deploy

log = logging.getLogger("twelve.operations")


async def attach_app(
    house: House, deploy: Deploy, other: Followed, *, variable: str, who: str, tell: Tell
) -> Release | None:
    """Put another deploy's address under a variable, and keep it true. Raises NotFound."""
    text = address_of(house, other)
    check_names({variable: text})
    addresses.record(house.store, deploy, variable, text, other)
    return await attach(house, deploy, text, variable=variable, who=who, tell=tell)


def silent(step: str, text: str, **more: Any) -> None:
    """Nobody listens: what came of it is in the answer, and in the streams of those who follow."""


async def move_followers(house: House, who: str, tell: Tell = silent) -> list[dict[str, str]]:
    """A new release for every deploy that lags; what came of each. One's failure stops no other."""
    told = []
    for deploy in lagging(house):
        came = {"deploy": deploy.label, "release": "", "error": ""}
        told.append(came)
        try:
            async with attempt(house, deploy, "follow", who, tell) as mine:
                # Cutting a release takes the addresses as they are.
                release = await release_again(mine, "follow an address")
                came["release"] = release.tag if release else ""
        except TwelveError as error:
            came["error"] = error.message
            log.warning("%s could not follow: %s", deploy.label, error.message)
    return told
