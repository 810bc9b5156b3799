import contextlib
import os
import shutil
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from demo.leftovers import ending_what_names
from tests.engines.contract import *  # noqa: F403 -- the suite is taken over whole
from tests.services.worlds import free_port

from twelve.engines.contract import Process
from twelve.engines.local.disk import Budgets, Disk
from twelve.engines.local.engine import LocalEngine
from twelve.engines.local.machine import Machine
from twelve.engines.local.parts import COLLECTOR, Parts, home_folders, open_parts
from twelve.engines.local.router.envoy import Router
from twelve.engines.local.router.files import Place
from twelve.engines.local.router.launch import Options
from twelve.engines.local.sandbox.tiers import detect
from twelve.factors.processes.instance import Instance

pytestmark = [pytest.mark.live, pytest.mark.anyio]

BUDGET, AGE = 64 << 20, 3600.0


class Kit:
    """The engine of this machine."""

    def __init__(self, folder: Path, engine: LocalEngine) -> None:
        self.folder = folder
        self.uid = 66123 if os.geteuid() == 0 else None
        self.engine = engine

    def breaks(self, process: Process) -> Process:
        return process._replace(type=process.type._replace(command="sh -c 'exit 3'", settle=10))

    def port(self) -> int:
        return free_port()


async def end_parts(parts: Parts) -> None:
    """The apps are gone: router, collector, then the supervisor itself."""
    for name in (parts.router.name, COLLECTOR):
        await parts.stop_part(name)
    parts.router.clean_up()
    if parts.reader:
        parts.reader.cancel()
    await parts.supervisor.shutdown()


@pytest.fixture(scope="module")
def folder():
    made = Path(tempfile.mkdtemp(prefix="tw-", dir="/tmp"))
    # A test that is interrupted does not come to the end of its kit.
    with ending_what_names(made):
        yield made
    with contextlib.suppress(OSError):
        shutil.rmtree(made)


@pytest.fixture(scope="module")
async def kit(anyio_backend, folder):
    home, run = folder / "home", folder / "run"
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    shared = os.geteuid() == 0
    folder.chmod(0o711)
    home_folders(home, shared=shared)
    run.mkdir(mode=0o711 if shared else 0o700)
    machine = Machine(home, run, detect(environ), BUDGET, AGE, environ)
    router = Router(Place(home, run, None), Options("127.0.0.1", free_port(), "", handover=2))
    async with AsyncExitStack() as opened:
        parts = await open_parts(opened, machine, router, ())
        await parts.router.ready()
        yield Kit(home, LocalEngine(parts))
        await end_parts(parts)


async def test_caches_beyond_their_budget_go_but_never_under_a_build(kit, monkeypatch):
    engine = kit.engine
    monkeypatch.setattr(engine, "disk", Disk(kit.folder, Budgets(cache=0)))
    cache = kit.folder / "cache/pnpm"
    cache.mkdir(parents=True)
    (cache / "download").write_bytes(b"x" * 5000)
    with engine.a_build():
        assert await engine.tidy(now=True) == ()
    assert cache.exists()
    assert await engine.tidy() == ()
    assert "pnpm" in await engine.tidy(now=True)
    assert not cache.exists()
    assert list((kit.folder / "builds").glob("gone-*")) == []


async def test_a_stream_that_is_forgotten_leaves_no_file(kit):
    await kit.engine.note("gone", "production", "a last word")
    await kit.engine.parts.collector.flush()
    assert ("gone", "production") in await kit.engine.streams()
    await kit.engine.forget("gone", "production")
    assert ("gone", "production") not in await kit.engine.streams()
    assert not (kit.folder / "logs/gone").exists()


async def test_who_ends_before_its_input_is_asked_for_has_none(kit):
    instance = Instance("gone", "production", "run", "quick", 1)
    launch = {
        "name": instance.name,
        "argv": ["true"],
        "env": {"PATH": os.environ["PATH"]},
        "cwd": "/",
        "stdin": "pipe",
        "logs": kit.engine.machine.logs(instance),
        "restart": {"mode": "never"},
        "box": kit.engine.machine.box(kit.uid, user="gone", read=()),
    }
    await kit.engine.parts.launch(launch)
    await kit.engine.ended(instance.name)

    assert await kit.engine.parts.input(instance.name) is None
