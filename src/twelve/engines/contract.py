"""What an engine does, in few methods, and the plain values that pass in and out.

Every engine runs the same suite: ``tests/engines/contract.py``.
"""

import signal as signals
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from twelve.factors.codebase.tree import Tree, TreeFacts
from twelve.factors.logs.drains.drain import Drain
from twelve.factors.logs.filter import Filter
from twelve.factors.logs.line import Line
from twelve.factors.logs.render import Form
from twelve.factors.ports.routes import Table
from twelve.factors.processes.instance import Instance
from twelve.factors.processes.types import ProcessType


class Tell(Protocol):
    """Says what happens while it happens: a step of the attempt, and a sentence or a line."""

    def __call__(self, step: str, text: str, **more: Any) -> None:
        """Pass it on; never raises."""


class Staged(NamedTuple):
    """A tree that was received and checked, not yet built."""

    folder: Path
    tree: Tree
    instead: Mapping[str, str] = {}
    """Files that stand for others, such as a Procfile of another name."""

    def read(self, name: str) -> bytes | None:
        """A file of the tree by its relative path, or nothing."""
        path = self.folder / self.instead.get(name, name)
        return path.read_bytes() if path.is_file() else None


class Job(NamedTuple):
    """A build to make: of a tree, for a deploy's stream, without any config."""

    app: str
    deploy: str
    staged: Staged
    build: Mapping[str, Any]
    """The manifest's ``[build]`` table."""
    placeholders: Mapping[str, str]
    """What hooks see in place of config."""
    uid: int | None


class Here(NamedTuple):
    """How a folder is lived in, in development."""

    owner: int | None = None
    """The user whose folder it is, when processes run as that user."""
    hooks: bool = False
    """Run the build hooks in the folder."""
    path: tuple[str, ...] = ()
    """Folders of programs for an app that declares no dependencies, the caller's own."""
    read: tuple[str, ...] = ()
    """What those programs need to read."""


class Process(NamedTuple):
    """A process that should run, with everything the engine needs to start it."""

    instance: Instance
    type: ProcessType
    variables: Mapping[str, str]
    """Config and attachments; the engine adds what belongs to the machine."""
    artifact: Mapping[str, Any]
    port: int | None
    uid: int | None
    host: str
    """The deploy's first host: probes ask with it."""
    others: Mapping[str, str] = {}
    """Host names of other deploys that are attached, each with its address."""

    @property
    def name(self) -> str:
        """``shop/production/web.1@v7``."""
        return self.instance.name


class OneOff(NamedTuple):
    """An admin process: the same release, the same environment, one run."""

    instance: Instance
    words: tuple[str, ...]
    variables: Mapping[str, str]
    artifact: Mapping[str, Any]
    uid: int | None
    stdin: str = "null"
    """``null``, ``pipe`` or ``pty``."""
    rows: int = 24
    columns: int = 80
    terminal: str = ""
    others: Mapping[str, str] = {}
    """As for a process."""

    @property
    def name(self) -> str:
        """``shop/production/run.k3x9@v7``."""
        return self.instance.name


def limit_of(memory: int | None) -> str:
    """The limit of memory that a process met, in brackets, for the end of a sentence."""
    return f" (limit {memory / 2**20:.6g} MiB)" if memory else ""


UNSEEN = "nobody saw how"


class Exit(NamedTuple):
    """How a process ended: by exit code or by signal."""

    code: int | None
    signal: str | None
    oom: bool = False
    memory: int | None = None
    """The limit that it met, in bytes; None when the machine itself was out of memory."""
    error: str = ""
    """What kept it from starting, or ended it where nobody could look."""

    @property
    def status(self) -> int:
        """As a shell would say it."""
        if self.code is not None:
            return self.code
        return 128 + (signals.Signals[self.signal] if self.signal else 0)

    def __str__(self) -> str:
        """For people."""
        if self.oom:
            return f"was killed: out of memory{limit_of(self.memory)}"
        if self.signal:
            return f"was ended by {self.signal}"
        if self.code is None:
            return f"ended: {self.error or UNSEEN}"
        return f"exited with code {self.code}"


EARLY = "early"
"""The state of a process that was started in the expectation that it will be wanted: it runs, and
whoever wants it starts it "again" and waits until it is up."""


class Seen(NamedTuple):
    """A process as the engine sees it."""

    name: str
    state: str
    """``starting``, ``up``, ``backoff``, ``stopping``, ``exited``, ``adopted`` or ``early``."""
    pid: int | None
    """Of the app's own first process, as the machine sees it."""
    started_ns: int
    restarts: int
    last_exit: Exit | None


class Happened(NamedTuple):
    """Something that befell a process."""

    kind: str
    """``started``, ``exited``, ``backoff`` or ``gone``."""
    name: str
    detail: Mapping[str, Any]


class Up(NamedTuple):
    """A process is up; what is to be said about it."""

    name: str
    seconds: float
    warnings: tuple[str, ...] = ()


class Answers(NamedTuple):
    """Requests that were sent to a cluster, and those that ended with a status of 500 to 599."""

    requests: int
    failures: int


class Room(NamedTuple):
    """Bytes of a disk."""

    free: int
    reserve: int
    """What deploys leave free."""

    @property
    def short(self) -> bool:
        """Whether nothing can be deployed any more."""
        return self.free < self.reserve


