"""Forward: a deploy's log stream goes on to a receiver of its own, and to no other deploy's."""

import re
import secrets

from twelve.errors import Invalid
from twelve.factors.logs.drains.address import read_address
from twelve.factors.logs.drains.drain import Drain
from twelve.operations.house import House
from twelve.store import drains
from twelve.store.apps import Deploy

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}\Z")


async def add_drain(house: House, deploy: Deploy, url: str, *, name: str = "") -> Drain:
    """Send the stream on from now; its name is else the host's. Raises Invalid, Conflict."""
    address = read_address(url)
    name = name or address.host.lower().strip(".")
    if not _NAME.match(name):
        raise Invalid(
            f"{name!r} cannot name a drain: 1 to 63 of a-z, 0-9, . and -, a letter or digit first",
            hint="twelve drains add URL --name NAME",
        )
    drain = Drain(secrets.token_hex(8), deploy.app, deploy.name, name, url, house.now())
    drains.add(house.store, deploy, drain)
    await forward_all(house)
    return drain


async def remove_drain(house: House, deploy: Deploy, name: str) -> None:
    """Send no more to a receiver. Raises NotFound."""
    drains.remove(house.store, deploy, name)
    await forward_all(house)


async def forward_all(house: House) -> None:
    """Let the engine send on what the ledger says, and nothing else."""
    await house.engine.forward(drains.every(house.store))
