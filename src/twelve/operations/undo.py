"""Undo: the versions as they were before an attempt, told by the attempt's own journal."""

from collections.abc import Mapping
from typing import Any

from twelve.store import versions
from twelve.store.apps import Deploy
from twelve.store.connection import Store
from twelve.store.versions import Kind

KINDS: tuple[Kind, Kind] = ("config", "attachments")


def heads_of(store: Store, deploy: Deploy) -> dict[Kind, int]:
    """The heads as they are; an attempt that is about to begin writes them down."""
    return {kind: versions.head(store, deploy, kind) for kind in KINDS}


def undo(store: Store, deploy: Deploy, detail: Mapping[str, Any]) -> None:
    """Make the heads those that they were; versions of the attempt stay in the history as failed.

    ``detail`` is the journal's: ``heads`` before the attempt, ``made`` by it.
    """
    with store.writing():
        for kind in KINDS:
            before = detail.get("heads", {}).get(kind)
            if before is not None and versions.head(store, deploy, kind) != before:
                versions.make_head(store, deploy, kind, before)
            if made := detail.get("made", {}).get(kind):
                versions.mark_failed(store, deploy, kind, made)
