"""The local engine: one machine, its supervisor, collector and router, behind the contract."""

import asyncio
import contextlib
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from twelve.engines.contract import (
    Answers,
    AtWork,
    Exit,
    Forwarded,
    Happened,
    Here,
    Job,
    OneOff,
    Process,
    Room,
    Seen,
    Staged,
    Tell,
    Up,
)
from twelve.engines.local import logreader
from twelve.engines.local.board import KINDS
from twelve.engines.local.build.builder import build, build_dependencies
from twelve.engines.local.build.built import Built
from twelve.engines.local.build.inplace import OWN_PATH, InPlace, build_here, undeclared
from twelve.engines.local.build.job import Room as Asking
from twelve.engines.local.build.layers import take_away, throw_away
from twelve.engines.local.build.steps import SHOWN_LINES
from twelve.engines.local.disk import Disk
from twelve.engines.local.drains.part import progress_of
from twelve.engines.local.executing import executor
from twelve.engines.local.launching import (
    one_off_launch,
    process_launch,
)
from twelve.engines.local.output import output
from twelve.engines.local.parts import Parts
from twelve.engines.local.probe import probe, unresolved
from twelve.engines.local.receive import receive
from twelve.engines.local.source import names_in
from twelve.engines.local.turns import Turns
from twelve.engines.local.uplift import until_up
from twelve.errors import Conflict, NotFound, TwelveError
from twelve.factors.codebase.tree import TreeFacts
from twelve.factors.dependencies.plan import BuildPlan, plan_build
from twelve.factors.logs.drains.drain import Drain
from twelve.factors.logs.filter import Filter
from twelve.factors.logs.line import Line
from twelve.factors.logs.render import Form
from twelve.factors.ports.readiness import verdict
from twelve.factors.ports.routes import Table
from twelve.factors.processes.instance import PLATFORM, parse_instance

BOOT_SECONDS = 3.0
"""A process that takes longer to boot lets the next one begin."""
NOTING_SECONDS = 2.0
"""How long the collector may take to answer before its answer is not waited for."""


TIDY_EVERY = 3600.0


