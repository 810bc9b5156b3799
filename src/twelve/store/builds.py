"""The ledger of builds."""

import json

from twelve.factors.releases.build import Build, build_from_plain
from twelve.store.apps import App
from twelve.store.connection import Store


def add(store: Store, app: App, build: Build, now_ns: int) -> None:
    """Record a build; the same one again changes nothing."""
    store.do(
        "INSERT INTO builds (digest, app_id, plain, created_ns) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        build.digest,
        app.id,
        json.dumps(build.to_plain()),
        now_ns,
    )


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


def drop(store: Store, digest: str) -> None:
    """Forget a build that no kept release needs."""
    store.do("DELETE FROM builds WHERE digest = ?", digest)
