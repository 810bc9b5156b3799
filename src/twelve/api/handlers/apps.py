"""Apps and deploys."""

from typing import Any

from twelve.api import shapes, views
from twelve.api.bodies import NewApp
from twelve.api.call import Accepted, Call, Row
from twelve.api.paging import PAGE, cut
from twelve.factors.ports.hosts import PRODUCTION
from twelve.factors.processes.instance import parse_target
from twelve.operations.addresses import refuse_followed
from twelve.operations.destroy import destroy_app, destroy_deploy
from twelve.operations.wanted import route_table
from twelve.store import apps


async def list_apps(call: Call) -> Any:
    """Every app with its deploys."""
    house = call.house
    rows, following = cut(call, apps.ls(house.store), lambda app: app.name)
    every = apps.deploys(house.store)
    shown = [views.app(house, app, [d for d in every if d.app_id == app.id]) for app in rows]
    return {"apps": shown, "next": following}


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
    refuse_followed(call.house, apps.deploys(call.house.store, app.name))
    return call.begin(
        "destroy", app.name, lambda tell: destroy_app(call.house, app, who=call.who, tell=tell)
    )


async def remove_deploy(call: Call) -> Accepted:
    """Stop a deploy and forget it."""
    deploy = call.deploy()
    refuse_followed(call.house, [deploy])
    return call.begin(
        "destroy",
        deploy.label,
        lambda tell: destroy_deploy(call.house, deploy, who=call.who, tell=tell),
    )


APPS = (
    Row(
        "GET", "/v1/apps", list_apps, "List apps and their deploys", query=PAGE, answer=shapes.Apps
    ),
    Row(
        "POST",
        "/v1/apps",
        create_app,
        "Make an app before its first deploy",
        NewApp,
        status=201,
        answer=shapes.App,
    ),
    Row("GET", "/v1/apps/{app}", show_app, "Show an app", answer=shapes.App),
    Row("DELETE", "/v1/apps/{app}", remove_app, "Stop an app and forget it", status=202),
    Row(
        "DELETE",
        "/v1/apps/{app}/deploys/{deploy}",
        remove_deploy,
        "Stop a deploy and forget it",
        status=202,
    ),
)