class LocalEngine:
    """See ``engines.contract`` for what each method means."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.machine = parts.machine
        self.board = parts.board
        self.disk = Disk(parts.machine.home, parts.machine.budgets)
        self.boots = Turns(max(1, (os.cpu_count() or 1) // 2), BOOT_SECONDS)
        """Half of the cores boot new processes, the other half serves requests meanwhile."""
        self.tidied = -TIDY_EVERY
        self.building = 0
        """How many builds are under way."""

    async def receive(self, archive: Path, facts: TreeFacts) -> Staged:
        """Unpack into a folder of its own below ``builds``."""
        folder = self.machine.home / "builds" / f"tree-{secrets.token_hex(8)}"
        try:
            tree = await asyncio.to_thread(receive, archive, folder, facts)
        except BaseException:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            raise
        return Staged(folder, tree)

    async def discard(self, staged: Staged) -> None:
        """Remove its folder."""
        await asyncio.to_thread(shutil.rmtree, staged.folder, ignore_errors=True)

    async def place(self, job: Job, tell: Tell) -> Mapping[str, Any]:
        """Build through the supervisor, each step in a box."""
        staged = job.staged
        plan = plan_build(staged.tree.names, staged.read, job.build)
        room = await asyncio.to_thread(self.disk.room_for, job.app, staged.folder)
        with self.a_build():
            built = await self._build(job, plan, tell, room)
        await asyncio.to_thread(self.disk.remember, job.app, built.deps_digest)
        for warning in built.warnings:
            tell("warning", warning)
        return artifact_of(built)

    async def _build(self, job: Job, plan: BuildPlan, tell: Tell, room: Asking) -> Built:
        staged = job.staged
        return await build(
            staged.folder,
            plan,
            placeholders=job.placeholders,
            home=self.machine.home,
            execute=executor(self, job, tell),
            tell=lambda text: tell("build", text),
            tree=staged.tree.digest,
            pythons=self.parts.pythons,
            environ=self.machine.environ,
            room=room,
        )

    async def inhabit(self, job: Job, tell: Tell, *, here: Here) -> Mapping[str, Any]:
        """The same layer of dependencies as a deploy's; the app's layer is the folder."""
        staged = job.staged
        plan = plan_build(staged.tree.names, staged.read, job.build)
        bare = undeclared(plan)
        if bare:
            plan = plan._replace(python=None, warnings=(OWN_PATH,))
        built = await build_dependencies(
            staged.folder,
            plan,
            home=self.machine.home,
            execute=executor(self, job, tell),
            tell=lambda text: tell("build", text),
            names=staged.tree.names,
            pythons=self.parts.pythons,
            environ=self.machine.environ,
            room=self.disk.room_for(job.app, None),
        )
        for warning in built.warnings:
            tell("warning", warning)
        tools = {"path": list(here.path), "read": list(here.read)} if bare else {}
        if here.hooks:
            own = job._replace(uid=here.owner)
            execute = executor(self, own, tell, spared=(str(staged.folder),))
            await build_here(
                InPlace(staged.folder, self.machine.home, self.machine.environ, execute),
                plan,
                built,
                job.placeholders,
                tools=tools,
                tell=lambda text: tell("build", text),
            )
        return artifact_of(built, str(staged.folder)) | {"tools": tools}

    @contextlib.contextmanager
    def a_build(self) -> Iterator[None]:
        """A build is under way: caches stay."""
        self.building += 1
        try:
            yield
        finally:
            self.building -= 1

    async def prune(self, artifacts: Collection[Mapping[str, Any]]) -> None:
        """Take away the layers that none of these is made of."""
        kept = {digest for artifact in artifacts for digest in layers_of(artifact)}
        gone = take_away(self.machine.home, kept)
        await asyncio.to_thread(throw_away, gone)

    def names(self, folder: Path) -> tuple[str, ...]:
        """All but what tools make and what holds config."""
        return names_in(folder)

    async def observe(self) -> Mapping[str, Seen]:
        """What the board says, without Twelve's own parts."""
        return {
            name: seen for name, seen in self.board.seen.items() if not name.startswith("twelve/")
        }

    async def start(self, process: Process, *, wait: bool = True) -> Up:
        """Launch it, then wait for an answer on its port, READY=1, or that it lives on."""
        if not wait:
            await self.parts.launch(process_launch(self.machine, process))
            return Up(process.name, 0.0)
        self.board.ends.pop(process.name, None)  # that of a former life tells nothing of this one
        # Those without a port only have to live on for a while: that needs no turn.
        async with self.boots.turn() if process.port else contextlib.nullcontext():
            pid = await self.parts.launch(process_launch(self.machine, process))
            up = await until_up(self.board, process, pid, self.tail)
        unknown = () if self.machine.tier.tmp else await unresolved(process.others)
        return up._replace(warnings=(*up.warnings, *unknown))

    async def stop(self, name: str, *, grace: float, signal: str) -> None:
        """The signal now, force after the grace, and wait for the group."""
        try:
            await self.parts.supervisor.stop(name, grace=grace, signal=signal)
        except NotFound:
            return
        await self.board.until(lambda: name not in self.board.seen)

    async def switch(self, table: Table) -> None:
        """Clusters, acknowledgement, routes, acknowledgement."""
        if self.parts.routing:
            await asyncio.shield(self.parts.routing)
        await self.parts.router.apply(table)

    async def drain(self, cluster: str, seconds: float) -> int:
        """Ask the router until nothing is in flight any more."""
        if await self.parts.router.drained(cluster, seconds):
            return 0
        return await self.parts.router.active(cluster)

    async def totals(self, cluster: str) -> Answers:
        """From the router's counters."""
        found = await self.parts.router.totals(cluster)
        # What the router answered because nobody took the request was never sent.
        return Answers(max(found.requests, found.answers), found.failures_5xx)

    async def at_work(self) -> Mapping[int, AtWork]:
        """From the router's list of clusters."""
        return await self.parts.router.at_work()

    async def ask(self, port: int, path: str | None, host: str, within: float) -> str:
        """As at its start."""
        reply = await probe(port, path=path or "/", host=host, within=within)
        return verdict(reply, path).reason

    async def restart(self, name: str, *, grace: float, signal: str) -> None:
        """The signal, and force after the grace; the supervisor starts it again by its policy."""
        seen = self.board.seen.get(name)
        if seen is None:
            raise NotFound(f"{name} does not run")

        def ended() -> bool:
            now = self.board.seen.get(name)
            return now is None or now.pid != seen.pid

        await self.parts.supervisor.signal(name, signal)
        if not await self.board.until(ended, grace):
            with contextlib.suppress(Conflict, NotFound):
                await self.parts.supervisor.signal(name, "SIGKILL")
            await self.board.until(ended)

    async def run(self, one_off: OneOff) -> int | None:
        """Start it; its input is the supervisor's end of the pipe or terminal."""
        await self.parts.launch(one_off_launch(self.machine, one_off))
        if one_off.stdin == "null":
            return None
        return await self.parts.input(one_off.name)

    async def ended(self, name: str) -> Exit:
        """Wait until nothing of it is left and all its lines are in the files."""
        await self.board.until(lambda: name not in self.board.seen)
        with contextlib.suppress(TwelveError):
            await self.parts.supervisor.forget(name)
        return self.board.ends.pop(name, Exit(None, None))

    def output(self, name: str) -> AsyncIterator[tuple[str, bytes]]:
        """The bytes of a one-off while they come, each piece with its stream."""
        folder = self.machine.home / self.machine.logs(parse_instance(name))["dir"]
        return output(folder, lambda: name not in self.board.seen)

    async def signal(self, name: str, signal: str) -> None:
        """To the app's process group."""
        await self.parts.supervisor.signal(name, signal)

    def lines(self, app: str, deploy: str, want: Filter, *, follow: bool) -> AsyncIterator[Line]:
        """From the files; nothing is asked of the collector but when to look again."""
        return logreader.lines(
            str(self.machine.home), app, deploy, want=want, follow=follow, grew=self.parts.grew
        )

    def rendered(
        self, app: str, deploy: str, want: Filter, *, follow: bool, form: Form | None
    ) -> AsyncIterator[bytes]:
        """Whole blocks at once, so that a line costs nothing of its own."""
        home, grew = str(self.machine.home), self.parts.grew
        return logreader.rendered(home, app, deploy, want=want, follow=follow, grew=grew, form=form)

    def files(self) -> tuple[str, str]:
        """They are this user's and root's to read."""
        return str(self.machine.home), str(self.machine.run)

    async def tail(self, name: str) -> list[str]:
        """The last lines of a process, as text."""
        instance = parse_instance(name)
        last = await asyncio.to_thread(
            logreader.tail,
            str(self.machine.home),
            instance.app,
            instance.deploy,
            f"{instance.process}@{instance.tag}",
            SHOWN_LINES,
        )
        return [line.decode(errors="replace") for line in last]

    async def note(self, app: str, deploy: str, text: str) -> None:
        """A line of type ``twelve`` in the deploy's stream."""
        self.parts.collector.append(
            f"logs/{app}/{deploy}/twelve@-/events",
            f"{text}\n",
            budget=self.machine.log_budget,
            age=self.machine.log_age,
        )

    async def streams(self) -> Collection[tuple[str, str]]:
        """The folders of the logs, but Twelve's own."""
        return await asyncio.to_thread(log_folders, self.machine.home)

    async def forget(self, app: str, deploy: str) -> None:
        """The collector removes what it writes."""
        await self.parts.collector.flush()
        await self.parts.collector.forget(f"logs/{app}/{deploy}")

    async def room(self) -> Room:
        """Of the disk that holds the home."""
        free = await asyncio.to_thread(shutil.disk_usage, self.machine.home)
        return Room(free.free, self.machine.budgets.reserve)

    async def tidy(self, *, now: bool = False) -> Collection[str]:
        """Empty what is beyond the budget; what builds use stays."""
        if not now and time.monotonic() < self.tidied + TIDY_EVERY:
            return ()
        self.tidied = time.monotonic()
        sizes = await asyncio.to_thread(self.disk.cache_sizes)
        if self.building:
            return ()
        gone = self.disk.take_caches(sizes)
        await asyncio.to_thread(throw_away, gone.values())
        return tuple(gone)

    async def forward(self, drains: Collection[Drain]) -> None:
        """By a process of its own: see ``drains``."""
        await self.parts.forward(drains)

    async def forwarded(self, drain: Drain) -> Forwarded:
        """From its file; the drainer is not asked."""
        return await asyncio.to_thread(progress_of, self.machine.home, drain)

    async def noted(self) -> None:
        """A collector that is away for longer than that is waited for by nobody."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(NOTING_SECONDS):
                await self.parts.collector.flush()

    def happenings(self) -> AsyncIterator[Happened]:
        """What befalls processes, from now on."""
        return self.board.happenings()

    async def past(self) -> Sequence[Happened]:
        """From the events that the supervisor keeps."""
        return [
            Happened(event["event"], event["name"], event)
            for event in await self.parts.past()
            if event["event"] in KINDS
        ]

    async def last_words(self, name: str, n: int, since_ns: int, until_ns: int) -> Sequence[str]:
        """From the files."""
        at = parse_instance(name)
        said = await asyncio.to_thread(
            logreader.last_words,
            str(self.machine.home),
            (at.app, at.deploy, f"{at.process}@{at.tag}"),
            n,
            (since_ns, until_ns),
        )
        return [line.decode(errors="replace") for line in said]


def log_folders(home: Path) -> list[tuple[str, str]]:
    """App and deploy of each log folder."""
    folders = [path for path in (home / "logs").glob("*/*") if path.is_dir()]
    return [(path.parent.name, path.name) for path in folders if path.parent.name != PLATFORM]


def artifact_of(built: Built, folder: str = "") -> dict[str, Any]:
    """A build as the ledger keeps it; ``folder`` is the app's own in development."""
    tools = {"Python": built.python, "Node": built.node}
    named = [f"{name} {tool.version}" for name, tool in tools.items() if tool]
    return {
        "digest": built.digest,
        "interpreter": ", ".join(named),
        "folder": folder,
        "built": built.to_plain(),
    }


def layers_of(artifact: Mapping[str, Any]) -> set[str]:
    """The digests of the layers that a build is made of."""
    built = artifact["built"]
    return {digest for digest in (built["deps_digest"], built["app_digest"]) if digest}
