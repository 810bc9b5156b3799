"""The ledger of resources that Twelve created; their URLs are sealed."""

from typing import NamedTuple

from twelve.errors import Conflict, NotFound
from twelve.store.apps import Deploy
from twelve.store.connection import Row, Store


class Resource(NamedTuple):
    """A backing service's part: a database, a key space."""

    id: int
    name: str
    kind: str
    owner_id: int | None
    url: str
    created_ns: int


def _resource(store: Store, row: Row) -> Resource:
    url = store.vault.open(row["sealed"], ("resources", row["name"]))
    return Resource(row["id"], row["name"], row["kind"], row["owner_id"], url, row["created_ns"])


def add(
    store: Store, *, name: str, kind: str, owner: Deploy | None, url: str, now_ns: int
) -> Resource:
    """Record a resource. Raises Conflict when the name is taken."""
    if find(store, name):
        raise Conflict(f"there is a resource {name!r} already", hint="twelve resources lists them")
    row = {
        "name": name,
        "kind": kind,
        "owner_id": owner.id if owner else None,
        "sealed": store.vault.seal(url, ("resources", name)),
        "created_ns": now_ns,
    }
    store.insert("resources", row)
    return get(store, name)


def find(store: Store, name: str) -> Resource | None:
    """The resource of that name, or nothing."""
    row = store.one("SELECT * FROM resources WHERE name = ?", name)
    return _resource(store, row) if row else None


def get(store: Store, name: str) -> Resource:
    """The resource of that name. Raises NotFound."""
    if resource := find(store, name):
        return resource
    raise NotFound(f"there is no resource {name!r}", hint="twelve resources lists them")


def ls(store: Store) -> list[Resource]:
    """Every resource, by name."""
    return [_resource(store, row) for row in store.all("SELECT * FROM resources ORDER BY name")]


def remove(store: Store, resource: Resource) -> None:
    """Forget a resource."""
    store.do("DELETE FROM resources WHERE id = ?", resource.id)
