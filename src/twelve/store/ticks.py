"""The ledger of schedules: how far their clocks were looked at, and what became of each tick."""

from collections.abc import Collection
from typing import NamedTuple

from twelve.factors.admin.ticks import Tick
from twelve.store.apps import Deploy
from twelve.store.connection import Row, Store

KEPT = 10_000
"""Ticks of a schedule that are remembered, with their runs: a year of hours, a week of minutes."""


class Recorded(NamedTuple):
    """A tick in the ledger, and how its run ended, where it has one."""

    id: int
    schedule: str
    tick_ns: int
    until_ns: int
    times: int
    fate: str
    why: str
    at_ns: int
    run: str | None
    number: int | None
    ended_ns: int | None
    code: int | None
    signal: str | None


SELECT = (
    "SELECT t.id, t.schedule, t.tick_ns, t.until_ns, t.times, t.fate, t.why, t.at_ns,"
    " r.id AS run, r.number, r.ended_ns, r.code, r.signal"
    " FROM ticks t LEFT JOIN runs r ON r.id = t.run_id WHERE t.deploy_id = ?"
)


def decided(store: Store, deploy: Deploy, name: str, cron: str, timezone: str) -> int | None:
    """Up to when a schedule's ticks have been decided; nothing for a new one, or another time."""
    row = store.one(
        "SELECT decided_ns FROM schedules WHERE deploy_id = ? AND name = ? AND cron = ?"
        " AND timezone = ?",
        deploy.id,
        name,
        cron,
        timezone,
    )
    return row["decided_ns"] if row else None


def decide(
    store: Store, deploy: Deploy, name: str, *, cron: str, timezone: str, up_to_ns: int
) -> None:
    """From now on the schedule's ticks are decided up to this moment."""
    store.do(
        "INSERT OR REPLACE INTO schedules (deploy_id, name, cron, timezone, decided_ns)"
        " VALUES (?, ?, ?, ?, ?)",
        deploy.id,
        name,
        cron,
        timezone,
        up_to_ns,
    )


def forget_others(store: Store, deploy: Deploy, names: Collection[str]) -> None:
    """The deploy has these schedules alone; one that comes back begins anew."""
    rows = store.all("SELECT name FROM schedules WHERE deploy_id = ?", deploy.id)
    for name in {row["name"] for row in rows} - set(names):
        store.do("DELETE FROM schedules WHERE deploy_id = ? AND name = ?", deploy.id, name)


def add(
    store: Store, deploy: Deploy, name: str, tick: Tick, run_id: str | None, now_ns: int
) -> None:
    """Record what becomes of a tick that was not decided before."""
    plain = tick._asdict()
    row = {"deploy_id": deploy.id, "schedule": name, "tick_ns": plain.pop("at_ns")}
    store.insert("ticks", row | plain | {"run_id": run_id, "at_ns": now_ns})


def is_decided(store: Store, deploy: Deploy, name: str, tick_ns: int) -> bool:
    """Whether a tick has its row, written by whomever."""
    where = "deploy_id = ? AND schedule = ? AND tick_ns = ?"
    row = store.one(f"SELECT 1 AS yes FROM ticks WHERE {where}", deploy.id, name, tick_ns)
    return row is not None


def trim(store: Store, deploy: Deploy, name: str) -> None:
    """Forget all but the newest ticks of a schedule, and their runs."""
    old = (
        "SELECT id FROM ticks WHERE deploy_id = ?1 AND schedule = ?2 AND id <="
        " (SELECT id FROM ticks WHERE deploy_id = ?1 AND schedule = ?2"
        f" ORDER BY id DESC LIMIT 1 OFFSET {KEPT})"
    )
    ended = "ended_ns IS NOT NULL"
    store.do(
        f"DELETE FROM runs WHERE id IN (SELECT run_id FROM ticks WHERE id IN ({old})) AND {ended}",
        deploy.id,
        name,
    )
    store.do(f"DELETE FROM ticks WHERE id IN ({old})", deploy.id, name)


def ls(store: Store, deploy: Deploy, limit: int = -1) -> list[Recorded]:
    """The ticks of a deploy, those that were decided last first."""
    rows = store.all(f"{SELECT} ORDER BY t.id DESC LIMIT ?", deploy.id, limit)
    return [Recorded(**row) for row in rows]


def last(store: Store, deploy: Deploy, name: str) -> Recorded | None:
    """The newest tick of a schedule."""
    row: Row | None = store.one(
        f"{SELECT} AND t.schedule = ? ORDER BY t.tick_ns DESC LIMIT 1", deploy.id, name
    )
    return Recorded(**row) if row else None


def going_on(store: Store, deploy: Deploy, name: str) -> str:
    """The run of a schedule that has not ended yet, or nothing: none begins before it has."""
    row = store.one(
        "SELECT r.id, r.ended_ns FROM ticks t JOIN runs r ON r.id = t.run_id"
        " WHERE t.deploy_id = ? AND t.schedule = ? ORDER BY t.tick_ns DESC LIMIT 1",
        deploy.id,
        name,
    )
    return row["id"] if row and row["ended_ns"] is None else ""
