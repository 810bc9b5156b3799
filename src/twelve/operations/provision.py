"""Provision: make the backing services that the manifest names and attach them."""

from collections.abc import Callable

from twelve.errors import Invalid
from twelve.factors.releases.journal import Point
from twelve.factors.resources.attachment import way_to
from twelve.factors.resources.kinds import app_of, kind_of
from twelve.factors.resources.names import check_name, name_for
from twelve.manifest import Manifest
from twelve.operations.attach import attached
from twelve.operations.attempt import Attempt
from twelve.operations.house import House
from twelve.operations.refresh import provided
from twelve.store import resources, versions
from twelve.store.apps import Deploy
from twelve.store.resources import Resource


async def provision(mine: Attempt, manifest: Manifest) -> None:
    """Create and bind every resource of the manifest that the deploy lacks."""
    store = mine.house.store
    head = versions.head(store, mine.deploy, "config")
    has = attached(mine.house, mine.deploy) | versions.values(store, mine.deploy, "config", head)
    missing = {v: kind for v, kind in manifest.resources.items() if v not in has}
    urls = {}
    for variable, kind in sorted(missing.items()):
        if app_of(kind):
            urls[variable] = provided(mine, variable, kind)
            continue
        resource = await create_resource(
            mine.house,
            kind,
            owner=mine.deploy,
            variable=variable,
            made=lambda: mine.reach(Point.RESOURCE_MADE),
        )
        mine.tell("resources", f"created {kind} {resource.name} as {variable}")
        urls[variable] = resource.url
    if urls:
        mine.reach(Point.PROVISIONED)
        mine.make_version("attachments", urls, (), f"provision {' '.join(urls)}")


async def create_resource(
    house: House,
    kind: str,
    *,
    owner: Deploy,
    variable: str = "",
    name: str = "",
    made: Callable[[], None] = lambda: None,
) -> Resource:
    """A database or key space of its own on this home's server of the kind.

    ``made`` is called when it is there and not yet recorded.

    Raises Invalid for a kind that Twelve cannot make, Conflict for a name that is taken.
    """
    if app_of(kind_of(kind).name):
        raise Invalid(
            f"{kind} is attached, not created",
            hint=f"{way_to(kind, owner.label)} --as {variable or kind_of(kind).variable}",
        )
    name = check_name(name or name_for(owner.app, owner.name, variable or kind))
    existing = resources.find(house.store, name)
    if existing and existing.kind == kind and existing.owner_id == owner.id:
        return existing
    url = await house.servers.create(kind, name)
    made()
    return resources.add(
        house.store, name=name, kind=kind, owner=owner, url=url, now_ns=house.now()
    )


async def destroy_resource(house: House, resource: Resource) -> None:
    """Remove a resource and its data for good."""
    await house.servers.destroy(resource.kind, resource.name)
    resources.remove(house.store, resource)
