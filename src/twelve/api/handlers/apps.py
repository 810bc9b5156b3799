"""Apps and deploys."""

from typing import Any

from twelve.api import views
from twelve.api.bodies import NewApp
from twelve.api.call import Accepted, Call, Row
from twelve.factors.ports.hosts import PRODUCTION
from twelve.factors.processes.instance import parse_target
from twelve.operations.destroy import destroy_app, destroy_deploy
from twelve.operations.wanted import route_table
from twelve.store import apps


async def list_apps(call: Call) -> Any:
    """Every app with its deploys."""
    house = call.house
    every = apps.deploys(house.store)
    shown = [
        views.app(house, app, [d for d in every if d.app_id == app.id])
        for app in apps.ls(house.store)
    ]
    return {"apps": shown}


async def create_app(call: Call) -> Any:
    """An app without a build, so that its config can be set before the first deploy."""
    body: NewApp = call.body
    name, deploy = parse_target(f"{body.name}/{body.deploy}")
    store, now = call.house.store, call.house.now()
    with store.writing():
        known = deploy == PRODUCTION and apps.find_deploy(store, name, deploy)
        # Who makes what is there already is told so; another deploy of the app is welcome.
        app = None if known else apps.find(store, name)
        app = app or apps.create(store, name, "", now)
        made = apps.ensure_deploy(store, app, deploy, now)
    await call.house.engine.switch(route_table(call.house))
    return views.app(call.house, app, [made])


async def show_app(call: Call) -> Any:
    """One app."""
    app = apps.get(call.house.store, call.path["app"])
    return views.app(call.house, app, apps.deploys(call.house.store, app.name))


async def remove_app(call: Call) -> Accepted:
    """Stop an app and forget it."""
    app = apps.get(call.house.store, call.path["app"])
    return call.begin(
        "destroy", app.name, lambda tell: destroy_app(call.house, app, who=call.who, tell=tell)
    )


async def remove_deploy(call: Call) -> Accepted:
    """Stop a deploy and forget it."""
    deploy = call.deploy()
    return call.begin(
        "destroy",
        deploy.label,
        lambda tell: destroy_deploy(call.house, deploy, who=call.who, tell=tell),
    )


APPS = (
    Row("GET", "/v1/apps", list_apps, "List apps and their deploys"),
    Row("POST", "/v1/apps", create_app, "Make an app before its first deploy", NewApp, status=201),
    Row("GET", "/v1/apps/{app}", show_app, "Show an app"),
    Row("DELETE", "/v1/apps/{app}", remove_app, "Stop an app and forget it", status=202),
    Row(
        "DELETE",
        "/v1/apps/{app}/deploys/{deploy}",
        remove_deploy,
        "Stop a deploy and forget it",
        status=202,
    ),
)
