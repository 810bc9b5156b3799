"""The API's calls of releases: written by ``python -m tools.api_client``, not by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twelve.client.connection import Client, quoted

if TYPE_CHECKING:
    from typing import BinaryIO

    from twelve.api import shapes


def make_deploy(
    client: Client,
    app: str,
    deploy: str,
    *,
    archive: BinaryIO,
    facts: str = "",
    provision: bool = False,
    adopt: bool = False,
    no_wait: bool = False,
    no_gate: bool = False,
    stay: bool = False,
    strict: bool = False,
    key: str = "",
) -> shapes.Accepted:
    """Build, release and run an archive."""
    found: shapes.Accepted = client.upload(
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/deploy",
        archive,
        facts=facts,
        key=key,
        provision=provision,
        adopt=adopt,
        no_wait=no_wait,
        no_gate=no_gate,
        stay=stay,
        strict=strict,
    )
    return found


def list_releases(
    client: Client, app: str, deploy: str, *, limit: int | None = None, after: str = ""
) -> shapes.Releases:
    """List releases."""
    found: shapes.Releases = client.get(
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/releases", limit=limit, after=after
    )
    return found


def show_release(client: Client, app: str, deploy: str, number: str) -> shapes.ReleaseWhole:
    """Show a release."""
    found: shapes.ReleaseWhole = client.get(
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/releases/{quoted(number)}"
    )
    return found


def diff_releases(
    client: Client, app: str, deploy: str, before: str, after: str
) -> shapes.Comparison:
    """Compare releases."""
    found: shapes.Comparison = client.get(
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/releases/{quoted(before)}/diff/{quoted(after)}"
    )
    return found


def make_rollback(
    client: Client,
    app: str,
    deploy: str,
    *,
    to: int | None = None,
    formation: bool = False,
    wait: bool = True,
    key: str = "",
) -> shapes.Accepted:
    """Go back to a release."""
    found: shapes.Accepted = client.call(
        "POST",
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/rollback",
        {"to": to, "formation": formation, "wait": wait},
        key=key,
    )
    return found
