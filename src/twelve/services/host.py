"""The host: which embedded servers this home has, started on demand and kept running."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twelve.errors import Missing, NotFound
from twelve.factors.resources.url import parse
from twelve.services.contract import Account, Place, Run, Server, wait_ready
from twelve.services.files import new_password

START_SECONDS = 60.0
"""A first start makes a cluster, on a disk that may be slow."""


@dataclass
class Host:
    """One server a kind and home."""

    folder: Path
    """``services`` of the home."""
    sockets: Path
    servers: Mapping[str, Server]
    account_of: Callable[[str], Account]
    port_of: Callable[[str], int]
    """A port leased to the server of a kind, the same for its life."""
    start: Callable[[dict[str, Any]], Awaitable[None]]
    """Starts a launch, or leaves one that runs alone."""
    run: Run
    locks: dict[str, asyncio.Lock] = field(default_factory=dict)
    up: set[str] = field(default_factory=set)

    def kinds(self) -> set[str]:
        """The kinds whose server has been made in this home."""
        return {kind for kind in self.servers if (self.folder / kind).is_dir()}

    async def ensure(self, kinds: set[str]) -> None:
        """See to it that the servers of these kinds run and answer.

        Raises NotFound for a kind that Twelve does not bring, Missing without its program,
        Unreachable when it does not answer in time.
        """
        await asyncio.gather(*(self.ensure_one(kind) for kind in kinds))

    async def ensure_one(self, kind: str) -> tuple[Server, Place]:
        """One server, running, and where it lives."""
        server = self.servers.get(kind)
        if server is None:
            raise NotFound(
                f"Twelve brings no server of kind {kind!r}",
                hint=f"it brings {', '.join(sorted(self.servers))}; attach any other by its URL",
            )
        place = Place(
            str(self.folder / kind),
            str(self.sockets / kind),
            self.port_of(kind),
            self.account_of(kind),
        )
        async with self.locks.setdefault(kind, asyncio.Lock()):
            if kind not in self.up or not await server.ready(place):
                await server.prepare(place, self.run)
                await self.start(server.launch(place))
                await wait_ready(server, place, START_SECONDS)
                self.up.add(kind)
        return server, place

    async def take_over(self) -> None:
        """After a new supervisor adopted the servers: have it keep them running again."""
        self.up.clear()
        await self.ensure(self.kinds())

    async def create(self, kind: str, name: str) -> str:
        """A part of the server for one resource; its URL, a secret."""
        server, place = await self.ensure_one(kind)
        return await server.create(place, name, new_password())

    async def destroy(self, kind: str, name: str) -> None:
        """Remove that part and its data."""
        server, place = await self.ensure_one(kind)
        await server.destroy(place, name)

    async def version(self, kind: str, url: str) -> str:
        """Name and version of the server of a kind at a URL, one of ours or not.

        Raises NotFound for a kind whose language Twelve does not speak, Unreachable without answer.
        """
        if kind not in self.servers:
            raise NotFound(f"Twelve cannot ask a server of kind {kind!r}")
        return await self.servers[kind].version_at(parse(url))

    async def examine(self) -> dict[str, dict[str, str]]:
        """Each kind: its program's version, and whether its server is up in this home."""
        found = {}
        for kind, server in self.servers.items():
            try:
                version = await server.version()
            except Missing as error:
                version = error.message
            found[kind] = {"version": version, "state": "up" if kind in self.up else "not started"}
        return found
