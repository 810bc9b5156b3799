"""The terminal of a one-off: the init moves its bytes to a FIFO, so it outlives the supervisor."""

import contextlib
import ctypes
import fcntl
import os
import select
import struct
import termios
from types import TracebackType
from typing import Self

_SFD = os.O_NONBLOCK | os.O_CLOEXEC
_SIGINFO = 128
_MOST = 65536


def open_pair(size: tuple[int, int]) -> tuple[int, int]:
    """Master and slave of a new terminal of ``size`` rows and columns."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    return master, slave


class Pump:
    """
    Moves bytes while it waits for signals.

    A full FIFO stops the terminal, as a slow screen would; never us.
    """

    def __init__(self, master: int, fifo: int) -> None:
        self._master = master
        self._fifo = fifo
        self._pending = b""
        mask = ctypes.create_string_buffer(128)
        libc = ctypes.CDLL(None, use_errno=True)
        libc.sigfillset(mask)
        self._signals = libc.signalfd(-1, mask, _SFD)
        os.set_blocking(master, False)
        self._poll = select.poll()
        self._poll.register(self._signals, select.POLLIN)
        self._heard: set[int] = set()
        self._arm()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Everybody is gone: what they wrote last is still in the terminal."""
        while self._master >= 0 or self._pending:
            for fd, _ in self._poll.poll(5000) or [(-1, 0)]:
                if fd == -1:
                    return  # a FIFO that nobody empties for so long will not be emptied for us
                if fd != self._signals:
                    self._move()
                else:
                    os.read(self._signals, _SIGINFO)

    def wait(self, patience: float | None) -> int | None:
        """The next signal; None when ``patience`` seconds are over or bytes were moved."""
        timeout = None if patience is None else max(0.0, patience) * 1000
        for fd, _ in self._poll.poll(timeout):
            if fd == self._signals:
                info = os.read(self._signals, _SIGINFO)
                return int(struct.unpack_from("I", info)[0])
            self._move()
        return None

    def _move(self) -> None:
        if not self._pending and self._master >= 0:
            try:
                self._pending = os.read(self._master, _MOST)
            except BlockingIOError:
                return
            except OSError:  # EIO: no slave is open any more
                self._pending = b""
            if not self._pending:
                self._listen(self._master, 0)
                os.close(self._master)
                self._master = -1
                return
        with contextlib.suppress(BlockingIOError):
            self._pending = self._pending[os.write(self._fifo, self._pending) :]
        self._arm()

    def _arm(self) -> None:
        """Ask for room while bytes wait, for bytes otherwise; never both: a hang-up would spin."""
        if self._master >= 0:
            self._listen(self._master, 0 if self._pending else select.POLLIN)
        self._listen(self._fifo, select.POLLOUT if self._pending else 0)

    def _listen(self, fd: int, mask: int) -> None:
        if mask:
            self._poll.register(fd, mask)
        elif fd in self._heard:
            self._poll.unregister(fd)
        (self._heard.add if mask else self._heard.discard)(fd)
