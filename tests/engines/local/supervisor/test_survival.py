import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.engines.local.supervisor.worlds import World, alive, marked, minds, until

from twelve.engines.local.supervisor import capture, state, zygote
from twelve.engines.local.supervisor_client import Supervisor, ensure_supervisor
from twelve.errors import Conflict, Unreachable

pytestmark = [pytest.mark.live, pytest.mark.anyio]

FOREVER = {"mode": "always"}


async def state_of(world: World, name: str) -> str:
    entry = await world.entry(name)
    assert entry is not None
    return str(entry["state"])


def edit_state(world: World, change: Callable[[dict[str, Any]], None]) -> None:
    path = Path(state.path_of(str(world.home)))
    kept = json.loads(path.read_text())
    change(kept)
    path.write_text(json.dumps(kept))


def exit_code_of(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


async def test_children_outlive_a_killed_supervisor_and_are_adopted(world: World) -> None:
    names = [await world.start(f"web.{n}", "sleep", "100", restart=FOREVER) for n in range(20)]
    pids = {name: (await world.event("started", name))["app_pid"] for name in names}
    await world.kill_supervisor()
    assert all(alive(pid) for pid in pids.values())
    begin = time.monotonic()
    await world.begin()
    took = time.monotonic() - begin
    assert took < 5  # 0.15 s on a quiet machine: docs/explanation/supervision.md
    found = {one["name"]: one for one in await world.client.list()}
    assert {name: found[name]["app_pid"] for name in names} == pids
    assert {one["state"] for one in found.values()} == {"adopted"}


async def test_an_adopted_one_has_its_exit_code_and_is_not_started_again(world: World) -> None:
    name = await world.start("web.1", "sh", "-c", "trap 'exit 41' USR1; sleep 100 & wait; wait",
                             restart=FOREVER)  # fmt: skip
    pid = (await world.event("started", name))["app_pid"]
    await until(lambda: minds(pid, signal.SIGUSR1))
    await world.kill_supervisor()
    await world.begin()
    await world.client.signal(name, "USR1")
    assert (await world.event("exited", name))["code"] == 41
    await world.event("gone", name)
    assert await state_of(world, name) == "exited"
    assert marked(world.mark) == []


async def test_what_ended_while_nobody_looked_has_its_exit_code(world: World) -> None:
    name = await world.start("run.a", "sh", "-c", "read x; exit 42", stdin="pipe")
    await world.event("started", name)
    fd = await world.client.input(name)
    await world.kill_supervisor()
    os.write(fd, b"\n")
    os.close(fd)
    await until(lambda: not marked(world.mark))
    await world.begin(since=0)
    assert (await world.event("exited", name))["code"] == 42
    entry = await world.entry(name)
    assert entry is not None
    assert entry["last_exit"]["code"] == 42


async def test_the_same_launch_claims_an_adopted_one(world: World) -> None:
    name = await world.start("web.1", "sleep", "100", restart=FOREVER)
    pid = (await world.event("started", name))["app_pid"]
    await world.kill_supervisor()
    await world.begin()
    with pytest.raises(Conflict):
        await world.start("web.1", "sleep", "101", restart=FOREVER)
    await world.start("web.1", "sleep", "100", restart=FOREVER)
    assert alive(pid)
    assert await state_of(world, name) == "up"
    os.kill(pid, signal.SIGKILL)
    await world.event("started", name, restarts=1)


async def test_a_stop_goes_on_over_a_killed_supervisor(world: World) -> None:
    name = await world.start("deaf.1", "sh", "-c", "trap '' TERM; while :; do sleep 1; done")
    pid = (await world.event("started", name))["app_pid"]
    await until(lambda: minds(pid, signal.SIGTERM))
    begin = time.monotonic()
    await world.client.stop(name, 2.0)
    await world.client.hello()
    await world.kill_supervisor()
    await world.begin()
    assert await state_of(world, name) == "stopping"
    await world.event("gone", name)
    assert 1.8 < time.monotonic() - begin < 8


async def test_twice_killed_is_twice_adopted(world: World) -> None:
    name = await world.start("web.1", "sleep", "100", restart=FOREVER)
    pid = (await world.event("started", name))["app_pid"]
    for _ in range(2):
        await world.kill_supervisor()
        await world.begin()
        assert await state_of(world, name) == "adopted"
    await world.client.stop(name, 5.0)
    await world.event("gone", name)
    assert not alive(pid)


async def test_supervisor_and_init_killed_together_leave_nothing(world: World) -> None:
    name = await world.start("web.1", "sh", "-c", "sleep 100 & sleep 100; true", restart=FOREVER)
    started = await world.event("started", name)
    await until(lambda: len(marked(world.mark)) == 3)
    supervisor = (await world.client.hello())["pid"]
    os.kill(supervisor, signal.SIGKILL)
    os.kill(started["pid"], signal.SIGKILL)
    await until(lambda: not alive(supervisor))
    await world.begin(since=0)
    await world.event("gone", name)
    await until(lambda: marked(world.mark) == [])


async def test_terminate_leaves_everything_running(world: World) -> None:
    name = await world.start("web.1", "sleep", "100")
    pid = (await world.event("started", name))["app_pid"]
    supervisor = (await world.client.hello())["pid"]
    os.kill(supervisor, signal.SIGTERM)
    await until(lambda: not alive(supervisor))
    assert not (world.run / "supervisor.sock").exists()
    assert alive(pid)
    await world.begin()
    assert await state_of(world, name) == "adopted"


async def test_a_stale_socket_is_no_obstacle(base: Path) -> None:
    run = base / "r"
    run.mkdir()
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(run / "supervisor.sock"))
    stale.close()
    with pytest.raises(Unreachable):
        await Supervisor.connect(run)
    async with await ensure_supervisor(run, base / "h") as client:
        await client.shutdown()
    assert not (run / "supervisor.sock").exists()
    assert not (base / "h" / "supervisor" / "state.json").exists()


