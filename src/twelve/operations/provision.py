"""Provision: make the backing services that the manifest names and attach them."""

from twelve.errors import NotFound
from twelve.factors.resources.kinds import RESOURCE_KINDS
from twelve.manifest import Manifest
from twelve.operations.attach import attached, bind
from twelve.operations.attempt import Attempt
from twelve.operations.house import House
from twelve.store import resources
from twelve.store.apps import Deploy
from twelve.store.resources import Resource


async def provision(mine: Attempt, manifest: Manifest) -> None:
    """Create and bind every resource of the manifest that the deploy lacks."""
    has = attached(mine.house, mine.deploy)
    missing = {v: kind for v, kind in manifest.resources.items() if v not in has}
    urls = {}
    for variable, kind in sorted(missing.items()):
        resource = await create_resource(mine.house, kind, owner=mine.deploy, variable=variable)
        mine.tell("resources", f"created {kind} {resource.name} as {variable}")
        urls[variable] = resource.url
    if urls:
        bind(mine, urls, (), f"provision {' '.join(urls)}")


async def create_resource(
    house: House, kind: str, *, owner: Deploy, variable: str = "", name: str = ""
) -> Resource:
    """A database or key space of its own on this home's server of the kind.

    Raises NotFound for a kind that Twelve cannot make, Conflict for a name that is taken.
    """
    if kind not in RESOURCE_KINDS:
        known = ", ".join(RESOURCE_KINDS)
        raise NotFound(
            f"there is no resource kind {kind!r}",
            hint=f"kinds: {known}; anything else is attached by its URL: twelve resources attach",
        )
    name = name or f"{owner.app}-{owner.name}-{variable or kind}".lower().replace("_", "-")
    if existing := resources.find(house.store, name):
        if existing.kind == kind and existing.owner_id == owner.id:
            return existing
    url = await house.servers.create(kind, name)
    return resources.add(
        house.store, name=name, kind=kind, owner=owner, url=url, now_ns=house.now()
    )


async def destroy_resource(house: House, resource: Resource) -> None:
    """Remove a resource and its data for good."""
    await house.servers.destroy(resource.kind, resource.name, resource.url)
    resources.remove(house.store, resource)
