"""The suite that each engine passes.

A test module takes it over with ``import *`` and gives the fixture ``kit``: an engine, and what
differs in the ways to make something happen to it.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest
from tests.operations.worlds import tar

from twelve.engines.contract import AtWork, Engine, Exit, Job, OneOff, Process
from twelve.errors import Conflict, Invalid, Missing, NotFound, ReleaseFailed
from twelve.factors.codebase.tree import TreeFacts
from twelve.factors.logs.drains.drain import Drain
from twelve.factors.logs.filter import Filter
from twelve.factors.logs.render import Form
from twelve.factors.ports.routes import NEVER, Backend, Route, Table, cluster_name
from twelve.factors.processes.instance import Instance
from twelve.factors.processes.types import ProcessType

FILES = {"Procfile": "web: python -m twelve.static site\n", "site/index.html": "hello\n"}
WORKER = ProcessType("worker", "sleep 1000", settle=0.1, grace=5)
WEB = ProcessType("web", "python -m twelve.static site", port=True, route=True, grace=5, ready=20)
SECONDS = 20


class Kit(Protocol):
    """An engine under test."""

    engine: Engine
    folder: Path
    uid: int | None
    """Of builds and processes, where each has its own."""

    def breaks(self, process: Process) -> Process:
        """The process, which will end with code 3 as soon as it is started."""
        ...

    def port(self) -> int:
        """One that is free."""
        ...


class Placed(NamedTuple):
    """A build that is there."""

    kit: Kit
    artifact: Any

    def process(self, name: str, kind: ProcessType = WORKER, port: int | None = None) -> Process:
        instance = Instance("shop", "production", kind.name, "1", int(name.removeprefix("v")))
        return Process(
            instance, kind, {"COLOUR": "red"}, self.artifact, port, self.kit.uid, "shop.localhost"
        )

    def one_off(self, key: str, *words: str) -> OneOff:
        instance = Instance("shop", "production", "run", key, 1)
        return OneOff(instance, words, {"COLOUR": "red"}, self.artifact, self.kit.uid)


def tell(step: str, text: str, **_: Any) -> None:
    del step, text


def packed(kit: Kit, files: dict[str, str] = FILES) -> Path:
    path = kit.folder / f"{abs(hash(tuple(files.items()))):x}.tar"
    path.write_bytes(tar(files))
    return path


async def place(kit: Kit, files: dict[str, str] = FILES) -> Placed:
    staged = await kit.engine.receive(packed(kit, files), TreeFacts("archive"))
    try:
        artifact = await kit.engine.place(Job("shop", "production", staged, {}, {}, kit.uid), tell)
    finally:
        await kit.engine.discard(staged)
    return Placed(kit, artifact)


async def stop(kit: Kit, name: str) -> None:
    await kit.engine.stop(name, grace=5, signal="SIGTERM")


@pytest.fixture
async def placed(kit: Kit) -> AsyncIterator[Placed]:
    yield await place(kit)
    for name in await kit.engine.observe():
        await stop(kit, name)


async def test_a_tree_is_received_read_and_forgotten(kit: Kit):
    staged = await kit.engine.receive(packed(kit), TreeFacts("archive"))

    assert staged.tree.names == ("Procfile", "site/index.html")
    assert staged.read("site/index.html") == b"hello\n"
    assert staged.read("nowhere") is None
    await kit.engine.discard(staged)
    assert not staged.folder.exists()


async def test_what_is_no_archive_is_refused_and_leaves_nothing(kit: Kit):
    path = kit.folder / "none.tar"
    path.write_bytes(b"nothing of the kind" * 100)
    with pytest.raises(Invalid):
        await kit.engine.receive(path, TreeFacts("archive"))

    assert list(kit.folder.glob("builds/tree-*")) == []


async def test_the_same_tree_is_the_same_build_and_another_is_another(kit: Kit):
    first, again = await place(kit), await place(kit)
    other = await place(kit, {**FILES, "site/more.html": "more\n"})

    assert first.artifact["digest"] == again.artifact["digest"] != other.artifact["digest"]
    assert json.loads(json.dumps(first.artifact)) == first.artifact


async def test_a_process_is_up_when_started_and_gone_when_stopped(placed: Placed):
    engine, process = placed.kit.engine, placed.process("v1")
    up = await engine.start(process)

    assert up.name == process.name == "shop/production/worker.1@v1"
    seen = (await engine.observe())[process.name]
    assert (seen.state, seen.restarts, seen.last_exit) == ("up", 0, None)
    assert seen.pid
    await stop(placed.kit, process.name)
    assert process.name not in await engine.observe()


async def test_a_process_with_a_port_is_up_when_it_answers(placed: Placed):
    process = placed.process("v1", WEB, placed.kit.port())
    up = await placed.kit.engine.start(process)

    assert up.warnings == ()
    await stop(placed.kit, process.name)


async def test_stopping_what_is_not_there_is_no_fault(kit: Kit):
    await stop(kit, "shop/production/worker.9@v9")


async def test_a_name_is_in_use_until_its_process_is_gone(placed: Placed):
    process = placed.process("v1")
    await placed.kit.engine.start(process)
    with pytest.raises(Conflict):
        await placed.kit.engine.start(process._replace(variables={"COLOUR": "blue"}))
    await stop(placed.kit, process.name)
    await placed.kit.engine.start(process)


async def test_a_process_that_ends_before_it_is_up_is_told_and_can_be_stopped(placed: Placed):
    process = placed.kit.breaks(placed.process("v2"))
    with pytest.raises(ReleaseFailed, match="code 3"):
        await placed.kit.engine.start(process)

    assert process.name in await placed.kit.engine.observe()
    await stop(placed.kit, process.name)
    assert process.name not in await placed.kit.engine.observe()


async def test_without_waiting_a_process_is_kept_up_by_its_policy(placed: Placed):
    process = placed.process("v1")
    await placed.kit.engine.start(process, wait=False)

    assert process.name in await placed.kit.engine.observe()


async def test_a_start_that_is_cancelled_leaves_what_can_be_seen_and_stopped(placed: Placed):
    process = placed.process("v1", WORKER._replace(settle=60))
    starting = asyncio.ensure_future(placed.kit.engine.start(process))
    await asyncio.sleep(0)
    starting.cancel()
    await asyncio.wait({starting})
    if process.name in await placed.kit.engine.observe():
        await stop(placed.kit, process.name)

    assert process.name not in await placed.kit.engine.observe()


async def test_a_process_that_is_restarted_has_another_life_under_its_name(placed: Placed):
    process = placed.process("v1")
    await placed.kit.engine.start(process)
    before = (await placed.kit.engine.observe())[process.name]

    await placed.kit.engine.restart(process.name, grace=5, signal="SIGTERM")

    async with asyncio.timeout(SECONDS):
        while True:
            now = (await placed.kit.engine.observe())[process.name]
            if now.restarts == before.restarts + 1 and now.state == "up":
                break
            await asyncio.sleep(0.01)
    assert now.last_exit == Exit(None, "SIGTERM")
    assert await placed.kit.engine.last_words(process.name, 20, 1, 2) == []
    with pytest.raises(NotFound):
        await placed.kit.engine.restart("shop/production/web.9@v1", grace=5, signal="SIGTERM")


async def test_requests_are_switched_and_an_idle_cluster_drains_at_once(placed: Placed):
    port = placed.kit.port()
    process = placed.process("v1", WEB, port)
    await placed.kit.engine.start(process)
    cluster = cluster_name("shop", "production", "web", "v1", (port,))
    route = Route("shop", "production", ("shop.localhost",), cluster, NEVER)
    await placed.kit.engine.switch(Table((route,), (Backend(cluster, (port,)),)))

    async with asyncio.timeout(SECONDS):
        assert await placed.kit.engine.drain(cluster, 10) == 0
    assert (await placed.kit.engine.totals(cluster)).failures == 0
    assert (await placed.kit.engine.at_work()).get(port, AtWork()) == AtWork()
    assert await placed.kit.engine.ask(port, "/", "shop.localhost", 5) == ""
    await placed.kit.engine.switch(Table((route._replace(cluster=None),), ()))


async def test_a_table_that_is_not_whole_is_refused(kit: Kit):
    route = Route("shop", "production", ("shop.localhost",), "nowhere", NEVER)
    with pytest.raises(Invalid, match="not among the backends"):
        await kit.engine.switch(Table((route,), ()))


async def test_a_one_off_prints_and_ends_with_its_code(placed: Placed):
    engine, one_off = placed.kit.engine, placed.one_off("aa", "sh", "-c", "echo $COLOUR; exit 3")
    assert await engine.run(one_off) is None
    printed = b"".join([data async for _, data in engine.output(one_off.name)])

    assert printed == b"red\n"
    async with asyncio.timeout(SECONDS):
        assert await engine.ended(one_off.name) == Exit(3, None)
    assert one_off.name not in await engine.observe()
    want = Filter(processes=frozenset({"run.aa"}))
    lines = [line async for line in engine.lines("shop", "production", want, follow=False)]
    assert [(line.data, line.stream, line.release) for line in lines] == [(b"red", "stdout", "v1")]


async def test_a_signal_ends_a_one_off_and_is_its_end(placed: Placed):
    one_off = placed.one_off("bb", "sleep", "1000")
    await placed.kit.engine.run(one_off)
    assert (await placed.kit.engine.observe())[one_off.name]
    await placed.kit.engine.signal(one_off.name, "SIGKILL")

    async with asyncio.timeout(SECONDS):
        end = await placed.kit.engine.ended(one_off.name)
    assert (end.signal, end.status) == ("SIGKILL", 137)


async def test_notes_are_lines_of_the_stream_and_followed(kit: Kit):
    want = Filter(types=frozenset({"twelve"}))
    await kit.engine.note("shop", "notes", "first")
    async with asyncio.timeout(SECONDS):
        following = kit.engine.rendered("shop", "notes", want, follow=True, form=Form())
        found = await anext(following)
        await kit.engine.note("shop", "notes", "second")
        while b"second" not in found:
            found += await anext(following)
    await following.aclose()

    assert [line.partition(b"| ")[2] for line in found.splitlines()] == [b"first", b"second"]


async def test_what_befalls_a_process_is_told_in_order(placed: Placed):
    process = placed.process("v1")
    happenings = placed.kit.engine.happenings()
    kinds = []

    async def listen() -> None:
        async for what in happenings:
            if what.name == process.name and what.kind != "ready":
                kinds.append(what.kind)
                if what.kind == "gone":
                    return

    listening = asyncio.ensure_future(listen())
    await asyncio.sleep(0)
    await placed.kit.engine.start(process)
    await stop(placed.kit, process.name)
    async with asyncio.timeout(SECONDS):
        await listening

    assert kinds == ["started", "exited", "gone"]


async def test_builds_that_are_not_kept_are_gone_and_can_be_made_again(kit: Kit):
    kept, other = await place(kit), await place(kit, {**FILES, "site/other.html": "other\n"})
    await kit.engine.prune([kept.artifact])

    await kit.engine.start(kept.process("v1"))
    await stop(kit, kept.process("v1").name)
    with pytest.raises(Missing):
        await kit.engine.start(other.process("v2"))
    again = await place(kit, {**FILES, "site/other.html": "other\n"})
    assert again.artifact["digest"] == other.artifact["digest"]
    await kit.engine.start(again.process("v2"))
    await stop(kit, again.process("v2").name)


async def test_a_stream_that_cannot_be_sent_on_waits_where_it_is(kit: Kit):
    nowhere = Drain("k1", "shop", "production", "nowhere", "syslog://127.0.0.1:9", 0)
    await kit.engine.forward([nowhere])
    await kit.engine.note("shop", "production", "a line that is not delivered")
    async with asyncio.timeout(SECONDS):
        while not (far := await kit.engine.forwarded(nowhere)).waiting:  # noqa: ASYNC110 - a process works
            await asyncio.sleep(0.05)

    assert (far.lines, far.missing) == (0, 0)
    assert far.oldest_ns > 0
    assert not any(name.startswith("twelve/") for name in await kit.engine.observe())
    await kit.engine.forward([])
