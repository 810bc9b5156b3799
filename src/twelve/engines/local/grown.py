"""What grew, for a thread: a watch connection to the collector, made anew when it breaks."""

import os
import select
import socket
from contextlib import suppress

from twelve.engines.local.growth import ANYTHING, Gathered, Growth, heard

FIRST_KNOCK, LAST_KNOCK = 0.001, 0.1
"""Seconds between attempts to reach the collector: it may be about to start, or be gone."""


class Grown:
    """Waits for what grew of the streams whose folder begins with ``prefix``."""

    def __init__(self, run: str, prefix: str) -> None:
        self._path = f"{run}/collector.sock"
        self._gathered = Gathered(prefix)
        self._link: socket.socket | None = None
        self._rest = b""
        self._pause = FIRST_KNOCK
        self._bell, self._ring = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def interrupt(self) -> None:
        """Whoever waits, now or next, waits no longer; from another thread."""
        if self._ring >= 0:
            os.write(self._ring, b".")

    def wait(self, seconds: float) -> Growth | None:
        """What grew; anything might have when the time is over; None when nothing of ours did."""
        if self._link is None and not self._connect():
            self._ready(self._bell, self._pause)
            self._pause = min(self._pause * 1.5, LAST_KNOCK)
            return None
        assert self._link is not None
        if not self._ready(self._link.fileno(), seconds):
            return ANYTHING
        try:
            data = self._link.recv(1 << 20, socket.MSG_DONTWAIT)
            return self._heard(data)
        except BlockingIOError:  # it is the bell that rang
            return None
        except (OSError, ValueError, KeyError):
            self._part()
            return ANYTHING

    def close(self) -> None:
        """End the connection."""
        self._part()
        bell, ring, self._bell, self._ring = self._bell, self._ring, -1, -1
        for fd in (bell, ring):
            os.close(fd)

    def _connect(self) -> bool:
        link = socket.socket(socket.AF_UNIX)
        try:
            link.connect(self._path)
            link.sendall(b'{"op":"watch"}\n')
        except OSError:
            link.close()
            return False
        self._link, self._rest, self._pause = link, b"", FIRST_KNOCK
        return True

    def _heard(self, data: bytes) -> Growth | None:
        if not data:
            raise ConnectionResetError("the collector went away")
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._gathered.add(heard(line))
        return self._gathered.take() if self._gathered else None

    def _ready(self, descriptor: int, seconds: float) -> bool:
        """Until there is something to read there, or the bell rings; False when time is over."""
        poll = select.poll()
        for fd in {descriptor, self._bell}:
            poll.register(fd, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def _part(self) -> None:
        if self._link is not None:
            with suppress(OSError):
                self._link.close()
            self._link = None
