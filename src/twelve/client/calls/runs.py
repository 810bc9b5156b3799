"""The API's calls of runs: written by ``python -m tools.api_client``, not by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twelve.client.connection import Client, quoted

if TYPE_CHECKING:
    from twelve.api import shapes


def start_run(
    client: Client, app: str, deploy: str, *, command: list[str], key: str = ""
) -> shapes.Run:
    """Run a command detached."""
    found: shapes.Run = client.call(
        "POST",
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/runs",
        {"command": command},
        key=key,
    )
    return found


def list_runs(
    client: Client, app: str, deploy: str, *, limit: int | None = None, after: str = ""
) -> shapes.Runs:
    """List runs."""
    found: shapes.Runs = client.get(
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/runs", limit=limit, after=after
    )
    return found


def list_ticks(
    client: Client,
    app: str,
    deploy: str,
    *,
    limit: int | None = None,
    after: str = "",
    schedule: str = "",
) -> shapes.Ticks:
    """List what became of schedules."""
    found: shapes.Ticks = client.get(
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/ticks",
        limit=limit,
        after=after,
        schedule=schedule,
    )
    return found


def show_run(client: Client, app: str, deploy: str, id_: str) -> shapes.Run:
    """Show a run."""
    found: shapes.Run = client.get(
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/runs/{quoted(id_)}"
    )
    return found


def end_run(client: Client, app: str, deploy: str, id_: str, *, key: str = "") -> shapes.Run:
    """End a run."""
    found: shapes.Run = client.call(
        "POST", f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/runs/{quoted(id_)}/stop", key=key
    )
    return found
