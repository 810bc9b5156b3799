"""The engine in memory: no processes, no sockets; what goes wrong, and when, is scripted."""

import asyncio
import hashlib
import shutil
import tarfile
import tempfile
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from twelve.engines.contract import (
    Answers,
    AtWork,
    Exit,
    Forwarded,
    Happened,
    Job,
    OneOff,
    Process,
    Room,
    Seen,
    Staged,
    Tell,
    Up,
)
from twelve.engines.script import Act, Hold, Script
from twelve.errors import Conflict, Invalid, Missing, NotFound
from twelve.factors.codebase.tree import Tree, TreeFacts
from twelve.factors.logs.drains.drain import Drain
from twelve.factors.logs.filter import Filter
from twelve.factors.logs.line import Line, Origin
from twelve.factors.logs.render import PLAIN, Form, json_line
from twelve.factors.logs.render import text as text_line
from twelve.factors.ports.routes import Table, checked
from twelve.factors.processes.instance import parse_instance

ENDED = Exit(0, None)
KILLED = Exit(None, "SIGTERM")


class MemoryEngine:
    """See ``engines.contract`` for what each method means.

    ``fail`` and ``hold`` say what the next act of a verb on a subject does (``fail("start",
    "*/worker.1@v2", error)``); ``acts`` is the history.
    """

    def __init__(self, home: Path, now: Callable[[], int]) -> None:
        self.home = home
        self.now = now
        self.acts: list[Act] = []
        self.processes: dict[str, Seen] = {}
        self.started: dict[str, Process] = {}
        """Every process that was ever started, as it was asked for the last time."""
        self.one_offs: dict[str, OneOff] = {}
        self.inputs: dict[str, asyncio.Future[Exit]] = {}
        self.tables: list[Table] = []
        self.stored: set[str] = set()
        """The digests of the builds that are there."""
        self.active: dict[str, int] = {}
        """Requests under way, by cluster, that do not end by themselves."""
        self.answers: dict[str, Answers] = {}
        """What a cluster has answered."""
        self.work: dict[int, AtWork] = {}
        """What requests to a port have come to."""
        self.sick: dict[int, str] = {}
        """Why what answers on a port will not do."""
        self.exits: dict[str, Exit] = {}
        """How a one-off ends, by its deploy or its first word; without one it ends with 0."""
        self.endless: set[str] = set()
        """Deploys, or first words, of one-offs that run until they are stopped."""
        self.prints: dict[str, bytes] = {}
        """What a one-off prints, by its first word."""
        self.warnings: dict[str, tuple[str, ...]] = {}
        """What is to be said about a process that is up, by its name."""
        self.missed: list[Happened] = []
        """What befell processes while nobody listened."""
        self.stream: list[tuple[str, str, Line]] = []
        self.free = 2
        """Bytes of the disk; one is held in reserve."""
        self.drains: dict[str, Drain] = {}
        """What is sent on, by key."""
        self.script = Script()
        self._listeners: set[asyncio.Queue[Happened]] = set()
        self._news = asyncio.Event()

    def fail(self, verb: str, subject: str, error: Exception) -> None:
        """The next act of that kind raises this; ``subject`` may hold wildcards."""
        self.script.fail(verb, subject, error)

    def hold(self, verb: str, subject: str) -> Hold:
        """The next act of that kind waits until it is let go."""
        return self.script.hold(verb, subject)

    @property
    def table(self) -> Table:
        """The way of requests as it is now."""
        return self.tables[-1] if self.tables else Table((), ())

    def subjects(self, verb: str) -> list[str]:
        """What an act was done to, in order."""
        return [act.subject for act in self.acts if act.verb == verb]

    def lose(self, name: str) -> None:
        """A process goes, and nobody starts it again: an adopted one has died."""
        self._end(name, Exit(None, "SIGKILL"))

    def adopt_all(self) -> None:
        """A new supervisor has adopted everything: it runs, and is not kept running."""
        for name, seen in self.processes.items():
            self.processes[name] = seen._replace(state="adopted")

    async def _act(self, verb: str, subject: str) -> None:
        self.acts.append(Act(verb, subject))
        await asyncio.sleep(0)
        await self.script.play(verb, subject)

    async def receive(self, archive: Path, facts: TreeFacts) -> Staged:
        """Unpack it below ``builds``."""
        await self._act("receive", archive.name)
        (self.home / "builds").mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="tree-", dir=self.home / "builds"))
        try:
            with tarfile.open(archive) as tar:
                # Python has the filter since 3.11.4.
                safely: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
                tar.extractall(folder, **safely)  # noqa: S202 - archives of our own pack()
        except (tarfile.TarError, OSError) as error:
            shutil.rmtree(folder)
            raise Invalid(f"the archive cannot be read: {error}") from None
        names = self.names(folder)
        digest = hashlib.sha256()
        for name in names:
            digest.update(name.encode() + b"\0" + (folder / name).read_bytes() + b"\0")
        return Staged(folder, Tree(digest.hexdigest(), facts, names))

    async def discard(self, staged: Staged) -> None:
        """Remove its folder."""
        shutil.rmtree(staged.folder)

    async def place(self, job: Job, tell: Tell) -> Mapping[str, Any]:
        """Nothing but the digest."""
        await self._act("place", f"{job.app}/{job.deploy}")
        tell("build", "built in memory")
        digest = job.staged.tree.digest
        self.stored.add(digest)
        return {"digest": digest, "interpreter": "none"}

    async def inhabit(self, job: Job, tell: Tell, **_: Any) -> Mapping[str, Any]:
        """The same."""
        await self._act("inhabit", f"{job.app}/{job.deploy}")
        tell("build", "nothing to build")
        digest = hashlib.sha256(str(job.staged.folder).encode()).hexdigest()
        self.stored.add(digest)
        return {"digest": digest}

    async def prune(self, artifacts: Collection[Mapping[str, Any]]) -> None:
        """Forget every other digest."""
        await self._act("prune", "")
        self.stored &= {artifact["digest"] for artifact in artifacts}

    def names(self, folder: Path) -> tuple[str, ...]:
        """Every file."""
        files = (path for path in folder.rglob("*") if path.is_file())
        return tuple(sorted(str(path.relative_to(folder)) for path in files))

    async def observe(self) -> Mapping[str, Seen]:
        """What has been started and has not gone."""
        return dict(self.processes)

    async def start(self, process: Process, *, wait: bool = True) -> Up:
        """It is up at once, unless it is scripted to fail: then it is started again and again."""
        seen = self.processes.get(process.name)
        if seen and seen.state != "adopted":
            raise Conflict(f"{process.name} runs already")
        if process.artifact["digest"] not in self.stored:
            raise Missing(f"build {process.artifact['digest'][:12]} is not there")
        self.started[process.name] = process
        self.processes[process.name] = Seen(process.name, "up", 1, self.now(), 0, None)
        if not seen:
            self._tell("started", process.name, app_pid=1, restarts=0)
        try:
            await self._act("start" if wait else "keep", process.name)
        except Exception:
            if wait and process.name in self.processes:
                last = Exit(1, None)
                self.processes[process.name] = Seen(process.name, "backoff", None, 0, 1, last)
            else:
                self._end(process.name, ENDED)
            raise
        return Up(process.name, 0.0, self.warnings.get(process.name, ()))

    async def stop(self, name: str, *, grace: float, signal: str) -> None:  # noqa: ARG002 - at once
        """It goes at once."""
        await self._act("stop", name)
        self._end(name, Exit(None, signal))

    async def switch(self, table: Table) -> None:
        """Remember it."""
        labels = sorted({route.cluster for route in table.routes if route.cluster})
        await self._act("switch", " ".join(labels))
        self.tables.append(checked(table))

    async def drain(self, cluster: str, seconds: float) -> int:  # noqa: ARG002 - at once
        """At once, unless the script says what is still under way."""
        await self._act("drain", cluster)
        return self.active.get(cluster, 0)

    async def totals(self, cluster: str) -> Answers:
        """What the script says that it has answered."""
        found = [each for name, each in self.answers.items() if name.startswith(cluster)]
        return Answers(sum(each.requests for each in found), sum(each.failures for each in found))

    async def at_work(self) -> Mapping[int, AtWork]:
        """What the script says."""
        return dict(self.work)

    async def ask(self, port: int, path: str | None, host: str, within: float) -> str:  # noqa: ARG002 - at once
        """All is well, unless the script has a reason why not."""
        await self._act("ask", str(port))
        return self.sick.get(port, "")

    async def restart(self, name: str, *, grace: float, signal: str) -> None:  # noqa: ARG002 - at once
        """It is up again at once."""
        await self._act("restart", name)
        if name not in self.processes:
            raise NotFound(f"{name} does not run")
        seen = self.processes[name]
        last = Exit(None, signal)
        self.processes[name] = Seen(name, "up", 1, self.now(), seen.restarts + 1, last)
        self._tell("exited", name, code=None, signal=signal, uptime=0.0)
        self._tell("started", name, app_pid=1, restarts=seen.restarts + 1)

    async def run(self, one_off: OneOff) -> int | None:
        """It prints and ends at once, or when it is stopped."""
        await self._act("run", one_off.name)
        self.one_offs[one_off.name] = one_off
        self.processes[one_off.name] = Seen(one_off.name, "up", 1, self.now(), 0, None)
        self.inputs[one_off.name] = asyncio.get_running_loop().create_future()
        word = one_off.words[0]
        for line in self.prints.get(word, b"").splitlines():
            self._say(one_off.name, "stdout", line)
        where = "/".join(one_off.name.split("/")[:2])
        if not {word, where} & self.endless:
            self._end(one_off.name, self.exits.get(where) or self.exits.get(word, ENDED))
        return None

    async def ended(self, name: str) -> Exit:
        """How it ended."""
        await self._act("ended", name)
        if name not in self.inputs:
            return Exit(None, None)
        return await asyncio.shield(self.inputs[name])

    async def signal(self, name: str, signal: str) -> None:
        """Every signal ends it."""
        await self._act("signal", name)
        if name not in self.processes:
            raise NotFound(f"{name} does not run")
        self._end(name, Exit(None, signal))

    async def output(self, name: str) -> AsyncIterator[tuple[str, bytes]]:
        """What it printed, once it has ended."""
        await self.ended(name)
        printed = self.prints.get(self.one_offs[name].words[0], b"")
        if printed:
            yield "stdout", printed

    async def lines(
        self, app: str, deploy: str, want: Filter, *, follow: bool
    ) -> AsyncIterator[Line]:
        """From memory."""
        mine = self._chosen(app, deploy, want, 0)
        position = len(self.stream)
        for line in mine if want.n is None else mine[max(0, len(mine) - want.n) :]:
            yield line
        while follow:
            if position == len(self.stream):
                await self._news.wait()
            mine, position = self._chosen(app, deploy, want, position), len(self.stream)
            for line in mine:
                yield line

    async def rendered(
        self, app: str, deploy: str, want: Filter, *, follow: bool, form: Form | None
    ) -> AsyncIterator[bytes]:
        """Line by line."""
        async for line in self.lines(app, deploy, want, follow=follow):
            yield json_line(line) if form is None else text_line(line, form or PLAIN)

    def files(self) -> None:
        """There are none."""

    async def note(self, app: str, deploy: str, text: str) -> None:
        """Remember it."""
        line = Line(self.now(), len(self.stream), "twelve", "-", "events", text.encode(), 0)
        self._add(app, deploy, line)

    async def noted(self) -> None:
        """It is at once."""

    def notes(self, app: str, deploy: str) -> list[str]:
        """The platform's own lines of a deploy."""
        return [
            line.data.decode()
            for at_app, at_deploy, line in self.stream
            if (at_app, at_deploy, line.process) == (app, deploy, "twelve")
        ]

    async def streams(self) -> Collection[tuple[str, str]]:
        """Of what was said."""
        return {(app, deploy) for app, deploy, _ in self.stream}

    async def forget(self, app: str, deploy: str) -> None:
        """Remove it from memory."""
        await self._act("forget", f"{app}/{deploy}")
        self.stream = [row for row in self.stream if row[:2] != (app, deploy)]

    async def room(self) -> Room:
        """As the script has it."""
        return Room(self.free, 1)

    async def tidy(self, *, now: bool = False) -> Collection[str]:  # noqa: ARG002 - nothing to do
        """Nothing is cached."""
        await self._act("tidy", "caches")
        return ()

    async def forward(self, drains: Collection[Drain]) -> None:
        """Remember them; nothing is sent."""
        for drain in drains:
            await self._act("forward", drain.label)
        self.drains = {drain.key: drain for drain in drains}

    async def forwarded(self, drain: Drain) -> Forwarded:
        """Everything since its beginning waits."""
        lines = [line for app, deploy, line in self.stream if (app, deploy) == drain[1:3]]
        waiting = [line for line in lines if line.ns >= drain.since_ns]
        if drain.key not in self.drains or not waiting:
            return Forwarded()
        return Forwarded(
            waiting=sum(len(line.data) + 1 for line in waiting), oldest_ns=waiting[0].ns
        )

    async def happenings(self) -> AsyncIterator[Happened]:
        """What befalls processes, from now on."""
        queue: asyncio.Queue[Happened] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.discard(queue)

    async def past(self) -> Sequence[Happened]:
        """What the script says."""
        return list(self.missed)

    async def last_words(self, name: str, n: int, since_ns: int, until_ns: int) -> Sequence[str]:
        """From memory."""
        at = parse_instance(name)
        said = [
            line.data.decode()
            for app, deploy, line in self.stream
            if (app, deploy, line.process, line.release) == (at.app, at.deploy, at.process, at.tag)
            and since_ns <= line.ns <= until_ns
        ]
        return said[-n:]

    def _chosen(self, app: str, deploy: str, want: Filter, since: int) -> list[Line]:
        return [
            line
            for at_app, at_deploy, line in self.stream[since:]
            if (at_app, at_deploy) == (app, deploy)
            and want.wants(Origin(line.process, line.release, line.stream))
        ]

    def _say(self, name: str, stream: str, data: bytes) -> None:
        at = parse_instance(name)
        line = Line(self.now(), len(self.stream), at.process, at.tag, stream, data, 0)
        self._add(at.app, at.deploy, line)

    def _add(self, app: str, deploy: str, line: Line) -> None:
        self.stream.append((app, deploy, line))
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _end(self, name: str, end: Exit) -> None:
        if self.processes.pop(name, None) is None:
            return
        if (waiting := self.inputs.get(name)) and not waiting.done():
            waiting.set_result(end)
        self._tell("exited", name, code=end.code, signal=end.signal, uptime=0.0)
        self._tell("gone", name)

    def _tell(self, kind: str, name: str, **detail: Any) -> None:
        for queue in self._listeners:
            queue.put_nowait(Happened(kind, name, detail))
