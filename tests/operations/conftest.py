"""A world for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.operations.worlds import World


@pytest.fixture
async def world(tmp_path: Path, anyio_backend: str) -> AsyncIterator[World]:
    made = World(tmp_path / "home")
    yield made
    await made.house.under_way.close()
    made.store.db.close()
