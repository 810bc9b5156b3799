import random
import subprocess
import time

import pytest
from tests.engines.local.collector.worlds import until

pytestmark = pytest.mark.live


@pytest.fixture
def router(world):
    return world.fifos("twelve/platform/router@-", demux=True)


def access(world, deploy: str) -> bytes:
    folder = world.home / "logs" / deploy / "router@-/access"
    return b"".join(path.read_bytes() for path in sorted(folder.glob("*.log")))


def test_access_lines_go_to_the_deploy_they_belong_to(world, router):
    world.start()
    router.write(b"shop/production\tGET / 200\n-\tGET /unknown 404\nshop/staging\tGET /s 200\n")
    router.write(b"tin/production\tGET /t 200\n", "stdout")
    router.write(b"envoy starts\n", "stderr")
    router.drain()
    assert access(world, "shop/production") == b"GET / 200\n"
    assert access(world, "shop/staging") == b"GET /s 200\n"
    assert access(world, "tin/production") == b"GET /t 200\n"
    assert access(world, "twelve/platform") == b"GET /unknown 404\n"
    assert router.bytes_of("stderr") == b"envoy starts\n"


def test_a_line_may_come_in_parts(world, router):
    world.start()
    for part in (b"sho", b"p/produc", b"tion\tGET", b" / 200", b"\nshop/staging\tx\nshop/pro"):
        router.write(part)
        until(lambda: router.unread() == 0)
    until(lambda: access(world, "shop/staging") == b"x\n")
    assert access(world, "shop/production") == b"GET / 200\n"
    router.write(b"duction\ty\n")
    until(lambda: access(world, "shop/production") == b"GET / 200\ny\n")


def test_hostile_keys_reach_no_other_stream(world, router):
    hostile = [
        b"../../etc\tx",
        b"shop/../staging\tx",
        b"/etc/passwd\tx",
        b"shop/production/web.1@v7\tx",
        b"Shop/production\tx",
        b"shop/\xff\tx",
        b"shop/production\0\tx",
        b"twelve/platform\tx",
        b"/\tx",
        b"no key at all",
        b"",
        b"a/" + b"b" * 200 + b"\tx",
    ]
    world.start()
    router.write(b"\n".join(hostile) + b"\n")
    router.drain()
    assert access(world, "twelve/platform") == b"\n".join(hostile) + b"\n"
    assert [path.name for path in (world.home / "logs").iterdir() if path.is_dir()] == ["twelve"]


def test_a_line_without_end_is_passed_on_in_pieces(world, router):
    world.start()
    writer = subprocess.Popen(["head", "-c", "3000000", "/dev/zero"], stdout=router.hold["stdout"])
    assert writer.wait(20) == 0
    router.drain()
    assert access(world, "twelve/platform").replace(b"\n", b"") == bytes(3_000_000)


def test_ten_kills_lose_and_double_no_access_line(world, router):
    world.start()
    script = """
import os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
lines = [b"shop/d%d\\t%08d\\n" % (n % 7, n) for n in range(150000)]
data = b"".join(lines)
for at in range(0, len(data), 3001):
    os.write(fd, data[at:at + 3001])
"""
    writer = subprocess.Popen(["python3", "-c", script, str(router.path / "stdout")])
    world.writers.append(writer)
    chance = random.Random(12)
    for _ in range(10):
        time.sleep(chance.uniform(0.0, 0.08))
        world.kill()
        world.start()
    assert writer.wait(60) == 0
    router.drain()
    for deploy in range(7):
        lines = access(world, f"shop/d{deploy}").splitlines()
        assert [int(line) for line in lines] == list(range(deploy, 150_000, 7))
