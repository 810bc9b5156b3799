"""One drain at work: read, send, keep the place; and again, later and later, when it fails."""

import random
import threading
import time
from typing import NamedTuple, Protocol

from twelve.engines.local.drains.pending import Pending
from twelve.engines.local.drains.post import Post
from twelve.engines.local.drains.progress import Progress, path_of, read_progress, write_progress
from twelve.engines.local.drains.wire import Wire
from twelve.engines.local.logmerge import Merge
from twelve.factors.lifecycle.backoff import Backoff, delay
from twelve.factors.logs.drains.address import read_address
from twelve.factors.logs.drains.drain import Drain
from twelve.factors.logs.drains.posting import body
from twelve.factors.logs.drains.syslog import frames
from twelve.factors.logs.filter import Filter
from twelve.factors.logs.line import GAP, lost_bytes

_BATCH = 64 << 10
_LOOK_ANYWAY_SECONDS = 10.0
_KEEP_EVERY_SECONDS = 1.0
_GATHER_SECONDS = 0.5
"""Lines that come one by one are posted together."""
RETRY = Backoff(base=0.5, cap=60.0)


class Sender(Protocol):
    """The way to a receiver."""

    def send(self, data: bytes) -> None:
        """Return when it is delivered. Raises OSError."""

    def close(self) -> None:
        """End the connection."""


class Route(NamedTuple):
    """A drain's way: the place that errors may name, its sender, whether it posts."""

    place: str
    sender: Sender
    posts: bool


class Load(NamedTuple):
    """Lines in the receiver's form, how many, and the bytes that gaps among them count."""

    data: bytes
    lines: int
    missing: int


def route_to(url: str) -> Route:
    """The way to an address. Raises Invalid."""
    address = read_address(url)
    sender = Post(address) if address.posts else Wire(address)
    return Route(address.place, sender, address.posts)


class Forwarder:
    """Runs in a thread of its own until ``stopping`` is set."""

    def __init__(self, home: str, drain: Drain, stopping: threading.Event) -> None:
        self.drain = drain
        self.pending = Pending(f"logs/{drain.app}/{drain.deploy}/")
        self._stopping = stopping
        self._path = path_of(home, drain.key)
        self._route = route_to(drain.url)
        self._form = body if self._route.posts else frames
        want = Filter(since=drain.since_ns)
        self._merge = Merge(home, drain.app, drain.deploy, want)
        self._progress = Progress(graves=drain.since_ns)
        self._kept = 0.0

    def run(self) -> None:
        """Until told to stop; what is under way then is sent again by the next."""
        known = read_progress(self._path)
        if known:
            self._progress = known
            self._merge.resume(known.marks, known.graves)
        else:
            self._merge.begin(graves=self.drain.since_ns)
            self._progress.marks, self._progress.graves = self._merge.marks()
            self._keep()
        while not self._stopping.is_set():
            load = self._load()
            if load is None:
                self._wait()
            elif load.data and self._deliver(load.data):
                self._note(load)
        self._keep()
        self._route.sender.close()

    def _load(self) -> Load | None:
        """The next lines in their form; the blocks are let go, for they may lie here for long."""
        batch = self._merge.batch(_BATCH)
        # While a receiver sleeps, deleted files must not go on filling the disk.
        self._merge.rest()
        if batch is None:
            return None
        data = self._form(batch, self.drain.app, self.drain.deploy)
        lines = sum(block.amount for block in batch if not block.flags & GAP)
        return Load(data, lines, sum(map(lost_bytes, batch)))

    def _wait(self) -> None:
        self._keep()
        growth = self.pending.wait(_LOOK_ANYWAY_SECONDS)
        if self._route.posts and growth.folders:
            self._stopping.wait(_GATHER_SECONDS)
        self._merge.grow(growth)

    def _deliver(self, data: bytes) -> bool:
        """Try until it is done; False when told to stop before."""
        while not self._stopping.is_set():
            try:
                self._route.sender.send(data)
            except OSError as error:
                self._failed(error)
                chance = random.uniform(-1, 1)  # noqa: S311 - spreads those that fell together
                self._stopping.wait(delay(RETRY, self._progress.tries + 1, chance))
            else:
                return True
        return False

    def _failed(self, error: OSError) -> None:
        state = self._progress
        said = f"{self._route.place}: {error.strerror or error}"
        if said != state.error:
            print(f"{self.drain.label}: {said}", flush=True)
        state.error, state.error_ns, state.tries = said, time.time_ns(), state.tries + 1
        # The marks on disk stay those of what was delivered.
        self._write()

    def _note(self, load: Load) -> None:
        state = self._progress
        if state.error:
            print(f"{self.drain.label}: {self._route.place}: delivers again", flush=True)
        state.error, state.tries, state.delivered_ns = "", 0, time.time_ns()
        state.lines += load.lines
        state.missing += load.missing
        state.marks, state.graves = self._merge.marks()
        if time.monotonic() > self._kept + _KEEP_EVERY_SECONDS:
            self._keep()

    def _keep(self) -> None:
        self._write()
        self._kept = time.monotonic()

    def _write(self) -> None:
        try:
            write_progress(self._path, self._progress)
        except OSError as error:
            # No room: it is sent again after a restart, and that is all.
            print(f"{self.drain.label}: {self._path}: {error.strerror}", flush=True)
