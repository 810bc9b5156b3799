"""The ledger of exits: how each process of a deploy ended, the newest of them."""

from typing import NamedTuple

from twelve.store.apps import Deploy
from twelve.store.connection import Row, Store

KEPT = 500
"""Exits of one deploy: a crash loop of a night is a few hundred."""


class Ended(NamedTuple):
    """One exit of one process. ``again`` is None when nothing was to start it again."""

    process: str
    release: str
    at_ns: int
    uptime: float
    code: int | None
    signal: str | None
    oom: bool
    memory: int | None
    error: str
    asked: bool
    again: float | None


COLUMNS = ", ".join(Ended._fields)


def _ended(row: Row) -> Ended:
    return Ended(**(dict(row) | {"oom": bool(row["oom"]), "asked": bool(row["asked"])}))


def add(store: Store, deploy: Deploy, ended: Ended) -> bool:
    """Record it; False when it is there already. The oldest make room."""
    row = ended._asdict() | {"oom": int(ended.oom), "asked": int(ended.asked)}
    known = "SELECT 1 FROM exits WHERE deploy_id = ? AND process = ? AND release = ? AND at_ns = ?"
    with store.writing():
        if store.one(known, deploy.id, ended.process, ended.release, ended.at_ns):
            return False
        store.insert("exits", row | {"deploy_id": deploy.id})
        store.do(
            "DELETE FROM exits WHERE id IN (SELECT id FROM exits WHERE deploy_id = ?"
            " ORDER BY at_ns DESC, id DESC LIMIT -1 OFFSET ?)",
            deploy.id,
            KEPT,
        )
    return True


def ls(store: Store, deploy: Deploy) -> list[Ended]:
    """The exits, newest first."""
    rows = store.all(
        f"SELECT {COLUMNS} FROM exits WHERE deploy_id = ? ORDER BY at_ns DESC, id DESC", deploy.id
    )
    return [_ended(row) for row in rows]


def place(ended: Ended) -> str:
    """Where an exit stands in the listing: later ones have greater places."""
    return f"{ended.at_ns:020d}.{ended.process}"
