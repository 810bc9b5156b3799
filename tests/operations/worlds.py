"""A house with the engine in memory and a real store, and what must hold of it at rest."""

import asyncio
import contextlib
import dataclasses
import io
import itertools
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import apsw

from twelve.engines.memory import MemoryEngine
from twelve.errors import TwelveError, Unreachable
from twelve.factors.codebase.tree import TreeFacts
from twelve.factors.releases.release import Release
from twelve.operations.configure import configure
from twelve.operations.deploy import Wish, deploy
from twelve.operations.house import House, UnderWay
from twelve.operations.leaving import Leaving
from twelve.operations.recover import recover
from twelve.operations.rollback import rollback
from twelve.operations.scale import scale
from twelve.operations.wanted import backends_of, instances_of
from twelve.settings import load_settings
from twelve.store import apps, journal, leases, releases, versions
from twelve.store.apps import Deploy
from twelve.store.connection import open_store
from twelve.store.vault import Vault

PROCFILE = "web: serve\nworker: work\n"
SHOP = {"Procfile": PROCFILE}
KINDS = ("config", "attachments")


class Servers:
    """Backing services that are names."""

    def __init__(self) -> None:
        self.made: list[tuple[str, str]] = []
        self.versions: dict[str, str] = {}
        """What the server at a URL says that it is; without a word it does not answer."""

    async def create(self, kind: str, name: str) -> str:
        self.made.append((kind, name))
        return f"{kind}://{name}:secret@127.0.0.1:5432/{name}"

    async def destroy(self, kind: str, name: str) -> None:
        self.made.remove((kind, name))

    async def ensure(self, kinds: set[str]) -> None:
        pass

    async def version(self, kind: str, url: str) -> str:
        if url not in self.versions:
            raise Unreachable(f"{kind}: nobody answers")
        return self.versions[url]


