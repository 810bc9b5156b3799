"""Limits of an instance, tried by programs that want more."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.engines.local.supervisor.worlds import World, alive, marked, until

from twelve.engines.local.sandbox import cgroups, hierarchies, limits, tiers
from twelve.engines.local.supervisor import launches

pytestmark = [pytest.mark.live, pytest.mark.anyio]

APP_UID = 61236
MIB = 1 << 20
PYTHON = next(
    path
    for path in ("/usr/bin/python3.11", "/usr/bin/python3", sys.executable)
    if Path(path).exists()
)
HERE = hierarchies.find("00000000")

SAY = """
import json, os, sys, time
def say(what, value):
    with open(sys.argv[1] + ".new", "w") as file:
        json.dump({what: value}, file)
    os.rename(sys.argv[1] + ".new", sys.argv[1])
"""
HOG = (
    SAY
    + """
kept = []
while True:
    kept.append(b"x" * (1 << 20))
    say("mib", len(kept))
"""
)
HOLD = (
    SAY
    + """
kept = b"x" * (int(sys.argv[2]) << 20)
pids = []
for _ in range(int(sys.argv[3])):
    pid = os.fork()
    if pid == 0:
        time.sleep(60)
    pids.append(pid)
say("held", len(kept) >> 20)
time.sleep(60)
"""
)
FORKS = (
    SAY
    + """
count = 0
try:
    while count < 500:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        count += 1
except OSError as error:
    say("forks", [count, error.errno])
"""
)
BOMB = (
    SAY
    + """
say("burns", 1)
while True:
    try:
        os.fork()
    except OSError:
        pass
"""
)
SPIN = (
    SAY
    + """
child = os.fork()
end = time.monotonic() + 2
while time.monotonic() < end:
    pass
if child:
    os.wait()
    spent = os.times()
    say("cpu", spent.user + spent.system + spent.children_user + spent.children_system)
"""
)
FILES = (
    SAY
    + """
opened = []
try:
    while True:
        opened.append(os.open("/dev/null", os.O_RDONLY))
except OSError as error:
    os.close(opened.pop()); os.close(opened.pop())
    say("files", [len(opened) + 2, error.errno])
"""
)
DISK = (
    SAY
    + """
written = 0
fd = os.open(os.environ["TMPDIR"] + "/filler", os.O_CREAT | os.O_WRONLY)
try:
    while True:
        written += os.write(fd, b"x" * 65536)
except OSError as error:
    say("bytes", [written, error.errno])
