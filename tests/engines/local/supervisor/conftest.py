import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from demo.leftovers import ending_what_names
from tests.engines.local.supervisor.worlds import World, marked

from twelve.engines.local.supervisor_client import ensure_supervisor
from twelve.errors import TwelveError


@pytest.fixture
def base() -> Iterator[Path]:
    # Not pytest's own folder: a socket's path has 107 bytes.
    path = Path(tempfile.mkdtemp(prefix="tw-"))
    path.chmod(0o711)
    # A test that is interrupted does not come to the end of its world.
    with ending_what_names(path):
        yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
async def world(base: Path) -> AsyncIterator[World]:
    made = World(base)
    await made.begin()
    yield made
    made.client.close()
    with contextlib.suppress(TwelveError):
        client = await ensure_supervisor(made.run, made.home)
        made.supervisors.add((await client.hello())["pid"])
        for one in await client.list():
            await client.stop(one["name"], 0.0)
        await asyncio.sleep(0)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            if all(one["state"] == "exited" for one in await client.list()):
                break
            await asyncio.sleep(0.01)
        client.close()
    left = marked(made.mark)
    for pid in [*left, *made.supervisors]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    await asyncio.gather(*made.tasks)
    words = made.home / "supervisor" / "stderr.log"
    said = words.read_text() if words.exists() else ""
    if said:
        print(said, file=sys.stderr)
    assert not left, f"left behind: {left}"
    assert "Traceback" not in said