class Listener:
    """Keeps what an operation says."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def __call__(self, step: str, text: str, **_: Any) -> None:
        self.said.append((step, text))

    def of(self, step: str) -> list[str]:
        return [text for at, text in self.said if at == step]


class World:
    """One home."""

    def __init__(self, folder: Path, engine: MemoryEngine | None = None) -> None:
        folder.mkdir(exist_ok=True, parents=True)
        self.folder = folder
        ticks = itertools.count(1_700_000_000_000_000_000, 1_000_000)
        self.engine = engine or MemoryEngine(folder, lambda: next(ticks))
        self.taken: set[int] = set()
        """Ports that strangers hold."""
        self.tell = Listener()
        self.archives = itertools.count()
        settings = load_settings({"TWELVE_HOME": str(folder)}, uid=1000)
        self.house = House(
            settings._replace(ports=(20000, 20019), keep_releases=2, watch=0.05),
            open_store(folder / "twelve.db", Vault(bytes(32))),
            self.engine,
            Servers(),
            lambda: next(ticks),
            lambda port: port not in self.taken,
            lambda _: None,
            "none",
        )

        # Nobody pulls the plug of a test.
        self.store.db.execute("PRAGMA synchronous=OFF")

    @property
    def store(self):
        return self.house.store

    @property
    def shop(self) -> Deploy:
        return apps.get_deploy(self.store, "shop", "production")

    @property
    def current(self) -> Release | None:
        return releases.current(self.store, self.shop)

    def archive(self, files: Mapping[str, str]) -> Path:
        path = self.folder / f"archive-{next(self.archives)}.tar"
        path.write_bytes(tar(files))
        return path

    async def deploy(self, files: Mapping[str, str] = SHOP, **more: Any) -> Release:
        facts = more.pop("facts", TreeFacts("folder"))
        wish = Wish(more.pop("app", "shop"), more.pop("deploy", "production"), "ann")
        wish = wish._replace(gate=False)._replace(**more)
        return await deploy(self.house, self.archive(files), facts, wish, self.tell)

    async def scale(self, *words: str) -> Release:
        return await scale(self.house, self.shop, words, who="ann", tell=self.tell)

    async def rollback(self, to: int | None = None, **more: Any) -> Release:
        return await rollback(self.house, self.shop, to, who="ann", tell=self.tell, **more)

    async def configure(self, *drop: str, **put: str) -> Release | None:
        return await configure(self.house, self.shop, put=put, drop=drop, who="ann", tell=self.tell)

    async def quiet(self) -> None:
        """Wait until nothing goes on in the background but runs and watches."""
        async with asyncio.timeout(10):
            while tasks := {
                task
                for task in self.house.under_way.background
                if task.get_coro().__name__ not in {"record_end", "watch"}
            }:
                await asyncio.wait(tasks)

    async def until(self, true: Callable[[], bool]) -> None:
        """Look again and again."""
        async with asyncio.timeout(5):
            while not true():  # noqa: ASYNC110 - whatever it is, nobody tells of it
                await asyncio.sleep(0)

    async def whole(self) -> None:
        """At rest, what runs is what the ledger says, and nothing else is left of anything."""
        await self.quiet()
        house, store = self.house, self.store
        wanted, clusters = set[str](), set[str]()
        for noun in apps.deploys(store):
            release = releases.current(store, noun)
            if release and noun.id not in house.under_way.resting:
                wanted |= {instance.name for instance in instances_of(noun, release)}
                own = backends_of(house, noun, release).values()
                clusters |= {backend.cluster for backend in own if backend.ports}
        assert set(self.engine.processes) == wanted
        assert {seen.state for seen in self.engine.processes.values()} <= {"up"}
        table = self.engine.table
        assert {route.cluster for route in table.routes if route.cluster} == clusters
        assert {backend.cluster for backend in table.backends} == clusters
        assert set(leases.ports(store)) == {n for n in wanted if "/web." in n}
        for name, port in leases.ports(store).items():
            assert self.engine.started[name].port == port
        assert journal.unfinished(store) == []
        assert house.leaving == dataclasses.replace(Leaving(), numbers=house.leaving.numbers)
        assert house.instead == {}
        assert list(self.folder.glob("builds/tree-*")) == []

    def events(self, number: int) -> list[str]:
        return [event.kind for event in releases.events(self.store, self.shop, number)]

    def heads(self) -> tuple[int, int]:
        config, attachments = (versions.head(self.store, self.shop, kind) for kind in KINDS)
        return config, attachments

    def states(self, kind: str = "config") -> dict[int, str]:
        rows = versions.history(self.store, self.shop, kind)
        return {row.version: row.state for row in rows}

    def after_death(self) -> "World":
        """The home as a control finds it that starts now: the store's file, and what runs."""
        folder = self.folder / "again"
        folder.mkdir()
        copy = apsw.Connection(str(folder / "twelve.db"))
        with copy.backup("main", self.store.db, "main") as backup:
            backup.step()
        copy.close()
        engine = MemoryEngine(folder, self.engine.now)
        engine.processes = dict(self.engine.processes)
        engine.started = dict(self.engine.started)
        engine.one_offs = dict(self.engine.one_offs)
        engine.tables = list(self.engine.tables)
        engine.stored = set(self.engine.stored)
        loop = asyncio.get_running_loop()
        engine.inputs = {name: loop.create_future() for name in engine.one_offs}
        return World(folder, engine)

    async def recover(self) -> list[str]:
        return await recover(self.house)

    def same_home_other_control(self) -> None:
        """What is only in memory is gone."""
        self.house = dataclasses.replace(self.house, under_way=UnderWay(), leaving=Leaving())


def tar(files: Mapping[str, str]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return data.getvalue()


@contextlib.asynccontextmanager
async def held(
    world: World, verb: str, subject: str, work: Callable[[], Awaitable[Any]]
) -> AsyncIterator[tuple["asyncio.Task[Any]", Any]]:
    """An operation that stands still at one act of the engine."""
    hold = world.engine.hold(verb, subject)
    task = asyncio.ensure_future(work())
    reached = asyncio.ensure_future(hold.reached.wait())
    await asyncio.wait({task, reached}, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    assert reached.done(), f"never came to {verb} {subject}: {task}"
    try:
        yield task, hold
    finally:
        hold.go.set()
        if not task.done():
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError, TwelveError):
            await task
