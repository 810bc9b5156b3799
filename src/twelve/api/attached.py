"""An attached one-off: bytes both ways over a WebSocket.

From the caller first one text frame, the run's JSON: ``command``, ``tty``, ``rows``, ``columns``,
``term``, ``rm_on_hangup``. Then binary frames are standard input, text frames ``{"eof": true}``,
``{"resize": [rows, columns]}`` or ``{"signal": "SIGINT"}``. To the caller: ``{"run": id}``, then
binary frames whose first byte is 1 for stdout (or the terminal) and 2 for stderr, then
``{"exit": status, "code": …, "signal": …}`` or ``{"error": …}``.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from twelve.api.call import Rooms
from twelve.api.progress import as_bug, as_json
from twelve.api.stdin import Input
from twelve.errors import Invalid, TwelveError
from twelve.operations.house import House
from twelve.operations.run_once import Started, Terminal, run_once, stop_run
from twelve.store import apps
from twelve.store.apps import Deploy

Size = Annotated[int, msgspec.Meta(ge=0, le=65535)]
"""Rows or columns: the kernel keeps them in 16 bits."""

FRAMES = "the reference of the API says what frames a run takes"
NUMBERS = {"stdout": b"\1", "tty": b"\1", "stderr": b"\2"}


class Wish(msgspec.Struct, forbid_unknown_fields=True):
    """What to run, and from what kind of terminal."""

    command: list[str]
    tty: bool = False
    rows: Size = 24
    columns: Size = 80
    term: str = ""
    rm_on_hangup: bool = False


class Order(msgspec.Struct):
    """What the caller may say later."""

    eof: bool = False
    resize: tuple[Size, Size] | None = None
    signal: str = ""


def attach_run(rooms: Rooms) -> Callable[[WebSocket], Awaitable[None]]:
    """The endpoint."""

    async def endpoint(socket: WebSocket) -> None:
        await socket.accept()
        try:
            await converse(rooms.house, socket)
        except TwelveError as error:
            await say(socket, {"error": as_json(error)})
        except WebSocketDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - the caller is told, whatever it was
            await say(socket, {"error": as_json(as_bug(error))})
        with contextlib.suppress(RuntimeError):
            await socket.close()

    return endpoint


async def converse(house: House, socket: WebSocket) -> None:
    """Start the run, pass bytes until it ends, say how it ended."""
    wish = read_wish(await socket.receive_text())
    deploy = apps.get_deploy(house.store, socket.path_params["app"], socket.path_params["deploy"])
    terminal = Terminal(wish.rows, wish.columns, wish.term or "xterm") if wish.tty else None
    who = socket.client.host if socket.client else "unknown"
    started = await run_once(house, deploy, wish.command, who=who, terminal=terminal)
    await say(socket, {"run": started.run.id})
    given = Input(started.stdin)
    reading = asyncio.create_task(take_in(socket, house, started, given))
    passing = asyncio.create_task(pass_out(house, socket, started))
    try:
        # A silent run shows by the reading alone that its caller is gone.
        await asyncio.wait({reading, passing}, return_when=asyncio.FIRST_COMPLETED)
        hung_up = not passing.done() or passing.result()
    finally:
        for task in (reading, passing):
            task.cancel()
        await asyncio.gather(reading, passing, return_exceptions=True)
        given.close()
    if reading.done() and not reading.cancelled() and (fault := reading.exception()):
        await leave(house, deploy, started, remove=wish.rm_on_hangup)
        raise fault
    if hung_up:
        await leave(house, deploy, started, remove=wish.rm_on_hangup)
        return
    end = await started.end
    await say(socket, {"exit": end.status, "code": end.code, "signal": end.signal})


def read_wish(text: str) -> Wish:
    """The first frame. Raises Invalid."""
    try:
        wish = msgspec.json.decode(text, type=Wish)
    except msgspec.MsgspecError as error:
        raise Invalid(f"the first frame: {error}", hint=FRAMES) from None
    if not wish.command or not all(wish.command[:1]):
        raise Invalid("there is no command to run", hint="twelve run -- COMMAND")
    return wish


async def pass_out(house: House, socket: WebSocket, started: Started) -> bool:
    """Send what the run prints until it ends; whether the caller hung up before."""
    async for name, data in house.engine.output(started.name):
        try:
            await socket.send_bytes(NUMBERS.get(name, b"\1") + data)
        except (WebSocketDisconnect, RuntimeError, OSError):
            return True
    return False


async def take_in(socket: WebSocket, house: House, started: Started, given: Input) -> None:
    """Pass on what the caller sends, until the caller is gone."""
    writing = asyncio.create_task(given.write_all())
    try:
        while True:
            frame = await socket.receive()
            if frame["type"] == "websocket.disconnect":
                return
            if data := frame.get("bytes"):
                await given.put(data)
            elif text := frame.get("text"):
                await obey(house, started, given, read_order(text))
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


def read_order(text: str) -> Order:
    """A later text frame. Raises Invalid."""
    try:
        return msgspec.json.decode(text, type=Order)
    except msgspec.MsgspecError as error:
        raise Invalid(f"a frame: {error}", hint=FRAMES) from None


async def obey(house: House, started: Started, given: Input, order: Order) -> None:
    """The end of input, a resize, a signal; one that comes too late is none."""
    if order.eof:
        await given.put(None)
    with contextlib.suppress(OSError, TwelveError):
        if order.resize:
            given.resize(*order.resize)
        if order.signal:
            await house.engine.signal(started.name, order.signal)


async def leave(house: House, deploy: Deploy, started: Started, *, remove: bool) -> None:
    """The caller is gone: the run goes on, unless it was to end with the caller."""
    if remove:
        await stop_run(house, deploy, started.run.id)


async def say(socket: WebSocket, frame: dict[str, Any]) -> None:
    """A text frame, if anybody still listens."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):
        await socket.send_text(json.dumps(frame))
