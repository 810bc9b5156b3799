"""Going back: the old release alone again, after the new one failed or was taken back."""

import logging

from twelve.factors.releases.release import Release
from twelve.operations.house import House
from twelve.operations.keeping import make_good
from twelve.operations.retire import farewell, turn_away
from twelve.operations.settle import settle, unwanted
from twelve.store.apps import Deploy

log = logging.getLogger("twelve.operations")


async def go_back(house: House, deploy: Deploy, served: Release | None) -> None:
    """Send requests to what ran before and stop what the attempt has started.

    ``served`` is the failed release when requests went to it already: they may end first. What
    cannot be settled now is tried again until it is: the caller has a failure to tell already.
    """
    try:
        if served:
            what = farewell(house, deploy, served, await unwanted(house, deploy))
            await turn_away(house, deploy, what)
        await settle(house, deploy)
    except Exception:
        log.exception("%s could not be settled", deploy.label)
        house.under_way.go_on(make_good(house, deploy))
