"""The house: what every operation is handed, and the attempts that are under way in it."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar

from twelve.engines.contract import AtWork, Clock, Engine
from twelve.errors import Conflict
from twelve.factors.ports.health import WELL, Pulse
from twelve.factors.releases.release import Release
from twelve.operations.leaving import Leaving
from twelve.settings import Settings
from twelve.store.apps import Deploy
from twelve.store.connection import Store

LOOKS_KEPT = 7
"""A minute, where processes are asked each ten seconds."""

T = TypeVar("T")
log = logging.getLogger("twelve.operations")


class Servers(Protocol):
    """The embedded backing services of this home, started on demand."""

    async def create(self, kind: str, name: str) -> str:
        """A part of a server for one resource; its URL."""

    async def destroy(self, kind: str, name: str) -> None:
        """Remove that part and its data."""

    async def ensure(self, kinds: set[str]) -> None:
        """See to it that the servers of these kinds run."""

    async def version(self, kind: str, url: str) -> str:
        """Name and version of the server of a kind at a URL, one of this home's or not.

        Raises TwelveError when nobody can tell.
        """


class Holder(NamedTuple):
    """Who holds a deploy: the verb and the person."""

    verb: str
    who: str


KEEPER = Holder("keeping", "twelve")
"""Twelve itself makes losses good: nobody is told to come back later because of that."""


@dataclass
class UnderWay:
    """One attempt at a time changes what a deploy runs; the others wait."""

    locks: dict[int, asyncio.Lock] = field(default_factory=dict)
    holders: dict[int, Holder] = field(default_factory=dict)
    resting: set[int] = field(default_factory=set)
    """Deploys whose processes ``down`` has stopped: nothing brings them back but an attempt."""
    due: set[int] = field(default_factory=set)
    """Deploys that somebody is about to settle."""
    background: set[asyncio.Task[Any]] = field(default_factory=set)

    @contextlib.asynccontextmanager
    async def alone(
        self,
        deploy: Deploy,
        holder: Holder,
        *,
        wait: bool = True,
        waiting: Callable[[Holder], None] = lambda _: None,
    ) -> AsyncIterator[None]:
        """Hold the deploy. Raises Conflict when somebody holds it and ``wait`` is off."""
        lock = self.locks.setdefault(deploy.id, asyncio.Lock())
        other = self.holders.get(deploy.id, KEEPER)
        if lock.locked() and other != KEEPER:
            if not wait:
                raise Conflict(
                    f"{deploy.label}: a {other.verb} by {other.who} is under way",
                    hint="try again when it is done, or leave out --no-wait to queue behind it",
                )
            waiting(other)
        async with lock:
            self.holders[deploy.id] = holder
            try:
                yield
            finally:
                self.holders.pop(deploy.id, None)

    def go_on(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Let something go on after the operation has answered."""
        task = asyncio.get_running_loop().create_task(work)
        self.background.add(task)
        task.add_done_callback(self._over)
        return task

    def _over(self, task: asyncio.Task[Any]) -> None:
        self.background.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("something in the background failed", exc_info=error)

    async def close(self) -> None:
        """Control leaves: what is in the background stays for the next one, from the journal."""
        tasks = tuple(self.background)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass
class Health:
    """How the processes that serve answer when they are asked."""

    pulses: dict[str, Pulse] = field(default_factory=dict)
    doubted: set[str] = field(default_factory=set)
    """They are being asked again and again."""
    restarting: dict[tuple[str, str, str], asyncio.Lock] = field(default_factory=dict)
    """One at a time of each deploy's type."""
    looks: deque[Mapping[int, AtWork]] = field(default_factory=lambda: deque(maxlen=LOOKS_KEPT))
    """What the router has said of each port of late, the oldest first."""

    def is_out(self, name: str) -> bool:
        """Whether requests should go to others."""
        return self.pulses.get(name, WELL).out


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Await what no cancellation may cut in two."""
    task = asyncio.ensure_future(work)
    while not task.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(task)
    return task.result()


def untold(verb: str, point: str) -> None:
    """Nobody is told where an attempt is."""
    del verb, point


@dataclass(frozen=True)
class House:
    """The composition that operations work on; ``control`` builds it."""

    settings: Settings
    store: Store
    engine: Engine
    servers: Servers
    now: Clock
    port_is_free: Callable[[int], bool]
    uid_of: Callable[[str], int | None]
    """The uid of a purpose; nothing where this home has only one."""
    tier: str
    boot: str = ""
    """The name of the machine's present boot: what another began was cut off with the machine."""
    reached: Callable[[str, str], None] = untold
    """Told of each step of an attempt's journal, and of each point between two: faults go there."""
    under_way: UnderWay = field(default_factory=UnderWay)
    leaving: Leaving = field(default_factory=Leaving)
    health: Health = field(default_factory=Health)
    instead: dict[int, tuple[Deploy, Release]] = field(default_factory=dict)
    """What the router shows for a deploy whose attempt is past the switch and not yet recorded."""
    parting: set[str] = field(default_factory=set)
    """Domains that are about to go: nobody is told to call a deploy there any more."""


async def say(house: House, deploy: Deploy, text: str) -> None:
    """Put a line into the deploy's stream, and wait until it is kept there."""
    await house.engine.note(deploy.app, deploy.name, text)
    await house.engine.noted()
