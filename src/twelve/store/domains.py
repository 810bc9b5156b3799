"""The ledger of domains: which host belongs to which deploy."""

from twelve.errors import Conflict, NotFound
from twelve.store.apps import Deploy
from twelve.store.connection import Store


def add(store: Store, deploy: Deploy, host: str) -> None:
    """Bind a host. Raises Conflict when another deploy holds it; twice the same is once."""
    row = store.one(
        "SELECT d.id, a.name AS app, d.name FROM domains h JOIN deploys d ON d.id = h.deploy_id"
        " JOIN apps a ON a.id = d.app_id WHERE h.host = ?",
        host,
    )
    if row is None:
        store.insert("domains", {"host": host, "deploy_id": deploy.id})
    elif row["id"] != deploy.id:
        label = f"{row['app']}/{row['name']}"
        raise Conflict(f"{host} belongs to {label}", hint=f"twelve domains rm {host} -a {label}")


def remove(store: Store, deploy: Deploy, host: str) -> None:
    """Let a host go. Raises NotFound."""
    if not store.do("DELETE FROM domains WHERE host = ? AND deploy_id = ?", host, deploy.id):
        raise NotFound(f"{deploy.label} has no domain {host!r}", hint="twelve domains lists them")


def ls(store: Store, deploy: Deploy) -> list[str]:
    """The deploy's added hosts, by name."""
    rows = store.all("SELECT host FROM domains WHERE deploy_id = ? ORDER BY host", deploy.id)
    return [row["host"] for row in rows]
