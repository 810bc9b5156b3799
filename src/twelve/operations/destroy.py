"""Destroy: stop what runs, then forget it; down: stop it and keep it."""

import asyncio

from twelve.engines.contract import Tell
from twelve.operations.attempt import attempt
from twelve.operations.forward import forward_all
from twelve.operations.house import Holder, House
from twelve.operations.prune import prune
from twelve.operations.room import forget_streams
from twelve.operations.settle import processes_among, settle
from twelve.operations.wanted import route_table
from twelve.store import apps, leases
from twelve.store.apps import App, Deploy


async def destroy_app(house: House, app: App, *, who: str, tell: Tell) -> None:
    """Stop every deploy of an app and forget it; resources that it owned stay, unowned."""
    while deploys := apps.deploys(house.store, app.name):
        await destroy_deploy(house, deploys[0], who=who, tell=tell)
    apps.destroy(house.store, app)
    await prune(house)


async def destroy_deploy(house: House, deploy: Deploy, *, who: str, tell: Tell) -> None:
    """Stop a deploy and forget its config, releases and records."""
    async with attempt(house, deploy, "destroy", who, tell):
        own = processes_among(await house.engine.observe(), deploy)
        house.leaving.rescue(own)
        house.under_way.resting.add(deploy.id)
        await settle(house, deploy)
        with house.store.writing():
            apps.destroy_deploy(house.store, deploy)
            leases.release_uid(house.store, f"deploy {deploy.label}")
        house.under_way.resting.discard(deploy.id)
        await house.engine.switch(route_table(house))
        await forward_all(house)
        await forget_streams(house)
    tell("destroy", f"{deploy.label} is gone")


async def down(house: House, tell: Tell) -> int:
    """Stop every process of every app, each within its grace; how many there were."""
    deploys = apps.deploys(house.store)
    return sum(await asyncio.gather(*(rest(house, deploy, tell) for deploy in deploys)))


async def rest(house: House, deploy: Deploy, tell: Tell) -> int:
    """Stop one deploy's processes once no attempt is at work on it; how many there were."""
    async with house.under_way.alone(deploy, Holder("down", "twelve")):
        own = processes_among(await house.engine.observe(), deploy)
        if own:
            tell("stop", f"{deploy.label}: {len(own)} processes are stopping")
        house.under_way.resting.add(deploy.id)
        house.leaving.rescue(own)
        await settle(house, deploy)
    return len(own)
