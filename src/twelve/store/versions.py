"""The ledger of config and attachments: numbered versions of sealed values, each with a parent.

A version whose release failed stays as ``failed`` and the head goes back.
"""

from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

from twelve.errors import NotFound
from twelve.store.apps import Deploy
from twelve.store.connection import Row, Store

Kind = Literal["config", "attachments"]


class Version(NamedTuple):
    """One version, without its values."""

    version: int
    parent: int
    state: str
    who: str
    note: str
    at_ns: int


SELECT = "SELECT version, parent, state, who, note, at_ns FROM versions"


def head(store: Store, deploy: Deploy, kind: Kind) -> int:
    """The number of the head version; 0 before the first."""
    row = store.one(
        "SELECT version FROM versions WHERE deploy_id = ? AND kind = ? AND state = 'head'",
        deploy.id,
        kind,
    )
    return row["version"] if row else 0


def values(store: Store, deploy: Deploy, kind: Kind, version: int) -> dict[str, str]:
    """What a version holds, opened; version 0 is empty. Raises NotFound for an unknown one."""
    if version == 0:
        return {}
    get(store, deploy, kind, version)
    rows = store.all(
        "SELECT m.name, m.set_in, s.sealed FROM members m JOIN sealed_values s"
        " USING (deploy_id, kind, name, set_in)"
        " WHERE m.deploy_id = ? AND m.kind = ? AND m.version = ? ORDER BY m.name",
        deploy.id,
        kind,
        version,
    )
    return {row["name"]: _open(store, deploy, kind, row) for row in rows}


def _open(store: Store, deploy: Deploy, kind: Kind, row: Row) -> str:
    place = (deploy.app, deploy.name, kind, row["name"], row["set_in"])
    return store.vault.open(row["sealed"], place)


def get(store: Store, deploy: Deploy, kind: Kind, version: int) -> Version:
    """One version. Raises NotFound."""
    row = store.one(
        f"{SELECT} WHERE deploy_id = ? AND kind = ? AND version = ?", deploy.id, kind, version
    )
    if row is None:
        raise NotFound(
            f"{deploy.label} has no {kind} version {version}",
            hint="twelve config history lists them",
        )
    return Version(**row)


def history(store: Store, deploy: Deploy, kind: Kind) -> list[Version]:
    """Every version, newest first."""
    rows = store.all(
        f"{SELECT} WHERE deploy_id = ? AND kind = ? ORDER BY version DESC", deploy.id, kind
    )
    return [Version(**row) for row in rows]


def names_set_in(store: Store, deploy: Deploy, kind: Kind, version: int) -> dict[str, int]:
    """The names a version holds, each with the version that set it."""
    rows = store.all(
        "SELECT name, set_in FROM members WHERE deploy_id = ? AND kind = ? AND version = ?",
        deploy.id,
        kind,
        version,
    )
    return {row["name"]: row["set_in"] for row in rows}


def commit(  # noqa: PLR0913 - a version is who, what, why and when
    store: Store,
    deploy: Deploy,
    kind: Kind,
    *,
    put: Mapping[str, str],
    drop: Collection[str] = (),
    who: str,
    note: str,
    now_ns: int,
) -> int:
    """Make a version of the head with these changes, and make it the head. Its number."""
    with store.writing():
        parent = head(store, deploy, kind)
        kept = names_set_in(store, deploy, kind, parent)
        number = _next(store, deploy, kind)
        row = {"deploy_id": deploy.id, "kind": kind, "version": number}
        _set_state(store, deploy, kind, parent, "past")
        more = {"parent": parent, "state": "head", "who": who, "note": note, "at_ns": now_ns}
        store.insert("versions", row | more)
        for name, value in put.items():
            place = (deploy.app, deploy.name, kind, name, number)
            sealed = {"name": name, "set_in": number, "sealed": store.vault.seal(value, place)}
            store.insert("sealed_values", {"deploy_id": deploy.id, "kind": kind} | sealed)
        members = {n: v for n, v in kept.items() if n not in drop} | dict.fromkeys(put, number)
        for name, set_in in members.items():
            store.insert("members", row | {"name": name, "set_in": set_in})
    return number


def _next(store: Store, deploy: Deploy, kind: Kind) -> int:
    row = store.one(
        "SELECT coalesce(max(version), 0) + 1 AS n FROM versions WHERE deploy_id = ? AND kind = ?",
        deploy.id,
        kind,
    )
    assert row is not None
    return int(row["n"])


def _set_state(store: Store, deploy: Deploy, kind: Kind, version: int, state: str) -> None:
    store.do(
        "UPDATE versions SET state = ? WHERE deploy_id = ? AND kind = ? AND version = ?",
        state,
        deploy.id,
        kind,
        version,
    )


def mark_failed(store: Store, deploy: Deploy, kind: Kind, version: int) -> None:
    """The release of this version failed: keep it in the history as that."""
    _set_state(store, deploy, kind, version, "failed")


def make_head(store: Store, deploy: Deploy, kind: Kind, version: int) -> None:
    """An old version is the head again; 0 means none is."""
    with store.writing():
        _set_state(store, deploy, kind, head(store, deploy, kind), "past")
        _set_state(store, deploy, kind, version, "head")


def digest(store: Store, deploy: Deploy, kind: Kind, version: int) -> str:
    """A keyed digest of a version's values: equal for equal values, and it tells nothing else."""
    pairs = values(store, deploy, kind, version)
    return store.vault.digest("\0".join(f"{name}\1{pairs[name]}" for name in sorted(pairs)))
