import asyncio
import json
import os
import random
import re
import time
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest
from tests.engines.local.collector.worlds import World, until

from twelve.engines.local.collector_client import Collector
from twelve.engines.local.logreader import last_words, lines, rendered, tail
from twelve.engines.local.watch import Watch
from twelve.factors.logs import index
from twelve.factors.logs.filter import Filter
from twelve.factors.logs.line import GAP, PARTIAL, REBUILT, SPLIT

pytestmark = [pytest.mark.live, pytest.mark.anyio]

MIB = 1 << 20


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    world.start()
    yield world
    world.end()


async def past(world, **want):
    return [line async for line in reading(world, **want)]


def reading(world, *, follow=False, grew=None, **want):
    filter_ = Filter(**want)
    return lines(str(world.home), "shop", "production", want=filter_, follow=follow, grew=grew)


def said(found):
    return [line.data for line in found]


def talk(world, *names):
    opened = [world.fifos(f"shop/production/{name}") for name in names]
    for one in opened:
        one.open()
    return opened


async def test_the_lines_of_all_processes_come_in_the_order_they_were_said(world):
    web, worker, old = talk(world, "web.1@v7", "worker.1@v7", "web.1@v6")
    for turn in range(5):
        for one, stream in ((web, "stdout"), (worker, "stdout"), (old, "stderr"), (web, "stderr")):
            one.write(f"{one.dir[-9:]} {stream} {turn}\n".encode(), stream)
            one.drain()
    found = await past(world)
    assert len(found) == 20
    assert [line.sequence for line in found] == sorted({line.sequence for line in found})
    assert [line.ns for line in found] == sorted(line.ns for line in found)
    assert [line.data.split()[-1] for line in found] == [b"%d" % (n // 4) for n in range(20)]
    first = found[0]
    assert (first.process, first.release, first.stream, first.offset) == (
        "web.1",
        "v7",
        "stdout",
        0,
    )


async def test_bytes_are_kept_as_they_came(world):
    (web,) = talk(world, "web.1@v7")
    web.write(b"nul \0 cr\r\n\n\xff\xfe\n\x1b[31mred\x1b[0m\n\xe2\x80\xa8\x0b\x0c\n")
    web.drain()
    assert said(await past(world)) == [
        b"nul \0 cr\r",
        b"",
        b"\xff\xfe",
        b"\x1b[31mred\x1b[0m",
        b"\xe2\x80\xa8\x0b\x0c",
    ]


async def test_a_line_over_many_blocks_is_one_line_of_the_block_where_it_ends(world):
    (web,) = talk(world, "web.1@v7")
    for part in (b"one\nbeg", b"in", b"ning", b" end\nnext\n"):
        before = len(web.bytes_of())
        web.write(part)
        until(lambda before=before: len(web.bytes_of()) > before)
    web.drain()
    found = await past(world)
    assert said(found) == [b"one", b"beginning end", b"next"]
    assert [line.offset for line in found] == [0, 4, 18]
    assert found[1].sequence == found[2].sequence > found[0].sequence


async def test_an_unfinished_line_is_shown_when_its_process_has_ended(world):
    (web,) = talk(world, "web.1@v7")
    web.write(b"done\nPassword: ")
    until(lambda: len(web.bytes_of()) == 15)
    assert said(await past(world)) == [b"done"]
    web.drain()
    found = await past(world)
    assert said(found) == [b"done", b"Password: "]
    assert found[1].flags & PARTIAL
    web.write(b"new life\n")
    web.drain()
    assert said(await past(world)) == [b"done", b"Password: ", b"new life"]
    assert said(await past(world, n=1)) == [b"new life"]
    assert said(await past(world, n=2)) == [b"Password: ", b"new life"]


async def test_lines_longer_than_1_mib_are_split_and_marked(world):
    (web,) = talk(world, "web.1@v7")
    long = b"0123456789" * 250_000
    await asyncio.to_thread(web.write, long + b"\nshort\n")
    web.drain()
    found = await past(world)
    assert [len(line.data) for line in found] == [MIB, MIB, len(long) - 2 * MIB, 5]
    assert [bool(line.flags & SPLIT) for line in found] == [True, True, False, False]
    assert [line.offset for line in found] == [0, MIB, 2 * MIB, 2_500_001]


@pytest.mark.parametrize("n", [0, 1, 7, 100, 2599, 2600, 2601, 9999, 20_000, 30_000])
async def test_the_last_n_lines_are_the_last_n_of_all(world, n):
    web, worker = talk(world, "web.1@v7", "worker.1@v7")
    for first in (0, 5000):
        for one in (web, worker):
            assert world.write_lines(one, first, first + 5000, chunk=4097).wait(20) == 0
            one.drain()
    everything = await past(world)
    assert len(everything) == 20_000
    assert await past(world, n=n) == (everything[-n:] if n else [])


async def test_the_last_lines_are_found_without_reading_the_rest(world):
    (web,) = talk(world, "web.1@v7")
    assert world.write_lines(web, 0, 500_000, chunk=1 << 16).wait(60) == 0
    web.drain()
    before = read_by_us()
    begun = time.process_time()
    found = await past(world, n=100)
    assert len(found) == 100
    assert read_by_us() - before < 3 * MIB
    assert time.process_time() - begun < 0.5


def read_by_us() -> int:
    return int(Path("/proc/self/io").read_text().split("rchar:")[1].split()[0])


async def test_filters_choose_by_type_process_stream_release_pattern_and_time(world):
    web1, web2, worker, old = talk(world, "web.1@v7", "web.2@v7", "worker.1@v7", "web.1@v6")
    for one in (old, web1, web2, worker):
        one.write(f"GET {one.dir[-9:]}\nfound 404\n".encode())
        one.write(b"oops\n", "stderr")
        one.drain()
    middle = time.time_ns()
    worker.write(b"late 404\n")
    worker.drain()

    async def count(**want):
        return len(await past(world, **want))

    assert await count() == 13
    assert await count(types=frozenset(["web"])) == 9
    assert await count(processes=frozenset(["web.1"])) == 6
    assert await count(streams=frozenset(["stderr"])) == 4
    assert await count(releases=frozenset(["v6"])) == 3
    assert await count(types=frozenset(["web"]), releases=frozenset(["v7"]), n=2) == 2
    assert said(await past(world, since=middle)) == [b"late 404"]
    assert await count(since=time.time_ns()) == 0
    grep = await past(world, grep=re.compile(rb"^found|404$"))
    assert said(grep) == [b"found 404"] * 4 + [b"late 404"]
    assert grep[0].offset == len(b"GET " + old.dir[-9:].encode() + b"\n")
    assert said(await past(world, grep=re.compile(rb"404"), n=2)) == [b"found 404", b"late 404"]
    assert said(await past(world, grep=re.compile(rb"oops"), n=1)) == [b"oops"]


async def test_since_is_found_over_many_segments(world):
    web = world.fifos(budget=MIB)
    web.open()
    moments = []
    for first in range(0, 10_000, 1000):
        moments.append(time.time_ns())
        assert world.write_lines(web, first, first + 1000).wait(20) == 0
        web.drain()
    for number in (9, 7, 4):
        found = await past(world, since=moments[number])
        assert [int(line.data[:10]) for line in found] == list(range(number * 1000, 10_000))


async def take(stream, count):
    found = []
    async with asyncio.timeout(30):
        async for line in stream:
            found.append(line)
            if len(found) >= count:
                break
    return found


@pytest.mark.parametrize("watched", [True, False])
async def test_following_goes_over_rotation_new_processes_and_a_dead_collector(world, watched):
    async with Collector(str(world.run)) as collector, Watch(collector) as grew:
        first = world.fifos(budget=8 * MIB)
        first.open()
        follower = reading(world, follow=True, grew=grew if watched else None)
        async with aclosing(follower):
            taking = asyncio.create_task(take(follower, 30_000))
            writer = world.write_lines(first, 0, 10_000)
            await asyncio.to_thread(writer.wait, 20)
            await asyncio.to_thread(world.kill)
            second = world.fifos("shop/production/web.1@v8", budget=8 * MIB)
            writers = [
                world.write_lines(first, 10_000, 20_000),
                world.write_lines(second, 20_000, 30_000),
            ]
            await asyncio.to_thread(world.start)
            found = await taking
            assert [writer.wait(20) for writer in writers] == [0, 0]
    assert not [line for line in found if line.flags & GAP]
    old = [int(line.data[:10]) for line in found if line.release == "v7"]
    new = [int(line.data[:10]) for line in found if line.release == "v8"]
    assert old == list(range(20_000))
    assert new == list(range(20_000, 30_000))


async def test_following_from_the_last_n_misses_and_doubles_nothing(world):
    async with Collector(str(world.run)) as collector, Watch(collector) as grew:
        (web,) = talk(world, "web.1@v7")
        writer = world.write_lines(web, 0, 200_000, chunk=1000)
        until(lambda: len(web.bytes_of()) > 1000)
        follower = reading(world, follow=True, grew=grew, n=5)
        numbers = []
        async with aclosing(follower), asyncio.timeout(30):
            async for line in follower:
                numbers.append(int(line.data[:10]))
                if numbers[-1] == 199_999:
                    break
        assert writer.wait(20) == 0
    assert numbers == list(range(numbers[0], 200_000))


async def test_a_follower_slower_than_retention_is_told_what_it_missed(world):
    async with Collector(str(world.run)) as collector, Watch(collector) as grew:
        web = world.fifos(budget=MIB)
        web.open()
        assert world.write_lines(web, 0, 100).wait(20) == 0
        web.drain()
        follower = reading(world, follow=True, grew=grew)
        async with aclosing(follower):
            await take(follower, 100)
            pipe_was_never_blocked = world.write_lines(web, 100, 50_000)
            assert await asyncio.to_thread(pipe_was_never_blocked.wait, 30) == 0
            web.drain()
            found = []
            async with asyncio.timeout(30):
                async for line in follower:
                    found.append(line)
                    if line.data.startswith(b"%010d" % 49_999):
                        break
    gaps = [line for line in found if line.flags & GAP]
    assert len(gaps) >= 1
    missed = sum(int(line.data.split()[0]) for line in gaps)
    kept = sum(len(line.data) + 1 for line in found if not line.flags & (GAP | PARTIAL))
    kept += sum(len(line.data) for line in found if line.flags & PARTIAL)
    assert missed + kept == 49_900 * 100


async def test_a_stream_deleted_and_begun_anew_is_read_from_its_beginning(world):
    web = world.fifos()
    web.open()
    web.write(b"one\n")
    web.drain()
    async with aclosing(reading(world, follow=True)) as follower:
        assert said(await take(follower, 1)) == [b"one"]
        web.remove()
        until(lambda: not world_has_open(world, "web.1@v7"))
        for path in (world.home / web.dir / "stdout").iterdir():
            path.unlink()
        again = world.fifos()
        again.write(b"anew\n")
        again.open()
        assert said(await take(follower, 1)) == [b"anew"]


def world_has_open(world, name):
    folder = f"/proc/{world.process.pid}/fd"
    found = []
    for fd in os.listdir(folder):
        try:
            found.append(os.readlink(f"{folder}/{fd}"))
        except OSError:
            continue
    return any(name in path or "/p/" in path for path in found)


async def test_lines_found_again_after_a_crash_are_marked(world):
    (web,) = talk(world, "web.1@v7")
    web.write(b"seen\n")
    web.drain()
    world.kill()
    folder = world.home / web.dir / "stdout"
    with (folder / index.segment_name(0)).open("ab") as file:
        file.write(b"spliced, not indexed\n")
    with (folder / index.index_name(0)).open("ab") as file:
        file.write(b"torn")
    world.start()
    web.write(b"after\n")
    web.drain()
    found = await past(world)
    assert said(found) == [b"seen", b"spliced, not indexed", b"after"]
    assert [bool(line.flags & REBUILT) for line in found] == [False, True, False]


async def test_text_comes_in_blocks_with_a_prefix_before_each_line(world):
    (web,) = talk(world, "web.1@v7")
    web.write(b"a\nb\n")
    web.drain()
    blocks = rendered(str(world.home), "shop", "production", want=Filter(), follow=False, grew=None)
    text = b"".join([block async for block in blocks])
    assert re.fullmatch(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z web\.1 \| [ab]\n){2}", text)


async def test_the_last_lines_of_one_process_are_there_for_the_crash_report(world):
    web, other = talk(world, "web.1@v7", "web.1@v6")
    other.write(b"not mine\n")
    other.drain()
    web.write(b"1\n2\n3\n")
    web.drain()
    web.write(b"Traceback\nBoom", "stderr")
    web.drain()
    assert tail(str(world.home), "shop", "production", "web.1@v7", 3) == [
        b"3",
        b"Traceback",
        b"Boom",
    ]
    assert tail(str(world.home), "shop", "production", "web.1", 99)[0] == b"not mine"
    assert tail(str(world.home), "shop", "nowhere", "web.1", 3) == []


async def test_any_pattern_of_writes_comes_out_as_it_went_in(world):
    chance = random.Random(7)
    (web,) = talk(world, "web.1@v7")
    written = b""
    for turn in range(60):
        data = bytes(chance.choices(b"ab\n\r\0\xff", k=chance.choice([1, 3, 1000, 30_000])))
        web.write(data)
        written += data
        if turn % 7 == 0:
            until(lambda: web.bytes_of() == written)  # noqa: B023
    written += b"\n"
    web.write(b"\n")
    web.drain()
    found = await past(world)
    assert b"".join(line.data + b"\n" for line in found) == written
    for n in (1, 5, 333):
        assert await past(world, n=n) == found[-n:]


async def test_a_hundred_dead_streams_are_read_with_few_descriptors(world):
    for number in range(150):
        folder = world.home / f"logs/shop/production/run.{number}@v1/stdout"
        folder.mkdir(parents=True)
        (folder / index.segment_name(0)).write_bytes(b"x\ny\n")
        records = [index.RECORD.pack(at, 2, 0, 1, 1 + number + 1000 * at) for at in (0, 2)]
        (folder / index.index_name(0)).write_bytes(b"".join(records))
    before = len(os.listdir("/proc/self/fd"))
    most = 0
    stream = reading(world)
    async with aclosing(stream):
        found = []
        async for line in stream:
            found.append(line)
            most = max(most, len(os.listdir("/proc/self/fd")))
    assert said(found) == [b"x"] * 150 + [b"y"] * 150
    assert most - before < 150
    assert json.dumps([line.sequence for line in found]) == json.dumps(
        sorted(line.sequence for line in found)
    )


async def test_what_a_life_of_a_process_said_last_is_found_after_the_next_has_spoken(world):
    (web,) = talk(world, "web.1@v7")
    whose = ("shop", "production", "web.1@v7")
    began = time.time_ns()
    web.write(b"".join(b"line %d\n" % number for number in range(50)))
    web.drain()
    web.write(b"Boom\n", "stderr")
    web.drain()
    ended = time.time_ns()
    web.write(b"the next life\n" * 30)
    web.drain()
    home = str(world.home)
    assert last_words(home, whose, 3, (began, ended)) == [b"line 48", b"line 49", b"Boom"]
    assert last_words(home, whose, 1, (began - 10**12, ended)) == [b"Boom"]
    assert last_words(home, whose, 3, (1, began - 10**12)) == []
