import asyncio
import os
import signal
import sys
from typing import Any

import pytest
from tests.engines.local.supervisor.worlds import World, until

from twelve.engines.local.logreader import last_words

pytestmark = [pytest.mark.live, pytest.mark.anyio]

COLLECTOR = "twelve/collector@-"


async def start_collector(world: World) -> None:
    words = ["-I", "-m", "twelve.engines.local.collector"]
    folders = ["--run", str(world.run), "--home", str(world.home)]
    launch = world.launch("x", sys.executable, *words, *folders, restart={"mode": "always"})
    logs = {"dir": "logs/twelve/platform/collector@-", "budget": 1 << 20, "age": 3600}
    await world.client.start({**launch, "name": COLLECTOR, "logs": logs})
    await until((world.run / "collector.sock").exists)


def lines_of(world: World, process: str, stream: str) -> list[bytes]:
    folder = world.home / "logs" / "shop" / "production" / process / stream
    return b"".join(path.read_bytes() for path in sorted(folder.glob("*.log"))).splitlines()


async def end(world: World) -> None:
    await world.client.stop(COLLECTOR, 5.0)
    await world.event("gone", COLLECTOR)


async def test_the_last_line_is_in_the_log_before_gone_is_told(world: World) -> None:
    await start_collector(world)
    name = await world.start("run.a", "sh", "-c", "seq 20000; echo oops >&2")
    await world.event("gone", name)
    assert lines_of(world, "run.a@v1", "stdout") == [b"%d" % n for n in range(1, 20001)]
    assert lines_of(world, "run.a@v1", "stderr") == [b"oops"]
    assert not world.folder(name).exists()
    await end(world)


async def test_what_a_terminal_showed_is_in_the_log(world: World) -> None:
    await start_collector(world)
    name = await world.start("run.a", "seq", "5000", stdin="pty")
    await world.event("gone", name)
    assert lines_of(world, "run.a@v1", "tty") == [b"%d" % n for n in range(1, 5001)]
    await end(world)


@pytest.mark.parametrize("victims", [["supervisor"], ["collector"], ["supervisor", "collector"]])
async def test_no_line_is_lost_or_twice_when_parts_are_killed(
    world: World, victims: list[str]
) -> None:
    await start_collector(world)
    script = "i=0; while [ $i -lt 6000 ]; do i=$((i+1)); echo $i; done; read x"
    name = await world.start("web.1", "sh", "-c", script, stdin="pipe")
    fd = await world.client.input(name)
    await world.event("started", name)
    await until(lambda: len(lines_of(world, "web.1@v1", "stdout")) > 500)
    collector = (await world.event("started", COLLECTOR))["app_pid"]
    if "supervisor" in victims:
        await world.kill_supervisor()
    if "collector" in victims:
        os.kill(collector, signal.SIGKILL)
    if "supervisor" in victims:
        await world.begin(since=0)
        entry = await world.entry(COLLECTOR)
        if entry is None or entry["state"] == "exited":
            await start_collector(world)
    os.write(fd, b"\n")
    os.close(fd)
    await world.event("gone", name)
    assert lines_of(world, "web.1@v1", "stdout") == [b"%d" % n for n in range(1, 6001)]
    await end(world)


async def test_without_a_collector_a_name_is_free_all_the_same(world: World) -> None:
    name = await world.start("run.a", "echo", "nobody reads this")
    await world.event("gone", name)
    assert os.listdir(world.run / "p") == []


async def test_the_last_words_of_a_life_are_read_before_its_next_life_speaks(world: World) -> None:
    await start_collector(world)
    collector = (await world.event("started", COLLECTOR))["app_pid"]
    door = world.run / "door"
    os.mkfifo(door)
    script = f"echo life; read word < {door}; echo last words; exit 3"
    name = await world.start("web.1", "sh", "-c", script, restart={"mode": "always"})
    await until(lambda: lines_of(world, "web.1@v1", "stdout") == [b"life"])
    os.kill(collector, signal.SIGSTOP)
    try:
        writer = await asyncio.to_thread(os.open, door, os.O_WRONLY)
        os.write(writer, b"\n")
        os.close(writer)
        first = await world.event("exited", name)
        entry = await world.entry(name)
        assert entry is not None
        assert (entry["state"], entry["restarts"]) == ("backoff", 0)
    finally:
        os.kill(collector, signal.SIGCONT)
    await world.event("started", name, restarts=1)
    await until(lambda: len(lines_of(world, "web.1@v1", "stdout")) == 3)
    os.close(await asyncio.to_thread(os.open, door, os.O_WRONLY))
    await world.event("started", name, restarts=2)
    second = await world.event("exited", name)

    def began(end: dict[str, Any]) -> int:
        return int(end["at_ns"] - end["uptime"] * 1e9)

    whose = ("shop", "production", "web.1@v1")
    said = last_words(str(world.home), whose, 20, (began(first), began(second)))
    assert said == [b"life", b"last words"]
    await world.client.stop(name, 5.0)
    await world.event("gone", name)
    await end(world)