async def test_two_starters_get_one_supervisor(base: Path) -> None:
    clients = await asyncio.gather(*(ensure_supervisor(base / "r", base / "h") for _ in range(4)))
    assert len({(await client.hello())["pid"] for client in clients}) == 1
    await clients[0].shutdown()
    for client in clients:
        client.close()


async def test_a_reused_pid_is_not_adopted(world: World) -> None:
    name = await world.start("web.1", "sleep", "100")
    pid = (await world.event("started", name))["pid"]
    await world.kill_supervisor()
    edit_state(world, lambda kept: kept["instances"][0].update(start_time=1))
    await world.begin(since=0)
    exited = await world.event("exited", name)
    assert (exited["code"], exited["signal"]) == (None, None)
    await world.event("gone", name)
    assert alive(pid)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: not marked(world.mark))


async def test_after_a_reboot_nothing_is_adopted(world: World) -> None:
    name = await world.start("web.1", "sleep", "100")
    pid = (await world.event("started", name))["pid"]
    await world.kill_supervisor()
    edit_state(world, lambda kept: kept.update(boot_id="another-boot"))
    await world.begin(since=0)
    exited = await world.event("exited", name)
    assert (exited["code"], exited["error"]) == (None, "the machine restarted")
    await world.event("gone", name)
    assert await state_of(world, name) == "exited"
    os.kill(pid, signal.SIGKILL)
    await until(lambda: not marked(world.mark))


async def test_an_init_without_orders_goes_by_itself(world: World) -> None:
    # A supervisor that dies between the state file and exec: the channel ends, nothing was sent.
    cloner = zygote.start((256, 256))
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    own, own_theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = zygote.spawn(cloner, zygote.Request(0, False, False), ours, [theirs, own_theirs])
    assert alive(pid)
    ours.close()
    own.close()
    assert exit_code_of(pid) == 0
    cloner.socket.close()
    assert exit_code_of(cloner.pid) == 0


