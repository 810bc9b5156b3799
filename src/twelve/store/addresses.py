"""The ledger of addresses: which attachment follows which other deploy.

A row is about a variable while it holds that URL: so a version of the attachments that comes back
means what it meant when it was made.
"""

from typing import NamedTuple

from twelve.store.apps import Deploy
from twelve.store.connection import Store


class Followed(NamedTuple):
    """The deploy whose address a variable holds."""

    app: str
    name: str

    @property
    def label(self) -> str:
        """``billing/production``."""
        return f"{self.app}/{self.name}"


def record(store: Store, deploy: Deploy, variable: str, url: str, followed: Followed) -> None:
    """While it holds this URL, the variable follows that deploy."""
    store.do(
        "INSERT OR REPLACE INTO addresses (deploy_id, variable, url, app, name)"
        " VALUES (?, ?, ?, ?, ?)",
        deploy.id,
        variable,
        url,
        *followed,
    )


def ls(store: Store, deploy: Deploy) -> dict[tuple[str, str], Followed]:
    """Whom the deploy's variables follow, by variable and URL."""
    rows = store.all("SELECT * FROM addresses WHERE deploy_id = ?", deploy.id)
    return {(row["variable"], row["url"]): Followed(row["app"], row["name"]) for row in rows}
