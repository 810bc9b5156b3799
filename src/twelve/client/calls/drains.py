"""The API's calls of drains: written by ``python -m tools.api_client``, not by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twelve.client.connection import Client, quoted

if TYPE_CHECKING:
    from twelve.api import shapes


def list_drains(
    client: Client, app: str, deploy: str, *, limit: int | None = None, after: str = ""
) -> shapes.Drains:
    """List the drains of the log stream."""
    found: shapes.Drains = client.get(
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/drains", limit=limit, after=after
    )
    return found


def make_drain(
    client: Client, app: str, deploy: str, *, url: str, name: str = "", key: str = ""
) -> shapes.Drain:
    """Send the log stream on."""
    found: shapes.Drain = client.call(
        "POST",
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/drains",
        {"url": url, "name": name},
        key=key,
    )
    return found


def drop_drain(
    client: Client, app: str, deploy: str, name: str, *, key: str = ""
) -> shapes.Nothing:
    """Send no more."""
    found: shapes.Nothing = client.call(
        "DELETE", f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/drains/{quoted(name)}", key=key
    )
    return found
