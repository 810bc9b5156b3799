"""The collector's socket: newline-delimited JSON, answered in order except for drains."""

import json
import os
import socket
import struct
from contextlib import suppress

_REQUEST_MOST = 2 << 20
_READ = 1 << 16


class Client:
    """One connection. What it does not read waits in memory, bounded: growth is merged."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.watching = False
        self.grown: set[str] = set()
        """Streams that grew since the last message to a watcher."""
        self._received = b""
        self._unsent = bytearray()

    def requests(self) -> list[dict[str, object]] | None:
        """What has come in; None when the connection is over or speaks nonsense."""
        try:
            data = self.connection.recv(_READ)
        except BlockingIOError:
            return []
        except OSError:
            return None
        lines = (self._received + data).split(b"\n")
        self._received = lines.pop()
        if not data or len(self._received) > _REQUEST_MOST:
            return None
        try:
            found = [json.loads(line) for line in lines if line.strip()]
        except ValueError:
            return None
        return found if all(isinstance(one, dict) for one in found) else None

    def say(self, message: dict[str, object]) -> None:
        """Queue a message; ``send`` lets it go."""
        self._unsent += json.dumps(message).encode() + b"\n"

    @property
    def stuck(self) -> bool:
        """Whether earlier messages have not left yet."""
        return bool(self._unsent)

    def send(self) -> bool:
        """Send what is queued as far as it goes; False when the connection is over."""
        try:
            while self._unsent:
                del self._unsent[: self.connection.send(self._unsent)]
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True

    def close(self) -> None:
        """End the connection."""
        self.connection.close()


class Door:
    """The listening socket ``RUN/collector.sock``: for this user and root."""

    def __init__(self, run: str) -> None:
        self.path = run + "/collector.sock"
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # The lock on the home is ours, so a socket that lies here belongs to nobody.
        with suppress(FileNotFoundError):
            os.unlink(self.path)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o600)
        self.listener.setblocking(False)
        self.listener.listen(64)

    def accept(self) -> Client | None:
        """The next connection; None when it is not ours to answer, or already gone."""
        try:
            connection, _ = self.listener.accept()
        except OSError:
            return None
        size = struct.calcsize("3i")
        peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        if struct.unpack("3i", peer)[1] not in (0, os.geteuid()):
            connection.close()
            return None
        connection.setblocking(False)
        return Client(connection)

    def close(self) -> None:
        """Stop answering."""
        self.listener.close()
        with suppress(OSError):
            os.unlink(self.path)
