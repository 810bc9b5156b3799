from pathlib import Path

import pytest
from tests.engines.local.collector.worlds import World, until

pytestmark = pytest.mark.live


@pytest.fixture
def world(tmp_path: Path):
    world = World(tmp_path)
    world.start()
    yield world
    world.end()


def forget(world):
    assert world.ask(op="forget", folder="logs/shop/production") == {
        "forgotten": "logs/shop/production"
    }


def test_nothing_is_left_of_a_deploy_that_is_forgotten(world):
    web, other = world.fifos(budget=1 << 20), world.fifos("shop/staging/web.1@v1")
    for one in (web, other):
        one.open()
        one.write(b"hello\n")
        one.drain()
    world.ask(op="append", dir="logs/shop/production/twelve@-/events", data="said\n")
    web.remove()
    forget(world)
    assert not (world.home / "logs/shop/production").exists()
    assert other.bytes_of() == b"hello\n"
    other.write(b"again\n")
    other.drain()
    assert other.bytes_of() == b"hello\nagain\n"


def test_late_requests_of_it_do_not_bring_it_back_but_a_new_process_does(world):
    router = world.fifos("twelve/platform/router@-", streams=("stdout",), demux=True)
    router.open()
    router.write(b"shop/production\tGET / 200\n")
    router.drain()
    folder = world.home / "logs/shop/production"
    until(folder.exists)
    forget(world)
    router.write(b"shop/production\tGET /late 200\n")
    router.drain()
    assert not folder.exists()
    platform = world.home / "logs/twelve/platform/router@-/access"
    assert b"GET /late 200\n" in b"".join(p.read_bytes() for p in platform.glob("*.log"))
    web = world.fifos()
    web.open()
    web.write(b"new\n")
    web.drain()
    router.write(b"shop/production\tGET /new 200\n")
    router.drain()
    access = folder / "router@-/access"
    assert b"".join(p.read_bytes() for p in access.glob("*.log")) == b"GET /new 200\n"


def test_a_process_that_still_writes_to_it_harms_nobody(world):
    web, other = world.fifos(), world.fifos("shop/staging/web.1@v1")
    for one in (web, other):
        one.open()
        one.write(b"hello\n")
        one.drain()
    forget(world)
    web.write(b"nobody hears this\n")
    other.write(b"again\n")
    other.drain()
    assert other.bytes_of() == b"hello\nagain\n"
    assert world.process.poll() is None


@pytest.mark.parametrize("folder", ["logs/shop", "logs/shop/../x", "/logs/a/b", "logs/a/b/c"])
def test_only_a_deploys_folder_can_be_forgotten(world, folder):
    assert "is no log folder" in world.ask(op="forget", folder=folder)["error"]
