"""Forgetting: what nobody will go back to, so that the ledger of a long session stays small."""

from twelve.store.apps import Deploy
from twelve.store.connection import Store


def trim(store: Store, deploy: Deploy, keep: int) -> None:
    """Forget all but the newest releases of a deploy, and what only the others name."""
    with store.writing():
        last = store.one(
            "SELECT number FROM releases WHERE deploy_id = ?1 AND number IS NOT"
            " (SELECT current FROM deploys WHERE id = ?1) ORDER BY number DESC LIMIT 1 OFFSET ?2",
            deploy.id,
            keep,
        )
        if last is None:
            return
        at, of_deploy = last["number"], deploy.id
        current = "(SELECT current FROM deploys WHERE id = ?1)"
        gone = f"deploy_id = ?1 AND number <= ?2 AND number IS NOT {current}"
        for table in ("releases", "release_events", "runs", "journal"):
            store.do(f"DELETE FROM {table} WHERE {gone}", of_deploy, at)
        store.do(
            "DELETE FROM builds WHERE app_id = ?1 AND digest NOT IN (SELECT build FROM releases)",
            deploy.app_id,
        )
        for kind in ("config", "attachments"):
            store.do(
                "DELETE FROM versions WHERE deploy_id = ?1 AND kind = ?2 AND state != 'head'"
                f" AND version NOT IN (SELECT {kind} FROM releases WHERE deploy_id = ?1)",
                of_deploy,
                kind,
            )
        store.do(
            "DELETE FROM sealed_values WHERE deploy_id = ?1 AND (kind, name, set_in) NOT IN"
            " (SELECT kind, name, set_in FROM members WHERE deploy_id = ?1)",
            of_deploy,
        )


def forget_attempts(store: Store) -> None:
    """Nothing is under way, and no process holds a port: for a home where nothing runs."""
    with store.writing():
        store.do("DELETE FROM journal")
        store.do("DELETE FROM runs")
        store.do("DELETE FROM ports WHERE process NOT LIKE 'twelve/%'")
