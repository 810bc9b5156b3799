"""A new file for Envoy, and Envoy's answer to it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from twelve.engines.local.router.admin import Admin
from twelve.engines.local.router.files import Place
from twelve.engines.local.router.resources import version_of
from twelve.errors import Unreachable

ACK_WITHIN = 15.0
"""Seconds in which Envoy takes a file, a restart of it in between included."""

_PREFIXES = {"cds.json": "cluster_manager.cds.", "rds.json": "http.public.rds.main."}
_PATIENCE = 0.02
_REFUSALS = ("update_rejected", "update_failure")


class Delivery(NamedTuple):
    """One of the watched files, and the Envoy that watches it."""

    place: Place
    admin: Admin
    path: Path
    clock: Callable[[], float]

    async def replace(self, document: str) -> bool:
        """Write the file and wait for the acknowledgement; False when Envoy refuses it.

        The former file is then back. Raises Unreachable when Envoy does not answer in time.
        """
        former = self.path.read_text() if self.path.exists() else ""
        before = await self._counts_or_nought()
        if former != document:
            self.place.write(self.path, document)
        if await self._acknowledged(version_of(document), before):
            return True
        if version_of(former) and former != document:
            before = await self._counts_or_nought()
            self.place.write(self.path, former)
            await self._acknowledged(version_of(former), before)
        return False

    async def _counts(self) -> dict[str, str]:
        prefix = _PREFIXES[self.path.name]
        stats = await self.admin.stats(prefix)
        return {name.removeprefix(prefix): value for name, value in stats.items()}

    async def _version(self) -> str:
        name = _PREFIXES[self.path.name] + "version_text"
        return (await self.admin.stats(name, kind="TextReadouts")).get(name, "")

    async def _counts_or_nought(self) -> dict[str, str]:
        try:
            return await self._counts()
        except Unreachable:
            # It is being restarted: it will read the new file, and count from nought.
            return {}

    async def _acknowledged(self, version: str, before: dict[str, str]) -> bool:
        """True when Envoy holds the version, False when it has refused it."""
        end = self.clock() + ACK_WITHIN
        pause = 0.002
        while True:
            try:
                # Texts are few and quick to ask for; counters are there for every cluster.
                if await self._version() == version:
                    return True
                now = await self._counts() if pause > _PATIENCE else before
            except Unreachable:
                # It was killed meanwhile: the next life reads the same files and counts anew.
                if self.clock() >= end:
                    raise
                now = before = {}
            if _number(now, "update_attempt") < _number(before, "update_attempt"):
                before = {}
            if any(_number(now, name) > _number(before, name) for name in _REFUSALS):
                return False
            if self.clock() >= end:
                raise Unreachable(f"the router did not take {self.path.name} in {ACK_WITHIN:g} s")
            await asyncio.sleep(pause)
            pause = min(pause * 1.3, 0.05)


def _number(counts: dict[str, str], name: str) -> int:
    return int(counts.get(name, "0"))
