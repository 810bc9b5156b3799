"""The API's calls of config: written by ``python -m tools.api_client``, not by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twelve.client.connection import Client, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twelve.api import shapes


def show_config(
    client: Client, app: str, deploy: str, *, version: int | None = None, reveal: bool = False
) -> shapes.Config:
    """Show variables."""
    found: shapes.Config = client.get(
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/config", version=version, reveal=reveal
    )
    return found


def change_config(
    client: Client,
    app: str,
    deploy: str,
    *,
    put: dict[str, str] | None = None,
    drop: list[str] | None = None,
    wait: bool = True,
    key: str = "",
) -> shapes.Accepted:
    """Set and unset."""
    found: shapes.Accepted = client.call(
        "PATCH",
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/config",
        {"put": put, "drop": drop, "wait": wait},
        key=key,
    )
    return found


def config_history(
    client: Client, app: str, deploy: str, *, limit: int | None = None, after: str = ""
) -> shapes.Versions:
    """List versions."""
    found: shapes.Versions = client.get(
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/config/history", limit=limit, after=after
    )
    return found


def diff_config(
    client: Client,
    app: str,
    deploy: str,
    *,
    app_: str = "",
    deploy_: str = "",
    reveal: bool = False,
) -> shapes.Differences:
    """Compare with another deploy."""
    found: shapes.Differences = client.get(
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/config/diff",
        app_=app_,
        deploy_=deploy_,
        reveal=reveal,
    )
    return found


def secret_names(
    client: Client, app: str, deploy: str, *, names: Sequence[str] = ()
) -> shapes.SecretNames:
    """Which are secrets."""
    found: shapes.SecretNames = client.get(
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/config/secret", names=names
    )
    return found


def list_domains(client: Client, app: str, deploy: str) -> shapes.Domains:
    """List hosts."""
    found: shapes.Domains = client.get(f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/domains")
    return found


def add_domain(
    client: Client, app: str, deploy: str, *, host: str, key: str = ""
) -> shapes.NewDomains:
    """Bind a host."""
    found: shapes.NewDomains = client.call(
        "POST", f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/domains", {"host": host}, key=key
    )
    return found


def remove_domain(
    client: Client, app: str, deploy: str, host: str, *, key: str = ""
) -> shapes.NewDomains:
    """Let a host go."""
    found: shapes.NewDomains = client.call(
        "DELETE", f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/domains/{quoted(host)}", key=key
    )
    return found
