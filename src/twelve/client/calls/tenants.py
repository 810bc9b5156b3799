"""The API's calls of tenants: written by ``python -m tools.api_client``, not by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twelve.client.connection import Client, quoted

if TYPE_CHECKING:
    from twelve.api import shapes


def make_deploy_from(
    client: Client,
    app: str,
    *,
    name: str,
    source: str,
    put: dict[str, str] | None = None,
    generate: bool = False,
    key: str = "",
) -> shapes.Accepted:
    """Make a deploy from another."""
    found: shapes.Accepted = client.call(
        "POST",
        f"/v1/apps/{quoted(app)}/deploys",
        {"name": name, "from": source, "put": put, "generate": generate},
        key=key,
    )
    return found


def run_in_each(
    client: Client,
    app: str,
    *,
    deploys: str,
    command: list[str],
    at_once: int = 4,
    timeout: float = 0.0,
    key: str = "",
) -> shapes.Accepted:
    """Run a command in several deploys."""
    found: shapes.Accepted = client.call(
        "POST",
        f"/v1/apps/{quoted(app)}/each/run",
        {"deploys": deploys, "command": command, "at_once": at_once, "timeout": timeout},
        key=key,
    )
    return found
