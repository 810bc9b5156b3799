from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engines.local.collector.worlds import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.end()


@pytest.fixture
def collecting(world: World) -> World:
    world.start()
    return world