"""
)


def kept_by_group(*controllers: str) -> None:
    """Skip, and say so, where the kernel gives us no such control group."""
    if missing := [line for line in HERE.missing if line.partition(":")[0] in controllers]:
        pytest.skip("no control group here: " + "; ".join(missing))


class Limited:
    """Instances in the best box of this machine, and what they say."""

    def __init__(self, world: World, base: Path) -> None:
        self.world = world
        self.groups = hierarchies.find(launches.short(str(world.home))[:8])
        self.tier = tiers.detect(os.environ)
        self.base = base
        self.uid = APP_UID if self.tier.name == "strict" else None

    def told(self, name: str) -> Any:
        with contextlib.suppress(FileNotFoundError):
            return json.loads((self.base / name / "said").read_text())
        return None

    async def start(
        self, name: str, code: str, *words: object, tmp: int = 0, shell: bool = False, **more: Any
    ) -> str:
        folder = self.base / name
        folder.mkdir(exist_ok=True)
        if self.uid is not None:
            os.chown(folder, self.uid, self.uid)
        wanted = more.pop("limits", {})
        box = {
            "tier": self.tier.name, "via": self.tier.via, "program": self.tier.program,
            "uid": self.uid, "gid": self.uid, "user": "shop", "read": [], "write": [str(folder)],
            "tmp": tmp or 16 * MIB, "limits": wanted,
        }  # fmt: skip
        argv = [PYTHON, "-I", "-S", "-c", code, str(folder / "said"), *map(str, words)]
        if shell:
            argv = ["/bin/sh", "-c", '"$@"; exit $?', "sh", *argv]
        env = {"TMPDIR": "/tmp/home", "HOME": "/tmp/home"}
        return await self.world.start(name, *argv, box=box, env=env, **more)

    async def said(self, name: str) -> Any:
        return await until(lambda: self.told(name), f"a word of {name}")

    def left(self) -> set[str]:
        return cgroups.names(self.groups)

    def folders(self) -> list[str]:
        return [folder for folder in self.groups.folders() if os.path.exists(folder)]


@pytest.fixture
def limited(world: World, base: Path) -> Iterator[Limited]:
    made = Limited(world, base)
    yield made
    for name in made.left():  # the next test shall not pay for a failed one
        cgroups.empty(made.groups, name)
        cgroups.remove(made.groups, name)


async def end(limited: Limited, *names: str) -> None:
    for name in names:
        await limited.world.client.stop(name, 0.0)
    for name in names:
        await limited.world.event("gone", name)


async def test_a_memory_hog_is_killed_and_only_it(limited: Limited) -> None:
    kept_by_group("memory")
    calm = await limited.start("calm.1", HOLD, 8, 0, limits={"memory": 64 * MIB})
    await limited.said("calm.1")
    hog = await limited.start("hog.1", HOG, limits={"memory": 64 * MIB})
    exited = await limited.world.event("exited", hog)
    assert (exited["signal"], exited["oom"], exited["memory"]) == ("SIGKILL", True, 64 * MIB)
    assert limited.told("hog.1")["mib"] <= 64
    entry = await limited.world.entry(calm)
    assert entry
    assert (entry["state"], entry["restarts"]) == ("up", 0)
    await end(limited, calm)


async def test_without_a_group_a_memory_hog_is_refused_memory(limited: Limited) -> None:
    if "memory" in HERE.places:
        pytest.skip("the memory of a group is kept here")
    hog = await limited.start("hog.1", HOG, limits={"memory": 64 * MIB})
    exited = await limited.world.event("exited", hog)
    assert (exited["code"], exited["oom"]) == (1, False)
    assert 16 <= limited.told("hog.1")["mib"] <= 64


async def test_a_killed_program_of_a_shell_is_out_of_memory_too(limited: Limited) -> None:
    kept_by_group("memory")
    hog = await limited.start("hog.1", HOG, shell=True, limits={"memory": 64 * MIB})
    exited = await limited.world.event("exited", hog)
    assert (exited["code"], exited["oom"]) == (137, True)


async def test_each_run_has_its_own_count_of_kills(limited: Limited) -> None:
    kept_by_group("memory")
    hog = await limited.start("hog.1", HOG, limits={"memory": 32 * MIB}, restart={"mode": "always"})
    await limited.world.event("backoff", hog)
    ends = [event for _, event in limited.world.seen if event["event"] == "exited"]
    assert [one["oom"] for one in ends] == [True] * len(ends)
    assert len(ends) == 2
    await end(limited, hog)


async def test_a_process_killed_by_somebody_is_not_out_of_memory(limited: Limited) -> None:
    name = await limited.start("calm.1", HOLD, 8, 0, limits={"memory": 64 * MIB})
    await limited.said("calm.1")
    os.kill((await limited.world.event("started", name))["app_pid"], signal.SIGKILL)
    exited = await limited.world.event("exited", name)
    assert (exited["signal"], exited["oom"]) == ("SIGKILL", False)


async def test_forks_stop_at_the_limit(limited: Limited) -> None:
    name = await limited.start("forks.1", FORKS, limits={"pids": 20})
    exited = await limited.world.event("exited", name)
    assert exited["code"] == 0
    count, error = limited.told("forks.1")["forks"]
    assert error == 11
    assert count in ({19} if "pids" in HERE.places else {18, 19})  # the init may be counted too


async def test_a_fork_bomb_ends_with_its_instance(limited: Limited) -> None:
    kept_by_group("pids")
    name = await limited.start("bomb.1", BOMB, limits={"pids": 100})
    await limited.said("bomb.1")
    folder = limited.groups.folder("pids", launches.short(name))
    current = Path(folder, "pids.current")
    await until(lambda: int(current.read_text()) == 100, "a hundred processes")
    await end(limited, name)
    assert not marked(limited.world.mark)
    assert not limited.folders()


async def test_processor_time_is_a_share_of_wall_time(limited: Limited) -> None:
    kept_by_group("cpu")
    name = await limited.start("spin.1", SPIN, limits={"cpus": 0.25})
    began = time.monotonic()
    await limited.world.event("exited", name)
    # Two processes for two seconds: 4 s without a limit on two free processors.
    assert 0.05 < limited.told("spin.1")["cpu"] <= 0.25 * (time.monotonic() - began) + 0.25


async def test_files_stop_at_the_limit(limited: Limited) -> None:
    name = await limited.start("files.1", FILES, limits={"nofile": 32})
    await limited.world.event("exited", name)
    count, error = limited.told("files.1")["files"]
    assert (error, count <= 29) == (24, True)


async def test_the_private_tmp_is_full_at_its_size(limited: Limited) -> None:
    if not limited.tier.tmp:
        pytest.skip("this tier has no private /tmp")
    name = await limited.start("disk.1", DISK, tmp=8 * MIB)
    await limited.world.event("exited", name)
    written, error = limited.told("disk.1")["bytes"]
    assert error == 28
    assert 6 * MIB <= written <= 8 * MIB


async def test_two_instances_share_no_limit(limited: Limited) -> None:
    names = [
        await limited.start(f"hold.{n}", HOLD, 40, 15, limits={"memory": 64 * MIB, "pids": 20})
        for n in (1, 2)
    ]
    assert [(await limited.said(f"hold.{n}"))["held"] for n in (1, 2)] == [40, 40]
    await end(limited, *names)


async def test_what_has_no_limits_has_no_group(limited: Limited) -> None:
    name = await limited.start("free.1", HOLD, 1, 0, limits={"nofile": 64})
    await limited.said("free.1")
    assert limited.folders() == []
    await end(limited, name)


async def test_no_group_is_left_after_the_last_one_is_gone(limited: Limited) -> None:
    kept_by_group("memory", "cpu", "pids")
    wanted = {"memory": 64 * MIB, "cpus": 1.0, "pids": 50}
    names = [await limited.start(f"hold.{n}", HOLD, 4, 3, limits=wanted) for n in (1, 2, 3)]
    assert len(limited.left()) == 3
    await end(limited, *names[:2])
    assert len(limited.left()) == 1
    await end(limited, names[2])
    assert limited.folders() == []


async def test_limits_outlive_the_supervisor_and_go_with_the_instance(limited: Limited) -> None:
    kept_by_group("memory")
    world = limited.world
    hog = await limited.start("hog.1", f"import time; time.sleep(1.5)\n{HOG}",
                              limits={"memory": 48 * MIB})  # fmt: skip
    calm = await limited.start("calm.1", HOLD, 8, 3, limits={"memory": 64 * MIB, "pids": 20})
    await limited.said("calm.1")
    await world.kill_supervisor()
    await world.begin()
    assert (await world.event("exited", hog))["oom"] is True
    # The group goes when its last process has been reaped, which may be after the event.
    async with asyncio.timeout(20):
        while len(limited.left()) > 1:  # noqa: ASYNC110 - it is the kernel that tells, by a folder
            await asyncio.sleep(0.02)
    await end(limited, calm)
    assert limited.folders() == []


async def test_what_ended_while_nobody_looked_leaves_no_group(limited: Limited) -> None:
    kept_by_group("memory")
    world = limited.world
    hog = await limited.start("hog.1", f"import time; time.sleep(1)\n{HOG}",
                              limits={"memory": 48 * MIB})  # fmt: skip
    pid = (await world.event("started", hog))["app_pid"]
    await world.kill_supervisor()
    await until(lambda: not alive(pid), "the hog's end")
    await world.begin(since=0)
    assert (await world.event("exited", hog))["oom"] is True
    await until(lambda: not limited.folders(), "the end of its group")


async def test_a_killed_init_leaves_no_member_and_no_group(limited: Limited) -> None:
    kept_by_group("pids")
    name = await limited.start("hold.1", HOLD, 4, 5, limits={"pids": 20, "memory": 64 * MIB})
    await limited.said("hold.1")
    os.kill((await limited.world.event("started", name))["pid"], signal.SIGKILL)
    await limited.world.event("gone", name)
    assert not marked(limited.world.mark)
    await until(lambda: not limited.folders(), "the end of its group")


async def test_a_new_supervisor_ends_groups_that_nobody_knows(limited: Limited) -> None:
    kept_by_group("pids")
    world = limited.world
    await limited.start("hold.1", HOLD, 4, 5, limits={"pids": 20})
    await limited.said("hold.1")
    await world.kill_supervisor()
    (world.home / "supervisor" / "state.json").unlink()
    await world.begin()
    await until(lambda: not marked(world.mark), "the end of those that nobody knows")
    await until(lambda: not limited.folders(), "the end of their group")


async def test_an_upgrade_in_place_keeps_groups_and_limits(limited: Limited) -> None:
    kept_by_group("memory")
    world = limited.world
    hog = await limited.start("hog.1", f"import time; time.sleep(1.5)\n{HOG}",
                              limits={"memory": 48 * MIB})  # fmt: skip
    await world.event("started", hog)
    await world.client.reexec()
    await world.begin()
    assert (await world.event("exited", hog))["oom"] is True
    await until(lambda: not limited.folders(), "the end of its group")


async def test_the_supervisor_says_what_keeps_limits(limited: Limited) -> None:
    told = hierarchies.from_plain((await limited.world.client.hello())["groups"])
    assert (dict(told.places), told.missing) == (dict(HERE.places), HERE.missing)
    kept = limits.kept(told, limited.tier.name, limited.tier.via)
    assert kept.by.startswith("cgroup v") or len(kept.missing) >= 3
    await asyncio.sleep(0)
