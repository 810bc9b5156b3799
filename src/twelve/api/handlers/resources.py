"""Resources and attachments."""

from collections.abc import Awaitable
from typing import Any

from twelve.api import shapes
from twelve.api.bodies import NewAttachment, NewResource
from twelve.api.call import Accepted, Call, Row
from twelve.api.query import flag
from twelve.api.results import told
from twelve.engines.contract import Tell
from twelve.errors import Invalid, Refused
from twelve.factors.processes.instance import parse_target
from twelve.factors.resources.attachment import variable_for
from twelve.factors.resources.kinds import APP
from twelve.factors.resources.url import mask
from twelve.operations.addresses import followed_by, known
from twelve.operations.attach import attach, attached, detach
from twelve.operations.follow import attach_app
from twelve.operations.provision import create_resource, destroy_resource
from twelve.store import apps, resources
from twelve.store.addresses import Followed

DEPLOY = "/v1/apps/{app}/deploys/{deploy}"


async def list_resources(call: Call) -> Any:
    """Every resource that Twelve made, and every attachment."""
    house = call.house
    made = resources.ls(house.store)
    names = {resource.url: resource.name for resource in made}
    follows = {deploy.id: followed_by(house, deploy) for deploy in apps.deploys(house.store)}
    held = [
        {
            "app": deploy.app,
            "deploy": deploy.name,
            "variable": variable,
            "resource": f"app:{follows[deploy.id][variable].label}"
            if variable in follows[deploy.id]
            else names.get(url, ""),
            "url": url if call.flag("reveal") else mask(url),
        }
        for deploy in apps.deploys(house.store)
        for variable, url in attached(house, deploy).items()
    ]
    return {
        "resources": [
            {"name": r.name, "kind": r.kind, "created_ns": r.created_ns, "url": mask(r.url)}
            for r in made
        ],
        "attachments": held,
    }


async def make_resource(call: Call) -> Accepted:
    """Make a resource and attach it."""
    noun, body = call.deploy(), call.body
    house = call.house

    async def work(tell: Tell) -> dict[str, Any]:
        variable = body.variable or variable_for(body.kind, attached(house, noun).keys())
        resource = await create_resource(
            house, body.kind, owner=noun, variable=variable, name=body.name
        )
        tell("resources", f"created {resource.kind} {resource.name}")
        done = attach(house, noun, resource.url, variable=variable, who=call.who, tell=tell)
        return await told(house, noun, done) | {"resource": resource.name, "variable": variable}

    return call.begin("resources create", noun.label, work)


async def make_attachment(call: Call) -> Accepted:
    """Attach a URL, a resource by name, or another deploy as ``app:billing/production``."""
    noun, body = call.deploy(), call.body
    house = call.house
    if bool(body.url) == bool(body.resource):
        raise Invalid("name either a url or a resource", hint="the one, not the other nor both")
    if body.resource.startswith(APP):
        other = Followed(*parse_target(body.resource.removeprefix(APP)))
        known(house, other)

        def work(tell: Tell) -> Awaitable[dict[str, Any]]:
            how = {"variable": body.variable, "who": call.who, "tell": tell}
            return told(house, noun, attach_app(house, noun, other, **how))
    else:
        url = body.url or resources.get(house.store, body.resource).url

        def work(tell: Tell) -> Awaitable[dict[str, Any]]:
            how = {"variable": body.variable, "who": call.who, "tell": tell}
            return told(house, noun, attach(house, noun, url, **how))

    return call.begin("attach", noun.label, work)


async def remove_attachment(call: Call) -> Accepted:
    """Take an attachment away."""
    noun, variable = call.deploy(), call.path["variable"]
    return call.begin(
        "detach",
        noun.label,
        lambda tell: told(
            call.house, noun, detach(call.house, noun, variable, who=call.who, tell=tell)
        ),
    )


async def remove_resource(call: Call) -> Accepted:
    """Remove a resource and its data for good. Raises Refused while it is attached."""
    house = call.house
    resource = resources.get(house.store, call.path["name"])
    users = [
        d.label for d in apps.deploys(house.store) if resource.url in attached(house, d).values()
    ]
    if users:
        raise Refused(
            f"{resource.name} is attached to {', '.join(users)}", hint="detach it there first"
        )

    async def work(tell: Tell) -> None:
        await destroy_resource(house, resource)
        tell("resources", f"{resource.name} and its data are gone")

    return call.begin("resources destroy", resource.name, work)


RESOURCES = (
    Row(
        "GET",
        "/v1/resources",
        list_resources,
        "List resources",
        query=(flag("reveal", "URLs of attachments in clear"),),
        answer=shapes.Resources,
    ),
    Row("DELETE", "/v1/resources/{name}", remove_resource, "Remove for good", status=202),
    Row("POST", f"{DEPLOY}/resources", make_resource, "Make and attach", NewResource, status=202),
    Row("POST", f"{DEPLOY}/attachments", make_attachment, "Attach", NewAttachment, status=202),
    Row("DELETE", f"{DEPLOY}/attachments/{{variable}}", remove_attachment, "Detach", status=202),
)
