"""How much a FIFO holds, and who may have a wide one."""

import fcntl
import os
import sys
import termios

WIDE = 1 << 20
_RATION = 16
_NONE = b"\0\0\0\0"


class Widths:
    """Wide pipes for everybody when root asks; else only for a few floods.

    Pipes are rationed per user: past pipe-user-pages-soft every further one shrinks to two pages.
    """

    def __init__(self, *, unlimited: bool) -> None:
        self._unlimited = unlimited
        self._sizes: dict[int, int] = {}
        self._widened: set[int] = set()

    def opened(self, fifo: int) -> None:
        """A new stream: wide at once when that costs nobody else anything."""
        self._sizes[fifo] = fcntl.fcntl(fifo, fcntl.F_GETPIPE_SZ)
        if self._unlimited:
            self._widen(fifo)

    def fullness(self, fifo: int, held: int) -> float:
        """What part of the pipe so many bytes are; wide from now on, if that means a flood."""
        size = self._sizes[fifo]
        if held * 2 >= size and size < WIDE and len(self._widened) < _RATION:
            self._widen(fifo)
        return held / size

    def closed(self, fifo: int) -> None:
        """Give a ration back."""
        self._sizes.pop(fifo, None)
        self._widened.discard(fifo)

    def _widen(self, fifo: int) -> None:
        self._widened.add(fifo)
        try:
            self._sizes[fifo] = fcntl.fcntl(fifo, fcntl.F_SETPIPE_SZ, WIDE)
        except OSError:
            return


def open_fifo(path: str) -> int:
    """The read end, non-blocking. Raises OSError."""
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)


def waiting(fifo: int) -> int:
    """How many bytes there are to take."""
    return int.from_bytes(fcntl.ioctl(fifo, termios.FIONREAD, _NONE), sys.byteorder)
