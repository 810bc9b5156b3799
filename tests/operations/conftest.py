"""A world for each test."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.operations.worlds import World

MEMORY = Path("/dev/shm")
"""A store there does not wait for a disk, which others may be busy with."""


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="tw-", dir=MEMORY if MEMORY.is_dir() else None))
    yield made
    shutil.rmtree(made)


@pytest.fixture
async def world(folder: Path, anyio_backend: str) -> AsyncIterator[World]:
    made = World(folder / "home")
    yield made
    await made.house.under_way.close()
    made.store.db.close()
