"""The driver of Envoy: its start, its table, its counters."""

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from twelve.engines.contract import AtWork
from twelve.engines.local.router import listener, resources
from twelve.engines.local.router.admin import Admin
from twelve.engines.local.router.delivery import Delivery
from twelve.engines.local.router.files import Place, read
from twelve.engines.local.router.listener import Files
from twelve.engines.local.router.reason import why_refused
from twelve.errors import Conflict, TwelveError, Unreachable
from twelve.factors.ports.routes import Backend, Table, checked, used_clusters

NAME = "twelve/router@-"
"""The router's name among the supervisor's instances; ``twelve/router.2@-`` in its third life."""

EMPTY = Table((), ())
QUIET_POLLS = 3
"""Workers hear of a new table a moment after its acknowledgement: one nought proves little."""

_FIRST_POLL, _LAST_POLL = 0.002, 0.25

_COUNTS = frozenset(
    f"upstream_rq_{name}"
    for name in ("total", "completed", "5xx", "retry", "active", "pending_active")
)


class Totals(NamedTuple):
    """What a cluster has answered since it was made, or since the router started.

    ``requests`` counts those sent, ``failures_5xx`` answers 500-599, whether the app gave them or
    the router for it; ``answers`` all answers; ``retries`` requests sent again.
    """

    requests: int
    answers: int
    failures_5xx: int
    retries: int
    active: int


class Options(NamedTuple):
    """How the router is set up: where it listens, and what it may use.

    ``program``: an Envoy other than the installed one; ``connections``: clients at once;
    ``log_budget`` in bytes and ``log_age`` in seconds: of its own log stream; ``handover``: seconds
    that connections have to end in a life that was replaced by the next.
    """

    address: str = "127.0.0.1"
    port: int = 8080
    program: str = ""
    connections: int = 20_000
    log_budget: int = 64 * 1024 * 1024
    log_age: float = 14 * 86400.0
    handover: int = 30


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

    @property
    def admin(self) -> Admin:
        """The admin interface of the present life."""
        return Admin(self.place.files(self.epoch).admin)

    @property
    def name(self) -> str:
        """The name of the present life."""
        return NAME if self.epoch == 0 else f"twelve/router.{self.epoch}@-"

    def next_life(self) -> "Router":
        """The router that takes over from this one without losing a connection.

        Start its ``launch``, wait until it is ``ready``, then stop this one's name with SIGUSR1 and
        a grace of twice ``handover``: Envoy ignores the signal and ends by itself when its
        connections have ended or ``handover`` is over.
        """
        return Router(self.place, self.options, epoch=self.epoch + 1, clock=self.clock)

    def launch(self, table: Table | None = None) -> dict[str, Any]:
        """How the supervisor starts Envoy; its files are written here.

        ``table`` is what it begins with; without it the last one stays, and nothing at the first
        start. For a router that is not running: ``apply`` changes one that is. Raises Missing.
        """
        self.place.make()
        self._applied = None
        files = self.place.files(self.epoch)
        self._write(
            self.place.bootstrap(self.epoch), listener.bootstrap(files, self.options.connections)
        )
        lds = listener.listeners(files, self.options.address, self.options.port)
        self._write(files.lds, resources.document(lds))
        for path, document in self._documents(checked(table or EMPTY)).items():
            if table is not None or not read(path)[0]:
                self._write(path, document)
        return {
            "name": self.name,
            "argv": self._argv(),
            "env": {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            "cwd": "/",
            "stdin": "null",
            "logs": {
                "dir": f"logs/twelve/platform/{self.name.partition('/')[2]}",
                "budget": self.options.log_budget,
                "age": self.options.log_age,
                "demux": True,
            },
            # Every app waits for it: it comes back faster than an app would.
            "restart": {"mode": "always", "base": 0.05, "cap": 2.0, "stable": 2.0},
            "grace": 10.0,
            "stop_signal": "SIGTERM",
            "notify": False,
            "box": {
                "tier": "bare",
                "uid": self.place.uid,
                "gid": self.place.uid if self.place.gid is None else self.place.gid,
                # A home may lie below a folder closed to the router's user, as mktemp -d makes.
                "read": [str(self.place.config)],
                "write": [str(self.place.sockets)],
                "tmp": 0,
                "network": True,
                "limits": {},
                "user": "twelve-router",
            },
        }

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

    async def active(self, cluster: str) -> int:
        """Requests in flight to a cluster, WebSockets and streams included."""
        return (await self.totals(cluster)).active

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
        stats = await self.admin.stats(f"cluster.{cluster}")
        counts = Counter[str]()
        for name, value in stats.items():
            _, *more = name.split(".")
            # Longer names say the same again, apart for clients on this machine and others.
            if len(more) == 2 and more[1] in _COUNTS:
                counts[more[1].removeprefix("upstream_rq_")] += int(value)
        return Totals(
            requests=counts["total"],
            answers=counts["completed"],
            failures_5xx=counts["5xx"],
            retries=counts["retry"],
            active=counts["active"] + counts["pending_active"],
        )

    async def at_work(self) -> dict[int, AtWork]:
        """Of each port: requests in flight, and answers so far."""
        answer = await self.admin.ask("/clusters?format=json")
        found = Counter[tuple[int, str]]()
        for cluster in json.loads(answer.body).get("cluster_statuses", ()):
            for host in cluster.get("host_statuses", ()):
                port = host["address"]["socket_address"]["port_value"]
                for stat in host.get("stats", ()):
                    found[port, stat["name"]] += int(stat.get("value", 0))
        return {
            port: AtWork(
                active=found[port, "rq_active"],
                answered=found[port, "rq_success"] + found[port, "rq_error"],
                failed=found[port, "rq_error"],
            )
            for port, _ in found
        }

    def clean_up(self) -> None:
        """Remove what an Envoy that has ended leaves in /dev/shm and in the run folder."""
        self.place.remove_leftovers()

    def _argv(self) -> list[str]:
        # Apps share the cores with the router, and a second worker on two cores only adds jitter.
        workers = max(1, min(4, (os.cpu_count() or 1) // 2))
        options = {
            "-c": str(self.place.bootstrap(self.epoch)),
            "--concurrency": str(workers),
            "-l": "warning",
            "--base-id": str(self.place.base_id),
            "--restart-epoch": str(self.epoch),
            # In a folder of its own: by default any process of the machine could talk to it.
            "--socket-path": str(self.place.sockets / "hot"),
            "--socket-mode": "600",
            "--drain-time-s": str(self.options.handover),
            "--parent-shutdown-time-s": str(self.options.handover + self.options.handover // 2),
            "--file-flush-interval-msec": "100",
        }
        flags = ["--reject-unknown-dynamic-fields"]
        if self.epoch:
            # Restarted by the supervisor after a crash, it has no parent any more.
            flags.append("--skip-hot-restart-on-no-parent")
        program = self.place.program(self.options.program)
        return [program, *(word for pair in options.items() for word in pair), *flags]

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


def epoch_of(name: str) -> int:
    """Which life of the router an instance's name is, to adopt the one that runs."""
    life = name.removesuffix("@-").rpartition(".")[2]
    return int(life) if life.isdigit() else 0
