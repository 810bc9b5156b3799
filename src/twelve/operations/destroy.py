"""Destroy: stop what runs, then forget it; down: stop it and keep it."""

from twelve.engines.contract import Tell
from twelve.operations.attempt import attempt
from twelve.operations.house import House
from twelve.operations.settle import names_of, settle, stop_all
from twelve.operations.wanted import route_table
from twelve.store import apps, leases
from twelve.store.apps import App, Deploy


async def destroy_app(house: House, app: App, *, who: str, tell: Tell) -> None:
    """Stop every deploy of an app and forget it; resources that it owned stay, unowned."""
    for deploy in apps.deploys(house.store, app.name):
        await destroy_deploy(house, deploy, who=who, tell=tell)
    apps.destroy(house.store, app)


async def destroy_deploy(house: House, deploy: Deploy, *, who: str, tell: Tell) -> None:
    """Stop a deploy and forget its config, releases and records."""
    async with attempt(house, deploy, "destroy", who, tell) as mine:
        apps.set_current(house.store, deploy, None)
        await settle(house, mine.refresh())
    tell("destroy", f"{deploy.label} is gone")
    apps.destroy_deploy(house.store, deploy)
    leases.release_uid(house.store, f"deploy {deploy.label}")
    await house.engine.switch(route_table(house))


async def down(house: House, tell: Tell) -> int:
    """Stop every process of every app, each within its grace; how many there were."""
    deploys = apps.deploys(house.store)
    house.under_way.resting.update(deploy.id for deploy in deploys)
    seen = await house.engine.observe()
    names = [name for deploy in deploys for name in names_of(deploy, seen)]
    tell("stop", f"{len(names)} processes are stopping")
    await stop_all(house, names)
    return len(names)
