"""The house: what every operation is handed, and the attempts that are under way in it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar

from twelve.engines.contract import Clock, Engine
from twelve.errors import Conflict
from twelve.factors.ports.routes import Backend
from twelve.settings import Settings
from twelve.store.apps import Deploy
from twelve.store.connection import Store

T = TypeVar("T")


class Servers(Protocol):
    """The embedded backing services of this home, started on demand."""

    async def create(self, kind: str, name: str) -> str:
        """A part of a server for one resource; its URL."""

    async def destroy(self, kind: str, name: str) -> None:
        """Remove that part and its data."""

    async def ensure(self, kinds: set[str]) -> None:
        """See to it that the servers of these kinds run."""


class Holder(NamedTuple):
    """Who holds a deploy: the verb and the person."""

    verb: str
    who: str


@dataclass
class UnderWay:
    """One attempt at a time changes what a deploy runs; the others wait."""

    locks: dict[int, asyncio.Lock] = field(default_factory=dict)
    holders: dict[int, Holder] = field(default_factory=dict)
    resting: set[int] = field(default_factory=set)
    """Deploys whose processes ``down`` has stopped: nothing brings them back but an attempt."""
    background: set[asyncio.Task[Any]] = field(default_factory=set)

    @contextlib.asynccontextmanager
    async def alone(
        self, deploy: Deploy, holder: Holder, *, wait: bool, waiting: Callable[[Holder], None]
    ) -> AsyncIterator[None]:
        """Hold the deploy. Raises Conflict when it is held and ``wait`` is off."""
        lock = self.locks.setdefault(deploy.id, asyncio.Lock())
        if lock.locked():
            other = self.holders.get(deploy.id, Holder("change", "somebody"))
            if not wait:
                raise Conflict(
                    f"{deploy.label}: a {other.verb} by {other.who} is under way",
                    hint="try again when it is done, or leave out --no-wait to queue behind it",
                )
            waiting(other)
        async with lock:
            self.holders[deploy.id] = holder
            self.resting.discard(deploy.id)
            try:
                yield
            finally:
                self.holders.pop(deploy.id, None)

    def held(self, deploy: Deploy) -> bool:
        """An attempt is at work on the deploy, or it is meant to rest."""
        lock = self.locks.get(deploy.id)
        return deploy.id in self.resting or (lock is not None and lock.locked())

    def go_on(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Let something go on after the operation has answered."""
        task = asyncio.get_running_loop().create_task(work)
        self.background.add(task)
        task.add_done_callback(self.background.discard)
        return task


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
    under_way: UnderWay = field(default_factory=UnderWay)
    draining: dict[str, Backend] = field(default_factory=dict)
    """Clusters that no route names any more, but that still answer."""

    def plain_tier(self) -> Mapping[str, str]:
        """The tier as data."""
        return {"tier": self.tier}
