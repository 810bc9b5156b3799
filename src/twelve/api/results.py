"""What an operation leaves behind, as its last event tells it."""

from collections.abc import Awaitable
from typing import Any

from twelve.api import views
from twelve.factors.releases.release import Release
from twelve.operations.house import House
from twelve.store import apps, releases
from twelve.store.apps import Deploy


async def told(house: House, deploy: Deploy, work: Awaitable[Release | None]) -> dict[str, Any]:
    """The release that an operation made, and where the deploy answers."""
    release = await work
    now = apps.get_deploy(house.store, deploy.app, deploy.name)
    warnings = (
        [
            event.detail.get("text", "")
            for event in releases.events(house.store, now, release.number)
            if event.kind == "warning"
        ]
        if release
        else []
    )
    return {
        "app": now.app,
        "deploy": now.name,
        "release": release.tag if release else None,
        "urls": views.urls(house, now),
        "warnings": warnings,
    }