@pytest.mark.parametrize("round_", range(6))
async def test_killed_at_any_moment_of_a_start_it_leaves_no_orphan(
    world: World, round_: int
) -> None:
    supervisor = (await world.client.hello())["pid"]
    asked = asyncio.ensure_future(world.start("web.1", "sleep", "100", restart=FOREVER))
    await asyncio.sleep(0.002 * round_)
    os.kill(supervisor, signal.SIGKILL)
    await asyncio.gather(asked, return_exceptions=True)
    await until(lambda: not alive(supervisor))
    world.client.close()
    await world.begin()
    known = {one["name"]: one for one in await world.client.list()}
    await asyncio.sleep(0.1)
    apps = marked(world.mark)
    if apps:
        entry = known["shop/production/web.1@v1"]
        assert apps == [entry["app_pid"]]
        assert entry["state"] == "adopted"
    else:
        assert all(one["state"] == "exited" for one in known.values())


async def test_an_upgrade_in_place_keeps_children_and_their_exit_codes(world: World) -> None:
    up = await world.start("web.1", "sleep", "100", restart=FOREVER)
    pipe = await world.start("run.p", "sh", "-c", "read x; exit 7", stdin="pipe")
    back = await world.start("web.2", "false", restart=FOREVER)
    pids = {name: (await world.event("started", name))["app_pid"] for name in (up, pipe)}
    await world.event("backoff", back)
    before = await world.client.hello()
    fds = len(os.listdir(f"/proc/{before['pid']}/fd"))
    await world.client.reexec()
    after = await world.begin(since=before["since"])
    assert after["pid"] == before["pid"]
    found = {one["name"]: one for one in await world.client.list()}
    assert found[up]["state"] == "up"
    assert found[up]["app_pid"] == pids[up]
    assert len(os.listdir(f"/proc/{before['pid']}/fd")) <= fds + 1
    fd = await world.client.input(pipe)
    os.write(fd, b"\n")
    os.close(fd)
    assert (await world.event("exited", pipe))["code"] == 7
    os.kill(pids[up], signal.SIGKILL)
    await world.event("started", up, restarts=1)
    await world.event("started", back, restarts=2)
    await world.client.stop(up, 1.0)
    await world.event("gone", up)


async def test_a_terminal_outlives_the_supervisor(world: World) -> None:
    name = await world.start("run.a", "sh", "-c", "read x; exit $x", stdin="pty")
    await world.event("started", name)
    master = await world.client.input(name)
    await world.kill_supervisor()
    await world.begin()
    os.write(master, b"17\n")
    assert (await world.event("exited", name))["code"] == 17
    os.close(master)


async def test_events_are_read_on_by_number(world: World) -> None:
    name = await world.start("run.a", "true")
    gone = await world.event("gone", name)
    began = await world.event("started", name)
    seen = []
    async for event in world.client.events(began["n"]):
        seen.append(event["event"])
        if event["n"] == gone["n"]:
            break
    assert seen == ["exited", "gone"]


async def test_who_died_with_all_its_keepers_leaves_its_name_and_a_mark(world: World) -> None:
    collector = world.launch("x", "sleep", "100", restart=FOREVER) | {"name": capture.NAME}
    await world.client.start(collector)
    name = await world.start("web.1", "sh", "-c", "exec sleep 100", restart=FOREVER)
    pids = [(await world.event("started", each))["pid"] for each in (capture.NAME, name)]
    await world.kill_supervisor()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    await until(lambda: not marked(world.mark))

    await world.begin(since=0)

    assert (await world.event("exited", name))["unread"] is True
    # Not after the half minute that a collector has to read last words.
    await world.client.start(world.launch("web.1", "sleep", "100", restart=FOREVER))
    entry = await world.entry(name)
    assert entry is not None
    assert entry["last_exit"]["unread"] is True


async def test_who_died_alone_lost_nothing(world: World) -> None:
    name = await world.start("run.a", "sh", "-c", "read x; exit 3", stdin="pipe")
    await world.event("started", name)
    os.close(await world.client.input(name))
    assert "unread" not in await world.event("exited", name, code=3)
