"""A store in a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from twelve.store import apps
from twelve.store.apps import Deploy
from twelve.store.connection import Store, open_store
from twelve.store.vault import Vault


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "twelve.db", Vault(bytes(32)))
    yield opened
    opened.db.close()


@pytest.fixture
def shop(store: Store) -> Deploy:
    return apps.ensure_deploy(store, apps.create(store, "shop", "", 1), "production", 1)


@pytest.fixture
def staging(store: Store, shop: Deploy) -> Deploy:
    return apps.ensure_deploy(store, apps.get(store, shop.app), "staging", 1)
