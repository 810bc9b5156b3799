"""The driver of Envoy: its start, its table, its counters."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from twelve.engines.contract import AtWork
from twelve.engines.local.router import resources
from twelve.engines.local.router.admin import Admin
from twelve.engines.local.router.counters import Counters, Totals
from twelve.engines.local.router.delivery import Delivery
from twelve.engines.local.router.files import Place, read
from twelve.engines.local.router.launch import Options, launch_of, name_of, texts
from twelve.engines.local.router.listener import Files
from twelve.engines.local.router.reason import why_refused
from twelve.errors import Conflict, TwelveError, Unreachable
from twelve.factors.ports.routes import Backend, Table, checked, used_clusters

Start = Callable[[dict[str, Any]], Awaitable[object]]

EMPTY = Table((), ())
LEAVE = "SIGUSR1"
"""Envoy ignores it: a life that was taken over from is not kept running, and ends by itself."""
QUIET_POLLS = 3
"""Workers hear of a new table a moment after its acknowledgement: one nought proves little."""

COUNT_EVERY, COUNT_SELDOM = 1.0, 5.0
COUNT_SHARE = 20
"""Seconds between two looks at the counters, while something and while nothing comes; and how
often the time that a look takes."""

_FIRST_POLL, _LAST_POLL = 0.002, 0.25


class Router:
    """One Envoy: ``launch`` says how to start it, the rest speaks with the running one."""

    def __init__(
        self,
        place: Place,
        options: Options | None = None,
        *,
        epoch: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.place = place
        self.options = options or Options()
        self.clock = clock
        self.epoch = epoch
        self._applied: tuple[Backend, ...] | None = None
        self._lock = asyncio.Lock()
        self.counters = Counters(place, clock)

    @property
    def admin(self) -> Admin:
        """The admin interface of the present life."""
        return Admin(self.place.files(self.epoch).admin)

    @property
    def name(self) -> str:
        """The name of the present life."""
        return name_of(self.epoch)

    @property
    def leaving(self) -> float:
        """Seconds after which a life that was taken over from is gone in any case."""
        return 2.0 * self.options.handover

    def next_life(self) -> "Router":
        """The router that takes over from this one: see ``hand_over``."""
        return Router(self.place, self.options, epoch=self.epoch + 1, clock=self.clock)

    def words(self) -> dict[str, Any]:
        """How the supervisor starts the present life; nothing is written. Raises Missing."""
        return launch_of(self.place, self.options, self.epoch)

    def launch(self, table: Table | None = None) -> dict[str, Any]:
        """How the supervisor starts Envoy; its files are written here.

        ``table`` is what it begins with; without it the last one stays, and nothing at the first
        start. For a router that is not running: ``apply`` changes one that is. Raises Missing.
        """
        self.place.make()
        self._applied = None
        for own, text in texts(self.place, self.options, self.epoch).items():
            self._write(own, text)
        for path, document in self._documents(checked(table or EMPTY)).items():
            if table is not None or not read(path)[0]:
                self._write(path, document)
        return self.words()

    async def hand_over(self, start: Start, within: float = 30.0) -> str:
        """Become the next life, which takes over without losing a connection; the old one's name.

        ``start`` starts a launch. Stop the old name then with ``LEAVE`` and a grace of ``leaving``:
        Envoy ignores the signal, and ends by itself when ``handover`` and half of it are over.
        Raises what ``start`` and ``ready`` raise; the present life stays the present one then.
        """
        async with self._lock, self.counters.turn:
            # The next life asks its parent for all that is counted after the last look.
            with contextlib.suppress(Unreachable):
                await self.counters.ask(self.admin)
            old, following = self.name, self.next_life()
            await start(following.launch())
            await following.ready(within)
            self.epoch, self._applied = following.epoch, None
            return old

    async def ready(self, within: float = 10.0) -> None:
        """Wait until Envoy serves on its port, at most ``within`` seconds.

        Raises Conflict when the port is taken, Unreachable when the time is over.
        """
        end = self.clock() + within
        pause = _FIRST_POLL
        while True:
            try:
                if (await self.admin.ask("/ready")).status == 200 and await self._listening():
                    return
            except Unreachable:
                if self.clock() >= end:
                    raise
            if self.clock() >= end:
                raise Unreachable(f"the router is not ready after {within:g} s")
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.05)

    async def apply(self, table: Table) -> None:
        """Make the table true and return when Envoy has acknowledged it.

        Clusters come first, those that the present routes use stay; then the routes. What no route
        uses and ``table`` does not hold goes with the next apply. Raises Invalid or Conflict for a
        table that is not whole, TwelveError with Envoy's reason when it refuses (the former file is
        put back), Unreachable when it does not answer.
        """
        checked(table)
        async with self._lock:
            files = self.place.files(self.epoch)
            kept = self._still_in_use(files) if self._applied is None else self._applied
            names = {backend.cluster for backend in table.backends}
            kept = tuple(backend for backend in kept if backend.cluster not in names)
            # Until all of it is in force, the next apply looks at the files.
            self._applied = None
            documents = self._documents(table._replace(backends=table.backends + kept))
            before = {each.cluster for each in resources.backends_of(read(files.cds)[1])}
            after = names | {each.cluster for each in kept}
            if before - after:
                # With a cluster its counters go.
                await self._look()
            for path, document in documents.items():
                delivery = Delivery(self.place, self.admin, Path(path), self.clock)
                if not await delivery.replace(document):
                    reason = await why_refused(self.place.program(self.options.program), document)
                    raise TwelveError(
                        f"the router refused its new {Path(path).name}: {reason}",
                        hint="the former table is in force",
                    )
            used = used_clusters(table)
            self._applied = tuple(b for b in table.backends if b.cluster in used)
            if self.counters.know(after - before):
                # One that comes back counts from nought, and is not to be taken for the former.
                await self._look()

    async def active(self, cluster: str) -> int:
        """Requests in flight to a cluster, WebSockets and streams included. Raises Unreachable."""
        return await self.counters.look(self.admin, cluster)

    async def drained(self, cluster: str, deadline: float) -> bool:
        """Wait until no request is in flight to a cluster; False after ``deadline`` seconds.

        For a cluster that no route uses any more. Nothing is cut: who stops the process does that.
        """
        end = self.clock() + deadline
        quiet, pause = 0, 0.02
        while True:
            try:
                quiet = quiet + 1 if await self.active(cluster) == 0 else 0
            except Unreachable:
                quiet = 0
            if quiet >= QUIET_POLLS:
                return True
            left = end - self.clock()
            if left <= 0:
                return False
            pause = 0.02 if quiet else min(pause * 1.2, _LAST_POLL)
            await asyncio.sleep(min(pause, left))

    async def totals(self, cluster: str) -> Totals:
        """The counters of all clusters whose names begin so; nought where there are none."""
        return await self.counters.totals(self.admin, cluster)

    async def at_work(self) -> dict[int, AtWork]:
        """Of each port: requests in flight, and answers so far."""
        return await self.counters.at_work(self.admin)

    async def keep_counting(self) -> None:
        """Look again and again: what a life has counted since the last look dies with it.

        Ever less often while nothing comes.
        """
        pause = COUNT_EVERY
        while True:
            began, known = self.clock(), self.counters.clusters.changes
            await self._look()
            news = self.counters.clusters.changes != known
            pause = COUNT_EVERY if news else min(2 * pause, COUNT_SELDOM)
            await asyncio.sleep(max(pause, COUNT_SHARE * (self.clock() - began)))

    async def _look(self) -> None:
        with contextlib.suppress(Unreachable):
            await self.counters.look(self.admin)

    def clean_up(self) -> None:
        """Remove what an Envoy that has ended leaves in /dev/shm and in the run folder."""
        self.place.remove_leftovers()

    def _still_in_use(self, files: Files) -> tuple[Backend, ...]:
        in_use = resources.clusters_used(read(files.rds)[1])
        present = resources.backends_of(read(files.cds)[1])
        return tuple(backend for backend in present if backend.cluster in in_use)

    def _documents(self, table: Table) -> dict[str, str]:
        """Path and text of the two files, clusters first."""
        files = self.place.files(self.epoch)
        return {
            files.cds: resources.document(resources.clusters(table.backends)),
            files.rds: resources.document(resources.routes(table)),
        }

    def _write(self, path: Path | str, text: str) -> None:
        if not Path(path).exists() or Path(path).read_text() != text:
            self.place.write(path, text)

    async def _listening(self) -> bool:
        stats = await self.admin.stats("listener_manager.", "http.public.rds.main.")
        if int(stats.get("listener_manager.lds.update_rejected", 0)):
            where = f"{self.options.address}:{self.options.port}"
            raise Conflict(
                f"the router cannot listen on {where}: it is taken or forbidden",
                hint="set TWELVE_HTTP_PORT to a free port",
            )
        return int(stats.get("listener_manager.total_listeners_active", 0)) > 0
