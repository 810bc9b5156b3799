"""The ledger of releases: rows that are never edited, and the events that befell them."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from twelve.errors import NotFound
from twelve.factors.releases.release import Release
from twelve.store import builds
from twelve.store.apps import Deploy
from twelve.store.connection import Row, Store


class ReleaseEvent(NamedTuple):
    """Something that befell a release: released, failed, superseded, drained, gone back to."""

    kind: str
    detail: Mapping[str, Any]
    at_ns: int


def _release(deploy: Deploy, row: Row) -> Release:
    plain = {k: v for k, v in row.items() if k != "deploy_id"}
    for key in ("formation", "runtimes"):
        plain[key] = json.loads(row[key])
    return Release(app=deploy.app, deploy=deploy.name, **plain)


def next_number(store: Store, deploy: Deploy) -> int:
    """The number of the next release."""
    row = store.one(
        "SELECT coalesce(max(number), 0) + 1 AS n FROM releases WHERE deploy_id = ?", deploy.id
    )
    assert row is not None
    return int(row["n"])


def append(store: Store, deploy: Deploy, release: Release) -> None:
    """Add a row."""
    plain = release._asdict()
    del plain["app"], plain["deploy"]
    row = plain | {
        "deploy_id": deploy.id,
        "formation": json.dumps(release.formation),
        "runtimes": json.dumps(release.runtimes),
    }
    store.insert("releases", row)


def find(store: Store, deploy: Deploy, number: int | None) -> Release | None:
    """One release, or nothing."""
    row = store.one(
        "SELECT * FROM releases WHERE deploy_id = ? AND number = ?", deploy.id, number or 0
    )
    return _release(deploy, row) if row else None


def get(store: Store, deploy: Deploy, number: int) -> Release:
    """One release. Raises NotFound, naming the newest."""
    if release := find(store, deploy, number):
        return release
    newest = next_number(store, deploy) - 1
    hint = f"its newest is v{newest}: twelve releases" if newest else "it has none yet"
    raise NotFound(f"{deploy.label} has no release v{number}", hint=hint)


def current(store: Store, deploy: Deploy) -> Release | None:
    """The release that serves, or nothing."""
    return find(store, deploy, deploy.current)


def ls(store: Store, deploy: Deploy, limit: int = 1000) -> list[Release]:
    """The releases, newest first."""
    rows = store.all(
        "SELECT * FROM releases WHERE deploy_id = ? ORDER BY number DESC LIMIT ?", deploy.id, limit
    )
    return [_release(deploy, row) for row in rows]


def record(
    store: Store, deploy: Deploy, number: int, kind: str, now_ns: int, **detail: Any
) -> None:
    """Append an event to a release."""
    store.insert(
        "release_events",
        {
            "deploy_id": deploy.id,
            "number": number,
            "kind": kind,
            "detail": json.dumps(detail),
            "at_ns": now_ns,
        },
    )


def events(store: Store, deploy: Deploy, number: int) -> list[ReleaseEvent]:
    """What befell a release, oldest first."""
    rows = store.all(
        "SELECT kind, detail, at_ns FROM release_events WHERE deploy_id = ? AND number = ?"
        " ORDER BY id",
        deploy.id,
        number,
    )
    return [ReleaseEvent(row["kind"], json.loads(row["detail"]), row["at_ns"]) for row in rows]


def warnings(store: Store, deploy: Deploy, since: int) -> list[Mapping[str, Any]]:
    """What is to be said about the releases from number ``since`` on, and about their processes."""
    rows = store.all(
        "SELECT detail FROM release_events WHERE deploy_id = ? AND kind = 'warning'"
        " AND number >= ? ORDER BY id",
        deploy.id,
        since,
    )
    return [json.loads(row["detail"]) for row in rows]


def states(store: Store, deploy: Deploy) -> dict[int, str]:
    """The last word on each release: its newest event that is a state; one taken back stays so."""
    rows = store.all(
        "SELECT number, kind FROM release_events WHERE deploy_id = ? AND kind IN"
        " ('released', 'failed', 'superseded', 'cancelled', 'undone', 'worse')"
        " ORDER BY kind = 'worse', id",
        deploy.id,
    )
    return {row["number"]: row["kind"] for row in rows}


def rollback_target(store: Store, deploy: Deploy) -> Release | None:
    """The newest release before the current one that served, ran something else and is kept.

    One that was taken back is none.
    """
    now = current(store, deploy)
    if now is None:
        return None
    once = served(store, deploy) - taken_back(store, deploy)
    for release in ls(store, deploy):
        older = release.number < now.number and release.number in once
        other = release.digest != now.digest
        if older and other and builds.is_kept(store, deploy.app_id, release.build):
            return release
    return None


def taken_back(store: Store, deploy: Deploy) -> set[int]:
    """The numbers of the releases that were found to be worse."""
    rows = store.all(
        "SELECT number FROM release_events WHERE deploy_id = ? AND kind = 'worse'", deploy.id
    )
    return {row["number"] for row in rows}


def served(store: Store, deploy: Deploy) -> set[int]:
    """The numbers of the releases that served once, or still do."""
    rows = store.all(
        "SELECT number FROM release_events WHERE deploy_id = ? AND kind = 'released'", deploy.id
    )
    return {row["number"] for row in rows}
