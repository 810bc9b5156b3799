"""The API's calls of logs: written by ``python -m tools.api_client``, not by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twelve.client.connection import Client, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twelve.client.wire import Answer


def read_logs(
    client: Client,
    app: str,
    deploy: str,
    *,
    follow: bool = False,
    n: int | None = None,
    type_: Sequence[str] = (),
    process: Sequence[str] = (),
    stream: Sequence[str] = (),
    release: Sequence[str] = (),
    since: str = "",
    grep: str = "",
    json: bool = False,
    colour: bool = False,
    width: int | None = None,
    files: bool = False,
) -> Answer:
    """Read or follow the log stream."""
    return client.ask(
        "GET",
        f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}/logs",
        follow=follow,
        n=n,
        type_=type_,
        process=process,
        stream=stream,
        release=release,
        since=since,
        grep=grep,
        json=json,
        colour=colour,
        width=width,
        files=files,
    )
