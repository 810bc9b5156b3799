"""The journal: each step of an attempt, written before it acts."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from twelve.factors.releases.journal import Step
from twelve.store.apps import Deploy
from twelve.store.connection import Store


class Entry(NamedTuple):
    """An attempt to change what a deploy runs."""

    id: int
    deploy_id: int
    verb: str
    number: int | None
    step: Step
    detail: Mapping[str, Any]
    who: str
    at_ns: int


def begin(
    store: Store, deploy: Deploy, verb: str, who: str, now_ns: int, detail: Mapping[str, Any]
) -> int:
    """Open an attempt; its id. ``detail`` is what it takes to undo it."""
    row = {"deploy_id": deploy.id, "verb": verb, "step": Step.RECEIVED, "who": who, "at_ns": now_ns}
    return store.insert("journal", row | {"detail": json.dumps(detail)})


def step(store: Store, entry: int, to: Step, **detail: Any) -> None:
    """The attempt is about to do this."""
    store.do(
        "UPDATE journal SET step = ?, detail = json_patch(detail, ?) WHERE id = ?",
        to,
        json.dumps(detail),
        entry,
    )


def note(store: Store, entry: int, **detail: Any) -> None:
    """Add to what is known of the attempt; mappings are merged."""
    store.do(
        "UPDATE journal SET detail = json_patch(detail, ?) WHERE id = ?", json.dumps(detail), entry
    )


def detail(store: Store, entry: int) -> Mapping[str, Any]:
    """What is known of the attempt; nothing when its deploy is gone."""
    row = store.one("SELECT detail FROM journal WHERE id = ?", entry)
    return json.loads(row["detail"]) if row else {}


def name_release(store: Store, entry: int, number: int) -> None:
    """The attempt has made this release."""
    store.do("UPDATE journal SET number = ? WHERE id = ?", number, entry)


def end(store: Store, entry: int, outcome: str, now_ns: int) -> None:
    """Nothing of the attempt is left to do."""
    store.do("UPDATE journal SET ended_ns = ?, outcome = ? WHERE id = ?", now_ns, outcome, entry)


def unfinished(store: Store) -> list[Entry]:
    """The attempts that a death of control cut off, oldest first."""
    rows = store.all(
        "SELECT id, deploy_id, verb, number, step, detail, who, at_ns FROM journal"
        " WHERE ended_ns IS NULL ORDER BY id"
    )
    return [
        Entry(**(dict(row) | {"step": Step(row["step"]), "detail": json.loads(row["detail"])}))
        for row in rows
    ]
