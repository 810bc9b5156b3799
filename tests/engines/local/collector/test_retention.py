import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.engines.local.collector.worlds import numbers, until

from twelve.factors.logs import index

pytestmark = pytest.mark.live

KIB, MIB = 1 << 10, 1 << 20


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.log"))


def fill(world, fifos, first, last, chunk=1 << 16):
    assert world.write_lines(fifos, first, last, chunk=chunk).wait(60) == 0
    fifos.drain()


def test_segments_are_closed_at_8_mib_and_follow_on(collecting):
    web = collecting.fifos(budget=1 << 30)
    web.open()
    fill(collecting, web, 0, 200_000)
    names = sorted(path.name for path in (collecting.home / web.dir / "stdout").glob("*.log"))
    assert names == [f"{8 * MIB * n:020d}.log" for n in range(3)]
    assert numbers(web.bytes_of()) == list(range(200_000))


def test_a_deploy_stays_within_its_budget_and_keeps_the_newest(collecting):
    webs = [collecting.fifos(f"shop/production/web.{n}@v7", budget=4 * MIB) for n in range(3)]
    for web in webs:
        web.open()
    deploy = collecting.home / "logs/shop/production"
    for turn in range(6):
        for web in webs:
            fill(collecting, web, turn * 10_000, turn * 10_000 + 10_000)
            assert size_of(deploy) <= 4 * MIB
    assert size_of(deploy) > 2 * MIB
    for web in webs:
        assert web.bytes_of().endswith(b"%010d " % 59_999 + b"x" * 88 + b"\n")


def test_another_deploy_is_left_alone(collecting):
    quiet = collecting.fifos("shop/staging/web.1@v1")
    loud = collecting.fifos(budget=MIB)
    for one in (quiet, loud):
        one.open()
    quiet.write(b"keep me\n")
    fill(collecting, loud, 0, 50_000)
    assert quiet.bytes_of() == b"keep me\n"
    assert size_of(collecting.home / "logs/shop/production") <= MIB


def test_streams_of_the_dead_go_first_and_leave_no_folder(collecting):
    old = collecting.fifos("shop/production/run.1@v6", budget=MIB)
    old.open()
    old.write(b"old\n" * 1000)
    old.drain()
    old.remove()
    web = collecting.fifos(budget=MIB)
    web.open()
    fill(collecting, web, 0, 20_000)
    assert not (collecting.home / old.dir / "stdout").exists()


def test_the_last_segment_of_a_living_stream_outlives_any_age(world):
    quiet = world.fifos(age=1.0)
    dead = world.home / "logs/shop/production/web.1@v6/stdout"
    dead.mkdir(parents=True)
    (dead / index.segment_name(0)).write_bytes(b"very old\n")
    (dead / index.index_name(0)).write_bytes(index.RECORD.pack(0, 9, 0, 1, 1))
    os.utime(dead / index.segment_name(0), (1e9, 1e9))
    world.start()
    quiet.write(b"mine\n")
    until(quiet.bytes_of)
    until(lambda: not dead.exists())
    assert quiet.bytes_of() == b"mine\n"


def test_a_short_age_is_kept_while_the_collector_runs(collecting):
    dead = collecting.fifos("shop/production/run.1@v6", age=2.0)
    dead.open()
    dead.write(b"old\n")
    dead.drain()
    dead.remove()
    assert (collecting.home / dead.dir / "stdout").exists()

    until(lambda: not (collecting.home / dead.dir / "stdout").exists())


def test_a_small_budget_makes_small_segments():
    assert index.segment_size(0, 1) == 8 * MIB
    assert index.segment_size(1 << 30, 10) == 8 * MIB
    assert index.segment_size(4 * MIB, 4) == 256 * KIB
    assert index.segment_size(1, 100) == 64 * KIB