class Forwarded(NamedTuple):
    """How far a drain has come."""

    lines: int = 0
    """Delivered."""
    waiting: int = 0
    """Bytes that are not delivered yet."""
    oldest_ns: int = 0
    """When the first of them was printed; 0 when there are none."""
    missing: int = 0
    """Bytes that went before they could be delivered; the receiver was told."""
    delivered_ns: int = 0
    error: str = ""
    """Why the last try failed; empty while all is well."""
    error_ns: int = 0


class AtWork(NamedTuple):
    """What requests to one port have come to."""

    active: int = 0
    answered: int = 0
    failed: int = 0
    """Of those answered, with a status of 500 to 599, or not at all."""


class Engine(Protocol):
    """Runs releases somewhere."""

    async def receive(self, archive: Path, facts: TreeFacts) -> Staged:
        """Unpack an archive, refusing by name what could leave the folder. Raises Invalid."""

    async def discard(self, staged: Staged) -> None:
        """Forget a tree that was received."""

    async def place(self, job: Job, tell: Tell) -> Mapping[str, Any]:
        """Make the build, or find it made; the artifact as plain data. Raises BuildFailed."""

    async def inhabit(self, job: Job, tell: Tell, *, here: Here) -> Mapping[str, Any]:
        """Make dependencies only: the app itself stays the folder, for development.

        Raises BuildFailed, also for a hook of the folder that fails.
        """

    async def prune(self, artifacts: Collection[Mapping[str, Any]]) -> None:
        """Remove every build but these. What they share with others stays."""

    def names(self, folder: Path) -> tuple[str, ...]:
        """The files of a folder that belong to its codebase, relative, sorted."""

    async def observe(self) -> Mapping[str, Seen]:
        """Every process of every app that the engine knows, by name."""

    async def start(self, process: Process, *, wait: bool = True) -> Up:
        """Start a process and wait until it is up. Raises ReleaseFailed that says why it is not.

        Without ``wait`` it is kept running by its policy, whatever happens.
        """

    async def stop(self, name: str, *, grace: float, signal: str) -> None:
        """End a process and all that it started; returns when nothing of it is left."""

    async def switch(self, table: Table) -> None:
        """Make this the way of requests; returns when every new request goes it."""

    async def drain(self, cluster: str, seconds: float) -> int:
        """Wait until a cluster serves nothing any more, or that long; what is still under way."""

    async def totals(self, cluster: str) -> Answers:
        """What a cluster has answered since it was made, whatever has died meanwhile.

        All clusters together whose names begin like this. It never goes back.
        """

    async def at_work(self) -> Mapping[int, AtWork]:
        """Of each port that requests go to: how many are under way, and were answered so far.

        The latter never go back.
        """

    async def ask(self, port: int, path: str | None, host: str, within: float) -> str:
        """Ask a process as the router would; why its answer will not do, or nothing.

        ``path`` must answer 2xx or 3xx; without one any answer to ``/`` will do.
        """

    async def restart(self, name: str, *, grace: float, signal: str) -> None:
        """End a process in its time, and have it started again as after any other end.

        Returns when it has ended. Raises NotFound.
        """

    async def run(self, one_off: OneOff) -> int | None:
        """Start a one-off; the descriptor of its standard input, when it has one."""

    async def ended(self, name: str) -> Exit:
        """Wait for the end of a one-off."""

    async def signal(self, name: str, signal: str) -> None:
        """A signal to the group of a one-off."""

    def output(self, name: str) -> AsyncIterator[tuple[str, bytes]]:
        """The bytes of a one-off while they come, each piece with its stream; ends with it."""

    def lines(self, app: str, deploy: str, want: Filter, *, follow: bool) -> AsyncIterator[Line]:
        """The log stream of a deploy."""

    def rendered(
        self, app: str, deploy: str, want: Filter, *, follow: bool, form: Form | None
    ) -> AsyncIterator[bytes]:
        """The same as text, or as JSON lines without a form; many lines at once."""

    def files(self) -> tuple[str, str] | None:
        """Home and run folder, where the streams are files that others on this machine may read."""

    async def note(self, app: str, deploy: str, text: str) -> None:
        """Put a line of the platform's own into a deploy's stream; it may be on its way still."""

    async def noted(self) -> None:
        """Wait until what was noted so far is kept, for a moment at most."""

    async def streams(self) -> Collection[tuple[str, str]]:
        """The deploys that have a log stream, by app and name; also those that are gone."""

    async def forget(self, app: str, deploy: str) -> None:
        """Remove the log stream of a deploy that is gone."""

    async def room(self) -> Room:
        """What is free where builds, logs and records go."""

    async def tidy(self, *, now: bool = False) -> Collection[str]:
        """Empty caches that are beyond their budget, unless a build is under way; their names.

        Without ``now`` they are looked at once an hour: that takes a walk through all of them.
        """

    async def forward(self, drains: Collection[Drain]) -> None:
        """Send streams on to these, from where each has come to, and to no others."""

    async def forwarded(self, drain: Drain) -> Forwarded:
        """How far it has come."""

    def happenings(self) -> AsyncIterator[Happened]:
        """What befalls processes, from now on."""

    async def past(self) -> Sequence[Happened]:
        """What befell processes before, while nobody listened, as far as it is known still."""

    async def last_words(self, name: str, n: int, since_ns: int, until_ns: int) -> Sequence[str]:
        """The last lines that a process said in a span of time."""


Clock = Callable[[], int]
"""Nanoseconds since the epoch."""
