"""Envoy's admin interface: HTTP on a unix socket, one question a connection."""

import asyncio
import re
import socket
import struct
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from twelve.errors import Unreachable

LONGEST = 64 * 1024 * 1024
"""Bytes of an answer: statistics of a thousand apps are 12 MiB."""


_CREDENTIALS = struct.Struct("iII")


class Answer(NamedTuple):
    """What the admin interface said, and which life of Envoy: another one after each death."""

    status: int
    body: bytes
    life: str = ""


class Said(NamedTuple):
    """Statistics by name, and which life of Envoy has counted them."""

    stats: dict[str, str]
    life: str


class Admin(NamedTuple):
    """The admin socket of a running Envoy. Every call raises Unreachable when it does not answer.

    ``timeout`` in seconds, for a whole question.
    """

    socket: str
    timeout: float = 5.0

    async def ask(self, path: str, method: str = "GET") -> Answer:
        """Ask for a path, e.g. ``/ready``."""
        try:
            async with asyncio.timeout(self.timeout):
                return await _ask(self.socket, path, method)
        except (OSError, TimeoutError, EOFError, ValueError, IndexError) as error:
            raise Unreachable(
                f"the router does not answer on {self.socket}: {str(error) or 'no answer in time'}",
                hint="twelve logs of the platform's router say why; twelve doctor checks its parts",
            ) from error

    async def stats(self, *prefixes: str, kind: str = "All") -> dict[str, str]:
        """Statistics whose name begins with one of the prefixes.

        ``kind``: All, Counters, Gauges, Histograms or TextReadouts; Envoy looks at each of a kind.
        """
        pattern = "^(" + "|".join(re.escape(prefix) for prefix in prefixes) + ")"
        return (await self.said(pattern, kind=kind)).stats

    async def said(self, pattern: str, *, kind: str = "All") -> Said:
        """Statistics whose name the pattern finds, with the life that has counted them."""
        answer = await self.ask(f"/stats?type={kind}&filter={quote(pattern, safe='')}")
        pairs = (line.partition(": ") for line in answer.body.decode().splitlines())
        return Said({name: value.strip('"') for name, _, value in pairs}, answer.life)


async def _ask(path_of_socket: str, path: str, method: str) -> Answer:
    reader, writer = await asyncio.open_unix_connection(path_of_socket, limit=LONGEST)
    try:
        life = _life(writer)
        writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n".encode()
        )
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if b"transfer-encoding: chunked" in head:
            body = await _chunks(reader)
        else:
            body = await reader.read()
        return Answer(int(head.split(maxsplit=2)[1]), body, life)
    finally:
        writer.close()


def _life(writer: asyncio.StreamWriter) -> str:
    """Pid and start of the process at the other end, which no two lives have in common."""
    raw = writer.get_extra_info("socket").getsockopt(
        socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size
    )
    pid = _CREDENTIALS.unpack(raw)[0]
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return f"{pid}.{fields[19]}"


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int(await reader.readuntil(b"\r\n"), 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    return b"".join(parts)
