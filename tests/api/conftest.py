"""A door for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.api.worlds import Door, open_door


@pytest.fixture
async def door(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Door]:
    async with open_door(tmp_path / "home") as opened:
        yield opened
