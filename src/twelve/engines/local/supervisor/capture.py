"""The link to the collector: told of every FIFO folder, asked if one is empty before it goes."""

import json
import os
import socket
from collections.abc import Callable
from typing import Any

from twelve.engines.local.supervisor import loop

SOCKET = "collector.sock"
NAME = "twelve/collector@-"
_AGAIN = 0.05  # seconds between two attempts to reach it


class Capture:
    """One connection, made anew whenever it breaks. What was not answered is asked again."""

    def __init__(self, turns: loop.Loop, run: str, wanted: Callable[[], bool]) -> None:
        self._loop = turns
        self._path = os.path.join(run, SOCKET)
        self._wanted = wanted
        self._socket: socket.socket | None = None
        self._folders: set[str] = set()
        self._drains: dict[str, Callable[[], None]] = {}
        self._input = b""
        self._output = b""
        self._timer: loop.Timer | None = None

    def open(self, folder: str) -> None:
        """Tell that there is a folder to read."""
        self._folders.add(folder)
        if not self._connected():
            self._retry()
        else:
            self._ask("open", folder)

    def drain(self, folder: str, done: Callable[[], None]) -> None:
        """Call ``done`` when the collector has read it all, or when there is none to wait for."""
        self._folders.discard(folder)
        self._drains[folder] = done
        if not self._connected():
            self._retry()
        else:
            self._ask("drain", folder)

    def reachable(self) -> bool:
        """Whether a collector is there."""
        return self._connected() or self._socket is not None

    def forget(self, folder: str) -> None:
        """Nobody waits for this folder any more."""
        self._folders.discard(folder)
        self._drains.pop(folder, None)

    def _connected(self) -> bool:
        """Connect when there is no connection; it begins with all that is open or asked for."""
        if self._socket is not None:
            return True
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            link.connect(self._path)
        except OSError:
            link.close()
            return False
        self._socket, self._input, self._output = link, b"", b""
        self._loop.watch(link.fileno(), loop.READABLE, self._ready)
        for folder in sorted(self._folders | set(self._drains)):
            self._ask("open", folder)
        for folder in sorted(self._drains):
            self._ask("drain", folder)
        return False  # all is asked already

    def _ask(self, verb: str, folder: str) -> None:
        self._output += json.dumps({"op": verb, "folder": folder}).encode() + b"\n"
        self._flush()

    def _flush(self) -> None:
        if self._socket is None:
            return
        try:
            self._output = self._output[self._socket.send(self._output) :]
        except BlockingIOError:
            pass
        except OSError:
            self._lost()
            return
        mask = loop.READABLE | (loop.WRITABLE if self._output else 0)
        self._loop.watch(self._socket.fileno(), mask, self._ready)

    def _ready(self, mask: int) -> None:
        if mask & loop.WRITABLE:
            self._flush()
        if self._socket is None or not mask & ~loop.WRITABLE:
            return
        try:
            data = self._socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lost()
            return
        *lines, self._input = (self._input + data).split(b"\n")
        for line in lines:
            self._answered(json.loads(line))

    def _answered(self, answer: dict[str, Any]) -> None:
        folder = answer.get("drained")
        if folder in self._drains:
            self._drains.pop(folder)()

    def _lost(self) -> None:
        if self._socket is not None:
            self._loop.unwatch(self._socket.fileno())
            self._socket.close()
            self._socket = None
        self._retry()

    def _retry(self) -> None:
        """Try again soon while anything waits; when no collector is to come, nobody need wait."""
        if self._socket is None and not self._wanted():
            waiting, self._drains = list(self._drains.values()), {}
            for done in waiting:
                done()
            return
        if self._socket is None and self._timer is None and (self._folders or self._drains):
            self._timer = self._loop.after(_AGAIN, self._tried)

    def _tried(self) -> None:
        self._timer = None
        self._connected()
        self._retry()
