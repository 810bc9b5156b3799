"""The ledger of apps and their deploys."""

import json
from collections.abc import Collection, Mapping
from typing import NamedTuple

from twelve.errors import Conflict, NotFound
from twelve.store.connection import Row, Store


class App(NamedTuple):
    """One codebase under version control, known by its root commit."""

    id: int
    name: str
    root_commit: str
    created_ns: int


class Deploy(NamedTuple):
    """One running instance of an app."""

    id: int
    app_id: int
    app: str
    name: str
    current: int | None
    stopped: frozenset[str]
    formation: Mapping[str, int]
    created_ns: int

    @property
    def label(self) -> str:
        """``shop/production``."""
        return f"{self.app}/{self.name}"


SELECT_DEPLOY = "SELECT d.*, a.name AS app FROM deploys d JOIN apps a ON a.id = d.app_id"


def _deploy(row: Row) -> Deploy:
    return Deploy(
        row["id"],
        row["app_id"],
        row["app"],
        row["name"],
        row["current"],
        frozenset(json.loads(row["stopped"])),
        json.loads(row["formation"]),
        row["created_ns"],
    )


def create(store: Store, name: str, root_commit: str, now_ns: int) -> App:
    """Add an app. Raises Conflict when the name is taken."""
    if find(store, name):
        raise Conflict(f"there is an app {name!r} already", hint="choose another name")
    store.insert("apps", {"name": name, "root_commit": root_commit, "created_ns": now_ns})
    return get(store, name)


def find(store: Store, name: str) -> App | None:
    """The app of exactly that name, or nothing."""
    row = store.one("SELECT * FROM apps WHERE name = ?", name)
    return App(**row) if row else None


def get(store: Store, name: str) -> App:
    """The app of exactly that name. Raises NotFound, naming those that exist."""
    if app := find(store, name):
        return app
    raise NotFound(f"there is no app {name!r}", hint=_known([a.name for a in ls(store)], "apps"))


def _known(names: Collection[str], what: str) -> str:
    if not names:
        return "twelve deploy makes the first one"
    return f"{what}: {', '.join(sorted(names)[:12])}"


def ls(store: Store) -> list[App]:
    """Every app, by name."""
    return [App(**row) for row in store.all("SELECT * FROM apps ORDER BY name")]


def adopt(store: Store, app: App, root_commit: str) -> None:
    """From now on the app is known by this root commit."""
    store.do("UPDATE apps SET root_commit = ? WHERE id = ?", root_commit, app.id)


def destroy(store: Store, app: App) -> None:
    """Forget the app, its deploys and all that hangs on them."""
    store.do("DELETE FROM apps WHERE id = ?", app.id)


def ensure_deploy(store: Store, app: App, name: str, now_ns: int) -> Deploy:
    """The app's deploy of that name, made when it is not there."""
    if not find_deploy(store, app.name, name):
        store.insert("deploys", {"app_id": app.id, "name": name, "created_ns": now_ns})
    return get_deploy(store, app.name, name)


def find_deploy(store: Store, app: str, name: str) -> Deploy | None:
    """The deploy of exactly these names, or nothing."""
    row = store.one(f"{SELECT_DEPLOY} WHERE a.name = ? AND d.name = ?", app, name)
    return _deploy(row) if row else None


def get_deploy(store: Store, app: str, name: str) -> Deploy:
    """The deploy of exactly these names. Raises NotFound, naming those that exist."""
    if deploy := find_deploy(store, app, name):
        return deploy
    get(store, app)
    names = [d.name for d in deploys(store, app)]
    raise NotFound(f"{app} has no deploy {name!r}", hint=_known(names, "its deploys"))


def deploys(store: Store, app: str | None = None) -> list[Deploy]:
    """Every deploy, of one app or of all, by name."""
    where, values = ("WHERE a.name = ?", (app,)) if app else ("", ())
    rows = store.all(f"{SELECT_DEPLOY} {where} ORDER BY a.name, d.name", *values)
    return [_deploy(row) for row in rows]


def set_running(store: Store, deploy: Deploy, number: int | None) -> None:
    """Make this release the one that serves, with the deploy's quantities and what it holds back.

    ``formation`` are the quantities that were asked for: they outrank the manifest's. ``stopped``
    are types and processes that do not run until they are started again.
    """
    store.do(
        "UPDATE deploys SET current = ?, formation = ?, stopped = ? WHERE id = ?",
        number,
        json.dumps(deploy.formation),
        json.dumps(sorted(deploy.stopped)),
        deploy.id,
    )


def destroy_deploy(store: Store, deploy: Deploy) -> None:
    """Forget a deploy and all that hangs on it."""
    store.do("DELETE FROM deploys WHERE id = ?", deploy.id)
