"""
The words on the supervisor's socket: a length, then JSON.

File descriptors ride with a frame's first byte.
"""

import json
import struct
from typing import Any

VERSION = 1
SOCKET = "supervisor.sock"

_LENGTH = struct.Struct(">I")
LIMIT = 32 * 1024 * 1024
"""The largest frame in bytes; a launch holds one environment, and execve takes far less."""


def encode(message: dict[str, Any]) -> bytes:
    """One frame."""
    body = json.dumps(message, separators=(",", ":")).encode()
    return _LENGTH.pack(len(body)) + body


class Decoder:
    """Collects bytes as they come and gives whole messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """
        The messages that ``data`` completes.

        Raises ValueError for a frame that is too long or no JSON object.
        """
        self._buffer += data
        messages = []
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > LIMIT:
                raise ValueError(f"a frame of {length} bytes, at most {LIMIT} are taken")
            if len(self._buffer) < _LENGTH.size + length:
                break
            message = json.loads(self._buffer[_LENGTH.size : _LENGTH.size + length])
            del self._buffer[: _LENGTH.size + length]
            if not isinstance(message, dict):
                raise ValueError("a frame that is no JSON object")  # noqa: TRY004 - bad bytes
            messages.append(message)
        return messages
