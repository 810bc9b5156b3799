"""The standard input of an attached one-off: written to without ever blocking control."""

import asyncio
import contextlib
import fcntl
import os
import struct
import termios

AT_ONCE = 65536
"""Bytes of one write."""

WAITING = 64
"""Frames that may wait for a run that does not read."""


class Input:
    """A descriptor of ours: closed once, and never touched after that, for its number lives on."""

    def __init__(self, descriptor: int | None) -> None:
        self.descriptor = descriptor
        self.frames: asyncio.Queue[bytes | None] = asyncio.Queue(WAITING)
        if descriptor is not None:
            os.set_blocking(descriptor, False)

    async def put(self, data: bytes | None) -> None:
        """Have it written in its turn; None is the end."""
        await self.frames.put(data)

    async def write_all(self) -> None:
        """Write what is put until the end; what a run does not want any more is dropped."""
        while (data := await self.frames.get()) is not None:
            try:
                await self._write(data)
            except OSError:
                self.close()
        self.close()

    async def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view and self.descriptor is not None:
            try:
                view = view[os.write(self.descriptor, view[:AT_ONCE]) :]
            except BlockingIOError:
                await writable(self.descriptor)

    def resize(self, rows: int, columns: int) -> None:
        """Tell a terminal its size. Raises OSError where there is none."""
        if self.descriptor is not None:
            packed = struct.pack("HHHH", rows, columns, 0, 0)
            fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, packed)

    def close(self) -> None:
        """The end of input, however often it is said."""
        if self.descriptor is not None:
            descriptor, self.descriptor = self.descriptor, None
            with contextlib.suppress(OSError):
                os.close(descriptor)


async def writable(descriptor: int) -> None:
    """Wait until there is room."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_writer(descriptor, lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_writer(descriptor)
