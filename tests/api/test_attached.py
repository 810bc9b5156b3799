"""Attached one-offs: bytes both ways over a WebSocket, and how they ended."""

import asyncio
import json
import os

import pytest
from tests.api.worlds import DEPLOY, Door
from websockets.asyncio.client import unix_connect

from twelve.api.stdin import WAITING, Input
from twelve.engines.contract import Exit
from twelve.errors import Conflict
from twelve.store import runs

pytestmark = pytest.mark.anyio


def attach(door: Door, path: str = f"{DEPLOY}/run"):
    return unix_connect(door.socket, f"ws://twelve{path}")


async def said(socket) -> tuple[list[dict], bytes]:
    """Every text frame, and the bytes of the others with their stream's number."""
    frames, data = [], b""
    async for frame in socket:
        if isinstance(frame, bytes):
            data += frame
        else:
            frames.append(json.loads(frame))
    return frames, data


async def until_running(door: Door) -> None:
    await door.world.until(lambda: any("/run." in name for name in door.world.engine.processes))


async def test_what_a_run_prints_and_how_it_ended_is_passed_on(door: Door):
    await door.deploy()
    door.world.engine.prints["fails"] = b"oh\n"
    door.world.engine.exits["fails"] = Exit(3, None)
    async with attach(door) as socket:
        await socket.send(json.dumps({"command": ["fails", "now"]}))
        (begun, ended), data = await said(socket)

    assert data == b"\x01oh\n"
    assert ended == {"exit": 3, "code": 3, "signal": None}
    [run] = runs.ls(door.world.store, door.world.shop)
    assert (run.id, run.command, run.code) == (begun["run"], ("fails", "now"), 3)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"command": []}, "there is no command to run"),
        ({"command": [""]}, "there is no command to run"),
        ({"command": "ls"}, "Expected `array`, got `str`"),
        ({"command": ["ls"], "rows": 70_000}, "<= 65535"),
        ({"comand": ["ls"]}, "comand"),
    ],
)
async def test_a_wish_that_is_off_is_refused(door: Door, wish, words: str):
    await door.deploy()
    async with attach(door) as socket:
        await socket.send(json.dumps(wish))
        [frame], _ = await said(socket)

    assert words in frame["error"]["message"]
    assert runs.ls(door.world.store, door.world.shop) == []


async def test_an_unknown_deploy_is_said_to_be(door: Door):
    async with attach(door, "/v1/apps/none/deploys/production/run") as socket:
        await socket.send(json.dumps({"command": ["ls"]}))
        [frame], _ = await said(socket)

    assert frame["error"]["code"] == "not-found"


async def test_a_signal_reaches_the_run(door: Door):
    await door.deploy()
    door.world.engine.endless.add("sleep")
    async with attach(door) as socket:
        await socket.send(json.dumps({"command": ["sleep"]}))
        await until_running(door)
        await socket.send(json.dumps({"signal": "SIGINT"}))
        (_, ended), _ = await said(socket)

    assert ended == {"exit": 130, "code": None, "signal": "SIGINT"}


async def test_a_signal_or_a_size_that_comes_too_late_changes_nothing(door: Door, monkeypatch):
    asked = asyncio.Event()

    async def refuse(*_):
        asked.set()
        raise Conflict("it is not running")

    await door.deploy()
    door.world.engine.endless.add("sleep")
    async with attach(door) as socket:
        await socket.send(json.dumps({"command": ["sleep"]}))
        await until_running(door)
        signal = door.world.engine.signal
        monkeypatch.setattr(door.world.engine, "signal", refuse)
        await socket.send(json.dumps({"signal": "SIGINT", "resize": [50, 132]}))
        await asked.wait()
        [name] = [name for name in door.world.engine.processes if "/run." in name]
        await signal(name, "SIGTERM")
        (_, ended), _ = await said(socket)

    assert ended["signal"] == "SIGTERM"


async def test_a_frame_that_is_nonsense_is_told_and_the_run_goes_on(door: Door):
    await door.deploy()
    door.world.engine.endless.add("sleep")
    async with attach(door) as socket:
        await socket.send(json.dumps({"command": ["sleep"]}))
        await until_running(door)
        await socket.send("[1")
        (_, fault), _ = await said(socket)

    assert fault["error"]["code"] == "invalid"
    assert any("/run." in name for name in door.world.engine.processes)


@pytest.mark.parametrize("remove", [True, False])
async def test_a_run_outlives_its_caller_unless_that_was_not_wanted(door: Door, remove: bool):
    await door.deploy()
    door.world.engine.endless.add("sleep")
    async with attach(door) as socket:
        await socket.send(json.dumps({"command": ["sleep"], "rm_on_hangup": remove}))
        await until_running(door)
    await asyncio.sleep(0.2)  # one of the two is not ended, which cannot be awaited

    assert any("/run." in name for name in door.world.engine.processes) is not remove


# The descriptor of a run's input.


async def test_input_is_written_in_order_and_ends_once():
    reading, writing = os.pipe()
    given = Input(writing)
    task = asyncio.create_task(given.write_all())
    for data in (b"one ", b"two", None):
        await given.put(data)
    await task
    # The number may be another file's by now: closing again must not touch it.
    stranger = os.dup(reading)
    given.close()

    assert os.read(reading, 100) == b"one two"
    assert os.read(stranger, 1) == b""
    for descriptor in (reading, stranger):
        os.close(descriptor)


async def test_more_input_than_a_run_takes_waits_without_blocking():
    reading, writing = os.pipe()
    given = Input(writing)
    task = asyncio.create_task(given.write_all())
    data = bytes(1_000_000)
    await given.put(data)
    await given.put(None)
    await asyncio.sleep(0.01)
    assert not task.done()
    with os.fdopen(reading, "rb") as file:
        found = await asyncio.to_thread(file.read)
    await task

    assert found == data


async def test_input_that_a_run_does_not_want_any_more_is_dropped():
    reading, writing = os.pipe()
    os.close(reading)
    given = Input(writing)
    task = asyncio.create_task(given.write_all())
    async with asyncio.timeout(5):
        for _ in range(3 * WAITING):
            await given.put(b"more")
        await given.put(None)
        await task

    assert given.descriptor is None


async def test_a_run_without_input_takes_none():
    given = Input(None)
    given.resize(10, 10)
    await given.put(b"x")
    await given.put(None)
    await given.write_all()
