"""The API's calls of ps: written by ``python -m tools.api_client``, not by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twelve.client.connection import Client, quoted

if TYPE_CHECKING:
    from twelve.api import shapes


def list_all(client: Client) -> shapes.PsAll:
    """List the processes of every deploy."""
    found: shapes.PsAll = client.get("/v1/ps")
    return found


def list_processes(client: Client, app: str, deploy: str) -> shapes.Ps:
    """List processes."""
    found: shapes.Ps = client.get(f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/ps")
    return found


def list_exits(
    client: Client,
    app: str,
    deploy: str,
    *,
    limit: int | None = None,
    after: str = "",
    process: str = "",
    asked: bool = False,
) -> shapes.Exits:
    """List how processes ended."""
    found: shapes.Exits = client.get(
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/exits",
        limit=limit,
        after=after,
        process=process,
        asked=asked,
    )
    return found


def make_scale(
    client: Client, app: str, deploy: str, *, formation: list[str], wait: bool = True, key: str = ""
) -> shapes.Accepted:
    """Set quantities."""
    found: shapes.Accepted = client.call(
        "POST",
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/scale",
        {"formation": formation, "wait": wait},
        key=key,
    )
    return found


def make_restart(
    client: Client, app: str, deploy: str, *, what: str = "", wait: bool = True, key: str = ""
) -> shapes.Accepted:
    """Start anew."""
    found: shapes.Accepted = client.call(
        "POST",
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/restart",
        {"what": what, "wait": wait},
        key=key,
    )
    return found


def make_stop(
    client: Client, app: str, deploy: str, *, what: str = "", wait: bool = True, key: str = ""
) -> shapes.Accepted:
    """Hold back."""
    found: shapes.Accepted = client.call(
        "POST",
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/stop",
        {"what": what, "wait": wait},
        key=key,
    )
    return found
