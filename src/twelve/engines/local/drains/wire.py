"""A connection of syslog over TCP or TLS: what was sent counts when the other side has it."""

import contextlib
import fcntl
import socket
import ssl
import struct
import time

from twelve.factors.logs.drains.address import Address

CONNECT_SECONDS = 15.0
STALLED_SECONDS = 120.0
"""A receiver that takes nothing for that long is tried anew."""
_OUTQ = 0x5411
_BUFFER = 256 << 10
_FIRST_PAUSE, _LAST_PAUSE = 0.001, 0.05


class Wire:
    """To one receiver; opened when there is something to send."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._link: socket.socket | None = None
        self._former = b""
        """Sent before: a connection that is reset had perhaps not handed it on."""

    def send(self, messages: bytes) -> None:
        """Return when the receiver's machine has it. Raises OSError; then it is to be sent again.

        Syslog has no answers, so the acknowledgements of TCP are all there is.
        """
        if self._link is not None:
            self._look()
        again = b""
        if self._link is None:
            self._link = connect(self._address)
            again = self._former
        try:
            self._push(self._link, again + messages)
            self._until_taken(self._link)
        except OSError:
            self.close()
            raise
        self._former = messages

    def close(self) -> None:
        """End the connection."""
        if self._link is not None:
            with contextlib.suppress(OSError):
                self._link.close()
        self._link = None

    def _look(self) -> None:
        """Whether the receiver has left since the last call."""
        assert self._link is not None
        try:
            self._link.setblocking(False)
            gone = not self._link.recv(4096)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError:
            # Reset, not closed: bytes that it had not read are gone with it.
            self.close()
            return
        if gone:
            # It closed in order, so it has read what came before.
            self._former = b""
            self.close()

    def _push(self, link: socket.socket, data: bytes) -> None:
        link.settimeout(STALLED_SECONDS)
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[link.send(rest[:_BUFFER]) :]
            except TimeoutError:
                raise stalled() from None

    def _until_taken(self, link: socket.socket) -> None:
        pause, before, moved = _FIRST_PAUSE, -1, time.monotonic()
        while left := waiting(link):
            now = time.monotonic()
            if left != before:
                before, moved = left, now
            if now - moved > STALLED_SECONDS:
                raise stalled()
            time.sleep(pause)
            pause = min(pause * 2, _LAST_PAUSE)


def connect(address: Address) -> socket.socket:
    """A connection, encrypted where the address says so. Raises OSError."""
    link = socket.create_connection((address.host, address.port), CONNECT_SECONDS)
    try:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)
        # What waits here is what a stalled receiver makes us remember.
        link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        if address.encrypted:
            context = ssl.create_default_context()
            return context.wrap_socket(link, server_hostname=address.host)
    except BaseException:
        link.close()
        raise
    return link


def waiting(link: socket.socket) -> int:
    """Bytes that the other side has not acknowledged. Raises OSError when it has gone."""
    error = link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, "the connection was lost")
    count: int = struct.unpack("i", fcntl.ioctl(link.fileno(), _OUTQ, b"\0\0\0\0"))[0]
    return count


def stalled() -> OSError:
    """For a receiver that takes nothing any more."""
    return TimeoutError(f"took nothing for {STALLED_SECONDS:g} s")
