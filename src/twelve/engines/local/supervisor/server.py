"""The supervisor's socket: requests in, answers, events and descriptors out."""

import contextlib
import os
import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import Any

from twelve.engines.local.supervisor import box, events, instances, launches, protocol
from twelve.engines.local.supervisor.keeper import Keeper
from twelve.engines.local.supervisor.loop import READABLE, WRITABLE, Loop
from twelve.errors import Conflict, Full, Invalid, NotFound, TwelveError, as_full

_BACKLOG_LIMIT = 8 * 1024 * 1024
"""Bytes that a reader of events may lie behind; it is cut off then, and reads on by number."""

_CREDENTIALS = struct.Struct("iII")
_CODES: dict[type[Exception], str] = {
    NotFound: "not-found",
    Conflict: "conflict",
    Invalid: "invalid",
    Full: "disk-full",
}


class Connection:
    """One client."""

    def __init__(self, link: socket.socket) -> None:
        self.link = link
        self.decoder = protocol.Decoder()
        self.out: deque[tuple[bytes, int]] = deque()
        """Bytes, and a descriptor that rides with the first of them, -1 for none."""
        self.waiting = 0
        self.follows = False


class Server:
    """Answers everybody who may ask; a client that breaks the protocol is cut off."""

    def __init__(self, turns: Loop, listener: socket.socket, ring: events.Ring) -> None:
        self._loop = turns
        self._listener = listener
        self._ring = ring
        self._connections: dict[int, Connection] = {}
        self._keeper: Keeper | None = None
        self._leave: Callable[[str, str], None] = lambda *_: None

    def open(self, keeper: Keeper, leave: Callable[[str, str], None]) -> None:
        """
        Begin to accept.

        ``leave`` is called with ``shutdown`` or ``reexec`` after the answer went out, and with the
        interpreter that is wanted, if it matters.
        """
        self._keeper, self._leave = keeper, leave
        self._loop.watch(self._listener.fileno(), READABLE, self._accept)

    def tell(self, event: str, fields: dict[str, Any]) -> None:
        """An event, to all who follow."""
        frame = self._ring.add(event, fields)
        for connection in list(self._connections.values()):
            if connection.follows:
                self._send(connection, frame)

    def _accept(self, _mask: int) -> None:
        try:
            link, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        raw = link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        if _CREDENTIALS.unpack(raw)[1] not in {0, os.geteuid()}:
            link.close()
            return
        link.setblocking(False)
        connection = Connection(link)
        self._connections[link.fileno()] = connection
        self._loop.watch(link.fileno(), READABLE, lambda mask: self._ready(connection, mask))

    def _ready(self, connection: Connection, mask: int) -> None:
        if mask & WRITABLE:
            self._flush(connection)
        if connection.link.fileno() < 0 or not mask & ~WRITABLE:
            return
        try:
            data = connection.link.recv(262144)
            requests = connection.decoder.feed(data)
        except BlockingIOError:
            return
        except (OSError, ValueError):
            data, requests = b"", []
        if not data:
            self._drop(connection)
            return
        for request in requests:
            self._answer(connection, request)

    def _answer(self, connection: Connection, request: dict[str, Any]) -> None:
        assert self._keeper is not None
        number, verb = request.get("id"), request.get("op")
        act = _VERBS.get(str(verb))
        if verb == "events":
            self._follow(connection, request)
            return
        if verb in {"shutdown", "reexec"}:
            self._depart(connection, request)
            return
        try:
            if act is None:
                raise Invalid(
                    f"{verb!r} is not an operation", hint="known: " + ", ".join(sorted(_VERBS))
                )
            answer = act(self._keeper, request)
        except (TwelveError, OSError, KeyError, TypeError, ValueError) as error:
            self._send(connection, protocol.encode({"id": number, **_refusal(error)}))
            return
        fd, close = answer.pop("fd", -1), answer.pop("close", False)
        if verb == "hello":
            answer["since"] = self._ring.newest
        kept = fd if close or fd < 0 else os.dup(fd)
        self._send(connection, protocol.encode({"id": number, "ok": True, **answer}), kept)

    def _follow(self, connection: Connection, request: dict[str, Any]) -> None:
        since = request.get("since", self._ring.newest)
        if not isinstance(since, int):
            self._send(
                connection,
                protocol.encode(
                    {"id": request.get("id"), "error": "since is no number", "code": "invalid"}
                ),
            )
            return
        connection.follows = True
        self._send(connection, protocol.encode({"id": request.get("id"), "ok": True}))
        for frame in self._ring.since(since):
            self._send(connection, frame)

    def _depart(self, connection: Connection, request: dict[str, Any]) -> None:
        assert self._keeper is not None
        number, verb = request.get("id"), str(request["op"])
        if verb == "shutdown" and not self._keeper.is_idle():
            refused = _refusal(
                Conflict(
                    "processes live or wait to be started",
                    hint="stop them, and wait until they are gone",
                )
            )
            self._send(connection, protocol.encode({"id": number, **refused}))
            return
        self._send(connection, protocol.encode({"id": number, "ok": True}))
        self._leave(verb, str(request.get("program") or ""))

    def _send(self, connection: Connection, data: bytes, fd: int = -1) -> None:
        connection.out.append((data, fd))
        connection.waiting += len(data)
        self._flush(connection)
        if connection.follows and connection.waiting > _BACKLOG_LIMIT:
            self._drop(connection)

    def _flush(self, connection: Connection) -> None:
        if connection.link.fileno() < 0:
            return
        try:
            while connection.out:
                data, fd = connection.out[0]
                sent = (
                    socket.send_fds(connection.link, [data], [fd])
                    if fd >= 0
                    else connection.link.send(data)
                )
                if fd >= 0:
                    os.close(fd)
                connection.waiting -= sent
                connection.out.popleft()
                if sent < len(data):
                    connection.out.appendleft((data[sent:], -1))
        except BlockingIOError:
            pass
        except OSError:
            self._drop(connection)
            return
        mask = READABLE | (WRITABLE if connection.out else 0)
        self._loop.watch(
            connection.link.fileno(), mask, lambda ready: self._ready(connection, ready)
        )

    def _drop(self, connection: Connection) -> None:
        number = connection.link.fileno()
        if self._connections.pop(number, None) is None:
            return
        self._loop.unwatch(number)
        connection.link.close()
        for _, fd in connection.out:
            if fd >= 0:
                with contextlib.suppress(OSError):
                    os.close(fd)
        connection.out.clear()


