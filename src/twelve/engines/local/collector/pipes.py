"""How much a FIFO holds, and who may have a wide one."""

import fcntl
import os

WIDE = 1 << 20
_RATION = 16


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

    def floods(self, fifo: int, count: int) -> bool:
        """Whether ``count`` bytes taken at once mean that the pipe fills faster than it is read."""
        size = self._sizes[fifo]
        if count * 2 < size:
            return False
        if size < WIDE and len(self._widened) < _RATION:
            self._widen(fifo)
        return True

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
