"""The API's calls of platform: written by ``python -m tools.api_client``, not by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twelve.client.connection import Client, quoted

if TYPE_CHECKING:
    from twelve.api import shapes
    from twelve.client.wire import Answer


def show_info(client: Client) -> shapes.Info:
    """What answers here."""
    found: shapes.Info = client.get("/v1/info")
    return found


def show_doctor(client: Client) -> shapes.Doctor:
    """Parts, versions, what is missing."""
    found: shapes.Doctor = client.get("/v1/doctor")
    return found


def show_operation(client: Client, id_: str) -> shapes.Operation:
    """Show an operation."""
    found: shapes.Operation = client.get(f"/v1/operations/{quoted(id_)}")
    return found


def follow_operation(client: Client, id_: str, *, from_: int | None = None) -> Answer:
    """Listen."""
    return client.ask("GET", f"/v1/operations/{quoted(id_)}/events", from_=from_)


def cancel_operation(client: Client, id_: str, *, key: str = "") -> shapes.Taken:
    """Take an operation back."""
    found: shapes.Taken = client.call("POST", f"/v1/operations/{quoted(id_)}/cancel", key=key)
    return found


def go_down(client: Client, *, key: str = "") -> shapes.Accepted:
    """Stop the apps."""
    found: shapes.Accepted = client.call("POST", "/v1/down", key=key)
    return found


def leave(client: Client, *, key: str = "") -> shapes.Nothing:
    """End this control plane; the apps run on."""
    found: shapes.Nothing = client.call("POST", "/v1/leave", key=key)
    return found
