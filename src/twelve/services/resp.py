"""A client of Valkey's protocol, just enough for its administrator: ask and read, in turn."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from twelve.errors import TwelveError, Unreachable


class Failure(NamedTuple):
    """The server said no; ``message`` is its own sentence."""

    message: str


Reply = str | int | None | Failure | list["Reply"]


class Client(NamedTuple):
    """One connection. Not for two tasks at once."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def __call__(self, *words: str) -> Reply:
        """The reply to one command. Raises Unreachable when the connection ends."""
        encoded = [word.encode() for word in words]
        parts = [b"*%d\r\n" % len(encoded), *(b"$%d\r\n%b\r\n" % (len(w), w) for w in encoded)]
        try:
            self.writer.write(b"".join(parts))
            await self.writer.drain()
            return await self._reply()
        except (OSError, asyncio.IncompleteReadError):
            raise Unreachable("redis: the server closed the connection") from None

    async def sure(self, *words: str) -> Reply:
        """The same, but a refusal raises TwelveError with the command's name, not its words."""
        reply = await self(*words)
        if isinstance(reply, Failure):
            raise TwelveError(f"redis: {words[0]}: {reply.message}")
        return reply

    async def _reply(self) -> Reply:
        line = (await self.reader.readuntil(b"\r\n"))[:-2]
        mark, rest = line[:1], line[1:].decode(errors="replace")
        if mark == b"+":
            return rest
        if mark == b"-":
            return Failure(rest)
        if mark == b":":
            return int(rest)
        if mark == b"$" and rest != "-1":
            return (await self.reader.readexactly(int(rest) + 2))[:-2].decode(errors="replace")
        if mark == b"*" and rest != "-1":
            return [await self._reply() for _ in range(int(rest))]
        return None


Link = Coroutine[Any, Any, tuple[asyncio.StreamReader, asyncio.StreamWriter]]
"""What opens a connection."""


@asynccontextmanager
async def connected(
    link: str | Link, user: str, password: str, seconds: float = 5.0
) -> AsyncIterator[Client]:
    """A connection to a unix socket, or one that is opened otherwise; logged in.

    Without a password nobody logs in. Raises Unreachable when nobody answers within ``seconds`` or
    the data is still being loaded.
    """
    try:
        async with asyncio.timeout(seconds):
            opening = asyncio.open_unix_connection(link) if isinstance(link, str) else link
            client = Client(*await opening)
    except (OSError, TimeoutError):
        raise Unreachable("redis: the server does not answer") from None
    try:
        async with asyncio.timeout(seconds):
            who = ("AUTH", user, password) if user else ("AUTH", password)
            for words in (who, ("PING",)) if password else (("PING",),):
                reply = await client(*words)
                if isinstance(reply, Failure):
                    raise Unreachable(f"redis: {reply.message}")
        yield client
    except TimeoutError:
        raise Unreachable("redis: the server does not answer") from None
    finally:
        client.writer.close()
