"""The ledger of calls that carried a key: what each was, and how it was answered."""

from typing import NamedTuple

from twelve.store.connection import Store

KEPT = 24 * 3600 * 10**9
"""Nanoseconds that a key is remembered: as long as the field's APIs do."""


class Known(NamedTuple):
    """A call that came before under the same key."""

    fingerprint: str
    life: str
    """Of the control plane that took it."""
    status: int | None
    """Of its answer; None while it is under way, or when its control died over it."""
    answer: str | None


def take(
    store: Store, who: str, key: str, *, fingerprint: str, life: str, now_ns: int
) -> Known | None:
    """Take a key for a call, or give the call that has it."""
    with store.writing():
        store.do("DELETE FROM calls WHERE at_ns < ?", now_ns - KEPT)
        row = store.one(
            "SELECT fingerprint, life, status, answer FROM calls WHERE who = ? AND key = ?",
            who,
            key,
        )
        if row:
            return Known(**row)
        own = {"who": who, "key": key, "fingerprint": fingerprint, "life": life}
        store.insert("calls", own | {"at_ns": now_ns})
    return None


def answered(store: Store, who: str, key: str, status: int, answer: str) -> None:
    """Keep the answer for whoever makes the call again."""
    store.do(
        "UPDATE calls SET status = ?, answer = ? WHERE who = ? AND key = ?",
        status,
        answer,
        who,
        key,
    )


def free(store: Store, who: str, key: str) -> None:
    """The call came to nothing: its key may be used again."""
    store.do("DELETE FROM calls WHERE who = ? AND key = ?", who, key)
