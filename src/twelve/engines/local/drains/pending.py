"""What a drain has still to look at, and the one connection that learns it from the collector."""

import socket
import threading
from contextlib import suppress

from twelve.engines.local.growth import ANYTHING, Gathered, Growth, heard

_RETRY_SECONDS = 0.2


class Pending:
    """What one drain has still to look at."""

    def __init__(self, prefix: str) -> None:
        self._gathered = Gathered(prefix)
        self._woken = threading.Condition()

    def tell(self, growth: Growth) -> None:
        """Note what grew."""
        with self._woken:
            self._gathered.add(growth)
            if self._gathered:
                self._woken.notify()

    def wait(self, seconds: float) -> Growth:
        """What grew since the last call; after ``seconds`` without a word: anything might have."""
        with self._woken:
            if not self._gathered:
                self._woken.wait(seconds)
            return self._gathered.take() if self._gathered else ANYTHING


def listen(run: str, everyone: list[Pending], stopping: threading.Event) -> None:
    """Tell them what grows, until ``stopping`` is set; a collector that is away is waited for."""
    while not stopping.is_set():
        with suppress(OSError, ValueError, KeyError):
            _hear(run, everyone, stopping)
        tell(everyone, ANYTHING)
        stopping.wait(_RETRY_SECONDS)
    tell(everyone, ANYTHING)


def tell(everyone: list[Pending], growth: Growth) -> None:
    """The same to each."""
    for pending in everyone:
        pending.tell(growth)


def _hear(run: str, everyone: list[Pending], stopping: threading.Event) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.connect(f"{run}/collector.sock")
        link.sendall(b'{"op":"watch"}\n')
        link.settimeout(_RETRY_SECONDS)
        begun = b""
        while not stopping.is_set():
            try:
                data = link.recv(1 << 18)
            except TimeoutError:
                continue
            if not data:
                return
            *lines, begun = (begun + data).split(b"\n")
            for line in lines:
                tell(everyone, heard(line))
