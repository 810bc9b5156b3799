import itertools
from pathlib import Path

import pytest
from tests.engines.contract import *  # noqa: F403 -- the suite is taken over whole

from twelve.engines.contract import Exit, Process
from twelve.engines.memory import MemoryEngine
from twelve.errors import ReleaseFailed

pytestmark = pytest.mark.anyio


class Kit:
    """The engine whose processes do what was scripted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.uid = None
        self.ports = itertools.count(20000)
        ticks = itertools.count(1)
        self.engine = MemoryEngine(folder, lambda: next(ticks))
        self.engine.endless.add("sleep")
        self.engine.prints["sh"] = b"red\n"
        self.engine.exits["sh"] = Exit(3, None)

    def breaks(self, process: Process) -> Process:
        self.engine.fail("start", process.name, ReleaseFailed("worker.1 exited with code 3"))
        return process

    def port(self) -> int:
        return next(self.ports)


@pytest.fixture
def kit(tmp_path):
    return Kit(tmp_path)


async def test_a_script_is_followed_once_and_in_order(kit, placed):
    process = placed.process("v1")
    for word in ("first", "second"):
        kit.engine.fail("stop", "*/worker.*", ReleaseFailed(word))
    await kit.engine.start(process)
    for word in ("first", "second"):
        with pytest.raises(ReleaseFailed, match=word):
            await stop(kit, process.name)  # noqa: F405
    await stop(kit, process.name)  # noqa: F405

    assert kit.engine.subjects("stop") == [process.name] * 3
