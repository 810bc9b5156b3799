"""The API's calls of apps: written by ``python -m tools.api_client``, not by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twelve.client.connection import Client, quoted

if TYPE_CHECKING:
    from twelve.api import shapes


def list_apps(client: Client, *, limit: int | None = None, after: str = "") -> shapes.Apps:
    """List apps and their deploys."""
    found: shapes.Apps = client.get("/v1/apps", limit=limit, after=after)
    return found


def create_app(
    client: Client, *, name: str, deploy: str = "production", key: str = ""
) -> shapes.App:
    """Make an app before its first deploy."""
    found: shapes.App = client.call("POST", "/v1/apps", {"name": name, "deploy": deploy}, key=key)
    return found


def show_app(client: Client, app: str) -> shapes.App:
    """Show an app."""
    found: shapes.App = client.get(f"/v1/apps/{quoted(app)}")
    return found


def remove_app(client: Client, app: str, *, key: str = "") -> shapes.Accepted:
    """Stop an app and forget it."""
    found: shapes.Accepted = client.call("DELETE", f"/v1/apps/{quoted(app)}", key=key)
    return found


def remove_deploy(client: Client, app: str, deploy: str, *, key: str = "") -> shapes.Accepted:
    """Stop a deploy and forget it."""
    found: shapes.Accepted = client.call(
        "DELETE", f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}", key=key
    )
    return found
