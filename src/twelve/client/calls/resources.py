"""The API's calls of resources: written by ``python -m tools.api_client``, not by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twelve.client.connection import Client, quoted

if TYPE_CHECKING:
    from twelve.api import shapes


def list_resources(client: Client, *, reveal: bool = False) -> shapes.Resources:
    """List resources."""
    found: shapes.Resources = client.get("/v1/resources", reveal=reveal)
    return found


def remove_resource(client: Client, name: str, *, key: str = "") -> shapes.Accepted:
    """Remove for good."""
    found: shapes.Accepted = client.call("DELETE", f"/v1/resources/{quoted(name)}", key=key)
    return found


def make_resource(
    client: Client,
    app: str,
    deploy: str,
    *,
    kind: str,
    variable: str = "",
    name: str = "",
    key: str = "",
) -> shapes.Accepted:
    """Make and attach."""
    found: shapes.Accepted = client.call(
        "POST",
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/resources",
        {"kind": kind, "variable": variable, "name": name},
        key=key,
    )
    return found


def make_attachment(
    client: Client,
    app: str,
    deploy: str,
    *,
    variable: str,
    url: str = "",
    resource: str = "",
    key: str = "",
) -> shapes.Accepted:
    """Attach."""
    found: shapes.Accepted = client.call(
        "POST",
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/attachments",
        {"variable": variable, "url": url, "resource": resource},
        key=key,
    )
    return found


def remove_attachment(
    client: Client, app: str, deploy: str, variable: str, *, key: str = ""
) -> shapes.Accepted:
    """Detach."""
    found: shapes.Accepted = client.call(
        "DELETE",
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/attachments/{quoted(variable)}",
        key=key,
    )
    return found