def _refusal(error: Exception) -> dict[str, Any]:
    error = as_full(error) or error
    if isinstance(error, TwelveError):
        code = _CODES.get(type(error), "failed")
        return {"error": error.message, "hint": error.hint, "code": code}
    if isinstance(error, OSError):
        return {"error": str(error), "code": "failed"}
    return {"error": f"the request is not whole: {error!r}", "code": "invalid"}


def _hello(keeper: Keeper, _request: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": protocol.VERSION,
        "pid": os.getpid(),
        "boot_id": keeper.boot,
        "made": keeper.made,
        "groups": box.plain_groups(keeper.groups),
    }


def _start(keeper: Keeper, request: dict[str, Any]) -> dict[str, Any]:
    return {"pid": keeper.start(request["launch"])}


def _replace(keeper: Keeper, request: dict[str, Any]) -> dict[str, Any]:
    keeper.replace(request["launch"])
    return {}


def _stop(keeper: Keeper, request: dict[str, Any]) -> dict[str, Any]:
    instance = keeper.find(request["name"])
    launch = instance.launch or {}
    grace = request.get("grace")
    grace = float(launch.get("grace", 30.0) if grace is None else grace)
    number = request.get("signal") or launch.get("stop_signal", "SIGTERM")
    keeper.stop(instance.name, grace, launches.signal_number(number))
    return {}


def _signal(keeper: Keeper, request: dict[str, Any]) -> dict[str, Any]:
    keeper.signal(request["name"], launches.signal_number(request["signal"]))
    return {}


def _list(keeper: Keeper, _request: dict[str, Any]) -> dict[str, Any]:
    return {"instances": [instances.shown(instance) for instance in keeper.instances.values()]}


def _input(keeper: Keeper, request: dict[str, Any]) -> dict[str, Any]:
    fd, close = keeper.take_input(request["name"])
    return {"fd": fd, "close": close}


def _forget(keeper: Keeper, request: dict[str, Any]) -> dict[str, Any]:
    keeper.forget(request["name"])
    return {}


_VERBS: dict[str, Callable[[Keeper, dict[str, Any]], dict[str, Any]]] = {
    "hello": _hello,
    "start": _start,
    "replace": _replace,
    "stop": _stop,
    "signal": _signal,
    "list": _list,
    "input": _input,
    "forget": _forget,
}
