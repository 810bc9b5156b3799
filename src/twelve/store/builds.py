"""The ledger of builds."""

import json
from typing import NamedTuple

from twelve.factors.releases.build import Build, build_from_plain
from twelve.store.apps import App
from twelve.store.connection import Store


class Kept(NamedTuple):
    """A build whose layers are there."""

    app_id: int
    build: Build


def add(store: Store, app: App, build: Build, now_ns: int) -> None:
    """Record a build; the same one again is kept again, and nothing else changes."""
    store.do(
        "INSERT INTO builds (digest, app_id, plain, created_ns) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET pruned_ns = NULL",
        build.digest,
        app.id,
        json.dumps(build.to_plain()),
        now_ns,
    )


def replace(store: Store, app: App, build: Build, now_ns: int) -> None:
    """Record a build in place of the one of that digest: in development the folder changes."""
    with store.writing():
        store.do("DELETE FROM builds WHERE app_id = ? AND digest = ?", app.id, build.digest)
        add(store, app, build, now_ns)


def find(store: Store, app: App | int, digest: str) -> Build | None:
    """The app's build of that digest, or nothing."""
    app_id = app if isinstance(app, int) else app.id
    row = store.one("SELECT plain FROM builds WHERE app_id = ? AND digest = ?", app_id, digest)
    return build_from_plain(json.loads(row["plain"])) if row else None


def get(store: Store, app: App | int, digest: str) -> Build:
    """The app's build of that digest, which a release names."""
    build = find(store, app, digest)
    assert build is not None, f"a release names build {digest}, which is not in the ledger"
    return build


def kept(store: Store) -> list[Kept]:
    """Every app's builds that have their layers, oldest first."""
    rows = store.all("SELECT app_id, plain FROM builds WHERE pruned_ns IS NULL ORDER BY created_ns")
    return [Kept(row["app_id"], build_from_plain(json.loads(row["plain"]))) for row in rows]


def is_kept(store: Store, app_id: int, digest: str) -> bool:
    """Whether the layers of an app's build are there."""
    where = "app_id = ? AND digest = ? AND pruned_ns IS NULL"
    return store.one(f"SELECT 1 AS yes FROM builds WHERE {where}", app_id, digest) is not None


def mark_pruned(store: Store, app_id: int, digest: str, now_ns: int) -> None:
    """Its layers are about to be removed; what it was stays on record."""
    store.do(
        "UPDATE builds SET pruned_ns = ? WHERE app_id = ? AND digest = ?", now_ns, app_id, digest
    )