@pytest.fixture
def small_disk(world):
    """The collector's home on a full-size 2 MiB disk of its own, seen through /proc."""
    home = world.home
    script = f'mount -t tmpfs -o size=2m,nr_inodes=200 none {home} && exec "$@"'
    words = ["-I", "-m", "twelve.engines.local.collector", "--run", world.run, "--home", home]
    own_user = [] if os.geteuid() == 0 else ["-Ur"]
    unshare = ["unshare", *own_user, "-m", "--propagation", "private", "sh", "-c", script, "sh"]
    world.process = subprocess.Popen([*map(str, [*unshare, sys.executable, *words])])
    until(lambda: world.answers() or world.process.poll() is not None)
    if world.process.poll() is not None:
        pytest.skip("this kernel lets nobody mount a tmpfs here")
    world.home = Path(f"/proc/{world.process.pid}/root{home}")
    return world


def occupy(world, leave: int) -> Path:
    """Leave so many bytes free on the disk."""
    ballast = world.home / "ballast"
    free = shutil.disk_usage(world.home).free
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, free - leave))
    return ballast


def test_on_a_full_disk_the_oldest_segment_goes_and_no_line_is_lost(small_disk):
    web = small_disk.fifos(budget=100 * MIB)
    closed = small_disk.home / "logs/shop/production/web.1@v6/stdout"
    closed.mkdir(parents=True)
    (closed / index.segment_name(0)).write_bytes(b"x" * 99 * KIB + b"\n")
    web.open()
    occupy(small_disk, 40 * KIB)
    fill(small_disk, web, 0, 1000)
    assert numbers(web.bytes_of()) == list(range(1000))
    assert not closed.exists()


def test_on_a_disk_that_stays_full_the_child_runs_on_and_losses_are_counted(small_disk):
    web = small_disk.fifos(budget=100 * MIB)
    web.open()
    ballast = occupy(small_disk, 64 * KIB)
    fill(small_disk, web, 0, 5000)
    ballast.unlink()
    fill(small_disk, web, 5000, 5100)
    data = web.bytes_of()
    records = [
        record
        for path in sorted((small_disk.home / web.dir / "stdout").glob("*.idx"))
        for record in index.records(path.read_bytes())
    ]
    lost = [record for record in records if record[2] & index.GAP]
    assert len(lost) >= 1
    assert len(data) + sum(record[1] for record in lost) == 5100 * 100
    # Cut lines stand only right before a gap.
    whole = [line for line in data.splitlines() if len(line) == 99]
    assert len(data.splitlines()) - len(whole) <= len(lost)
    assert whole[-1].startswith(b"%010d" % 5099)
    kept_lines = data.count(b"\n")
    assert kept_lines + sum(index.lost_lines(record[2]) for record in lost) == 5100


def test_a_process_started_on_a_full_disk_is_read_and_does_not_block(small_disk):
    ballast = occupy(small_disk, 0)
    web = small_disk.fifos(budget=100 * MIB)
    small_disk.ask(op="open", folder=str(web.path))
    assert small_disk.write_lines(web, 0, 30_000).wait(30) == 0
    web.drain()
    ballast.unlink()
    fill(small_disk, web, 30_000, 30_100)
    until(lambda: web.bytes_of().endswith(b"%010d " % 30_099 + b"x" * 88 + b"\n"))


def test_an_event_that_finds_no_room_is_an_error_to_who_sent_it(small_disk):
    occupy(small_disk, 0)
    answer = small_disk.ask(op="append", dir="logs/a/b/twelve@-/events", data="x" * 9999 + "\n")
    assert "No space left" in answer["error"]


def test_logs_removed_under_a_living_stream_begin_anew(collecting):
    web = collecting.fifos()
    web.open()
    web.write(b"one\n")
    web.drain()
    shutil.rmtree(collecting.home / "logs/shop")
    time.sleep(1.1)  # it looks once a second, and says nothing of what it finds
    web.write(b"two\n")
    web.drain()
    assert web.bytes_of() == b"two\n"
