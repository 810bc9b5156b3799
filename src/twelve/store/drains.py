"""The ledger of drains: where a deploy's log stream goes on to; the addresses are sealed."""

from twelve.errors import Conflict, NotFound
from twelve.factors.logs.drains.drain import Drain
from twelve.store.apps import Deploy
from twelve.store.connection import Row, Store

_SELECT = (
    "SELECT n.*, a.name AS app, d.name AS deploy FROM drains n"
    " JOIN deploys d ON d.id = n.deploy_id JOIN apps a ON a.id = d.app_id"
)


def add(store: Store, deploy: Deploy, drain: Drain) -> None:
    """Record a drain. Raises Conflict when the deploy has one of that name."""
    if any(other.name == drain.name for other in ls(store, deploy)):
        raise Conflict(
            f"{deploy.label} has a drain {drain.name!r} already",
            hint=f"give it another --name, or: twelve drains rm {drain.name}",
        )
    row = {
        "key": drain.key,
        "deploy_id": deploy.id,
        "name": drain.name,
        "sealed": store.vault.seal(drain.url, ("drains", drain.key)),
        "created_ns": drain.since_ns,
    }
    store.insert("drains", row)


def ls(store: Store, deploy: Deploy) -> list[Drain]:
    """The drains of a deploy, by name."""
    rows = store.all(f"{_SELECT} WHERE n.deploy_id = ? ORDER BY n.name", deploy.id)
    return [_drain(store, row) for row in rows]


def every(store: Store) -> list[Drain]:
    """The drains of all deploys."""
    return [_drain(store, row) for row in store.all(f"{_SELECT} ORDER BY n.key")]


def remove(store: Store, deploy: Deploy, name: str) -> None:
    """Forget a drain. Raises NotFound."""
    if not store.do("DELETE FROM drains WHERE deploy_id = ? AND name = ?", deploy.id, name):
        raise NotFound(f"{deploy.label} has no drain {name!r}", hint="twelve drains lists them")


def _drain(store: Store, row: Row) -> Drain:
    url = store.vault.open(row["sealed"], ("drains", row["key"]))
    return Drain(row["key"], row["app"], row["deploy"], row["name"], url, row["created_ns"])
