"""The API's calls of parity: written by ``python -m tools.api_client``, not by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twelve.client.connection import Client, quoted

if TYPE_CHECKING:
    from twelve.api import shapes


def show_parity(
    client: Client, app: str, deploy: str, *, app_: str = "", deploy_: str = ""
) -> shapes.Comparison:
    """Compare deploys."""
    found: shapes.Comparison = client.get(
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/parity", app_=app_, deploy_=deploy_
    )
    return found


def make_promotion(
    client: Client,
    app: str,
    deploy: str,
    *,
    source: str,
    provision: bool = False,
    wait: bool = True,
    gate: bool = True,
    stay: bool = False,
    key: str = "",
) -> shapes.Accepted:
    """Run a build here."""
    found: shapes.Accepted = client.call(
        "POST",
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/promote",
        {"from": source, "provision": provision, "wait": wait, "gate": gate, "stay": stay},
        key=key,
    )
    return found
