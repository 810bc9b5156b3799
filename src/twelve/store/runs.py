"""The ledger of one-offs: who ran what, when, in which release, and how it ended."""

import json
from typing import NamedTuple

from twelve.errors import NotFound
from twelve.store.apps import Deploy
from twelve.store.connection import Row, Store


class Run(NamedTuple):
    """One run of an admin process, a release command or a schedule."""

    id: str
    number: int
    kind: str
    command: tuple[str, ...]
    who: str
    detached: bool
    started_ns: int
    ended_ns: int | None
    code: int | None
    signal: str | None


COLUMNS = "id, number, kind, command, who, detached, started_ns, ended_ns, code, signal"


def _run(row: Row) -> Run:
    words = tuple(json.loads(row["command"]))
    return Run(**(dict(row) | {"command": words, "detached": bool(row["detached"])}))


def begin(store: Store, deploy: Deploy, run: Run) -> None:
    """Record a run before it starts."""
    row = run._asdict() | {"deploy_id": deploy.id, "command": json.dumps(run.command)}
    store.insert("runs", row | {"detached": int(run.detached)})


def end(store: Store, run_id: str, code: int | None, signal: str | None, now_ns: int) -> None:
    """Record how it ended; a run ends once."""
    store.do(
        "UPDATE runs SET ended_ns = ?, code = ?, signal = ? WHERE id = ? AND ended_ns IS NULL",
        now_ns,
        code,
        signal,
        run_id,
    )


def trim(store: Store, deploy: Deploy, keep: int) -> None:
    """Forget all but the newest runs of a deploy; one that has not ended stays."""
    store.do(
        "DELETE FROM runs WHERE deploy_id = ?1 AND ended_ns IS NOT NULL AND id NOT IN"
        " (SELECT id FROM runs WHERE deploy_id = ?1 ORDER BY started_ns DESC, id DESC LIMIT ?2)",
        deploy.id,
        keep,
    )


def get(store: Store, deploy: Deploy, run_id: str) -> Run:
    """One run. Raises NotFound."""
    row = store.one(
        f"SELECT {COLUMNS} FROM runs WHERE deploy_id = ? AND id = ?",
        deploy.id,
        run_id,
    )
    if row is None:
        raise NotFound(f"{deploy.label} has no run {run_id!r}", hint="twelve runs lists them")
    return _run(row)


def ls(store: Store, deploy: Deploy, limit: int = 200) -> list[Run]:
    """The runs of a deploy, newest first."""
    rows = store.all(
        f"SELECT {COLUMNS} FROM runs WHERE deploy_id = ? ORDER BY started_ns DESC, id DESC LIMIT ?",
        deploy.id,
        limit,
    )
    return [_run(row) for row in rows]


def place(run: Run) -> str:
    """Where a run stands in the listing: later runs have greater places."""
    return f"{run.started_ns:020d}.{run.id}"


def open_runs(store: Store) -> list[tuple[int, Run]]:
    """The runs that have no end yet, each with its deploy's id."""
    rows = store.all(f"SELECT deploy_id, {COLUMNS} FROM runs WHERE ended_ns IS NULL")
    return [
        (row["deploy_id"], _run({k: v for k, v in row.items() if k != "deploy_id"})) for row in rows
    ]
