"""The router's counters, as they go on over its lives and over those of control."""

import asyncio
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from twelve.engines.contract import AtWork
from twelve.engines.local.router.accounts import Accounts
from twelve.engines.local.router.admin import Admin
from twelve.engines.local.router.files import Place, read
from twelve.errors import Unreachable

SAVE_EVERY = 5.0
"""Seconds: only what came in them is forgotten when control and router die at once."""

_ADDED = frozenset(("total", "completed", "5xx", "retry"))
_UNDER_WAY = frozenset(("active", "pending_active"))
_STATS = "|".join(sorted(_ADDED | _UNDER_WAY))
_HOST = {"rq_success": "success", "rq_error": "error"}


class Totals(NamedTuple):
    """What clusters have answered since they were made, whichever life of the router did it.

    ``requests`` counts those sent, ``failures_5xx`` answers 500-599, whether the app gave them or
    the router for it; ``answers`` all answers; ``retries`` requests sent again.
    """

    requests: int
    answers: int
    failures_5xx: int
    retries: int
    active: int


class Counters:
    """The one place that reads Envoy's counters: everybody else is told what they come to."""

    def __init__(self, place: Place, clock: Callable[[], float] = time.monotonic) -> None:
        self.path = Path(place.config) / "counts.json"
        self.place = place
        self.clock = clock
        self._clusters: Accounts | None = None
        self._hosts = Accounts()
        self._saved = (0.0, "")
        self._written = (0, 0)
        self.turn = asyncio.Lock()
        """Whose it is, nobody else asks: Envoy's next life is told what came after the last time
        that anybody asked, so that must have been taken in."""

    @property
    def clusters(self) -> Accounts:
        """Of each cluster; what a former control has written down is where they begin."""
        if self._clusters is None:
            kept = read(self.path)[1]
            try:
                self._clusters = Accounts(kept.get("clusters"))
                self._hosts = Accounts(kept.get("hosts"))
            except (AttributeError, TypeError, ValueError):
                self._clusters = Accounts()
        return self._clusters

    async def look(self, admin: Admin, prefix: str = "") -> int:
        """Ask about the clusters that begin so; requests under way in them.

        Raises Unreachable.
        """
        async with self.turn:
            return await self.ask(admin, prefix)

    async def ask(self, admin: Admin, prefix: str = "") -> int:
        """The same for whoever has the turn."""
        accounts = self.clusters
        # Longer names say the same again, apart for clients on this machine and others.
        pattern = rf"^cluster\.{re.escape(prefix)}[^.]*\.upstream_rq_({_STATS})$"
        answer = await admin.said(pattern)
        counts: dict[str, dict[str, int]] = {}
        under_way = 0
        for name, value in answer.stats.items():
            _, cluster, stat = name.split(".")
            # One text for all clusters, of which there are new ones with each release.
            stat = sys.intern(stat.removeprefix("upstream_rq_"))
            if stat in _ADDED:
                counts.setdefault(cluster, {})[stat] = int(value)
            else:
                under_way += int(value)
        accounts.take(answer.life, counts)
        self.save()
        return under_way

    def know(self, clusters: Iterable[str]) -> bool:
        """Whether one of these has been there before."""
        return any(cluster in self.clusters.counts for cluster in clusters)

    async def totals(self, admin: Admin, prefix: str) -> Totals:
        """Of all clusters that begin so; what is known where the router does not answer."""
        try:
            active = await self.look(admin, prefix)
        except Unreachable:
            active = 0
        counts = self.clusters.totals(prefix)
        return Totals(counts["total"], counts["completed"], counts["5xx"], counts["retry"], active)

    async def at_work(self, admin: Admin) -> dict[int, AtWork]:
        """Of each port: requests in flight, and answers so far. Raises Unreachable."""
        answer = await admin.ask("/clusters?format=json")
        active, counts = Counter[int](), dict[str, dict[str, int]]()
        for cluster in json.loads(answer.body).get("cluster_statuses", ()):
            for host in cluster.get("host_statuses", ()):
                port = host["address"]["socket_address"]["port_value"]
                stats = {each["name"]: int(each.get("value", 0)) for each in host.get("stats", ())}
                active[port] += stats.get("rq_active", 0)
                counts[f"{port} {cluster['name']}"] = {
                    name: stats.get(stat, 0) for stat, name in _HOST.items()
                }
        known = self.clusters and self._hosts
        known.take(answer.life, counts)
        self.save()
        found = {}
        for port, under_way in active.items():
            own = known.totals(f"{port} ")
            found[port] = AtWork(under_way, own["success"] + own["error"], own["error"])
        return found

    def save(self, *, now: bool = False) -> None:
        """Write them down for the next control; without ``now`` once in a while."""
        clusters = self.clusters
        at, life = self._saved
        if not now and life == clusters.life and self.clock() < at + SAVE_EVERY:
            return
        self._saved = self.clock(), clusters.life
        changes = clusters.changes, self._hosts.changes
        if changes == self._written or not self.path.parent.is_dir():
            return
        plain = {"clusters": clusters.to_plain(), "hosts": self._hosts.to_plain()}
        self.place.write(self.path, json.dumps(plain, separators=(",", ":")))
        self._written = changes
