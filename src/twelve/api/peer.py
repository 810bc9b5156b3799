"""Who is at the other end: on the unix socket, the user whom the kernel vouches for."""

import asyncio
import pwd
import socket
import struct
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

UCRED = struct.Struct("3i")


def peer_name(transport: asyncio.BaseTransport) -> str | None:
    """The name of the user at the other end of a unix socket, or nothing for other sockets."""
    sock = transport.get_extra_info("socket")
    if sock is None or sock.family != socket.AF_UNIX:
        return None
    _, uid, _ = UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, UCRED.size))
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's own, with the peer's name as the client."""

    def connection_made(self, transport: Any) -> None:
        """Ask the kernel once a connection."""
        super().connection_made(transport)
        if name := peer_name(transport):
            self.client = (name, 0)


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's own, with the peer's name as the client."""

    def connection_made(self, transport: Any) -> None:
        """Ask the kernel once a connection."""
        super().connection_made(transport)
        if name := peer_name(transport):
            self.client = (name, 0)
