"""Asking a process whether it answers."""

import asyncio
from collections.abc import Mapping

from twelve.factors.ports.readiness import ROUTED, Reply


async def probe(
    port: int, *, path: str = "/", host: str, proto: str = "http", within: float = 5.0
) -> Reply:
    """Ask 127.0.0.1:``port`` for a path as the router would, at most ``within`` seconds."""
    question = (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: twelve-probe\r\nAccept: */*\r\n"
        f"X-Forwarded-Proto: {proto}\r\nX-Forwarded-Host: {host}\r\nX-Forwarded-For: {ROUTED}\r\n"
        "Connection: close\r\n\r\n"
    )
    try:
        async with asyncio.timeout(within):
            return await _ask(port, question.encode("latin-1"))
    except TimeoutError:
        return Reply(None, f"no answer to GET {path} within {within:g} s")
    except ConnectionRefusedError:
        return Reply(None, f"nothing accepts connections on {ROUTED}:{port}")
    except (OSError, EOFError, ValueError):
        return Reply(None, f"the connection was closed without an answer to GET {path}")


async def unresolved(hosts: Mapping[str, str]) -> tuple[str, ...]:
    """A sentence for each name that the machine itself leads elsewhere, or nowhere.

    For tiers in which a process sees the machine's own /etc/hosts.
    """
    said = []
    for name, address in hosts.items():
        try:
            found = await asyncio.get_running_loop().getaddrinfo(name, 80)
        except OSError:
            found = []
        if address not in {entry[4][0] for entry in found}:
            said.append(f"{name} must lead to {address}: add it to this machine's /etc/hosts")
    return tuple(said)


async def _ask(port: int, question: bytes) -> Reply:
    reader, writer = await asyncio.open_connection(ROUTED, port)
    try:
        writer.write(question)
        while True:
            line = await reader.readline()
            if not line:
                raise EOFError
            words = line.split()
            if not line.startswith(b"HTTP/") or len(words) < 2 or not words[1].isdigit():
                return Reply(None, f"the answer on port {port} is not HTTP: {line[:60]!r}")
            if int(words[1]) >= 200:
                return Reply(int(words[1]))
            # 100 and 103 come before the answer itself.
            await reader.readuntil(b"\r\n\r\n")
    finally:
        writer.close()
