import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import struct
import termios
import time
from pathlib import Path
from typing import Any

import pytest
from tests.engines.local.supervisor.worlds import World, alive, marked, minds, until

from twelve.errors import Conflict, Invalid, NotFound

pytestmark = [pytest.mark.live, pytest.mark.anyio]

FOREVER = {"mode": "always"}

LIBC_SIGNALS = 0b11 << 31
"""32 and 33: whoever is started by posix_spawn, as make starts us, has them ignored for good."""


def text_of(pid: int | str, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()


def fields_of(pid: int) -> dict[str, str]:
    lines = text_of(pid, "status").splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


async def read_fifo(world: World, name: str, stream: str, holds: str) -> str:
    fd = os.open(world.folder(name) / stream, os.O_RDONLY | os.O_NONBLOCK)
    text = b""

    def more() -> bool:
        nonlocal text
        with contextlib.suppress(BlockingIOError):
            text += os.read(fd, 65536)
        return holds.encode() in text

    try:
        await until(more, f"{holds!r} on {stream}")
    finally:
        os.close(fd)
    return text.decode()


async def test_a_process_starts_and_its_exit_code_is_told(world: World) -> None:
    name = await world.start("run.a", "sh", "-c", "exit 3")
    started = await world.event("started", name)
    exited = await world.event("exited", name)
    assert (exited["code"], exited["signal"], exited["oom"]) == (3, None, False)
    await world.event("gone", name)
    assert started["app_pid"] != started["pid"]
    assert [event["event"] for _, event in world.seen] == ["started", "exited", "gone"]
    entry = await world.entry(name)
    assert entry is not None
    assert (entry["state"], entry["last_exit"]["code"]) == ("exited", 3)
    await world.client.forget(name)
    assert await world.entry(name) is None


async def test_a_signal_is_told_by_its_name(world: World) -> None:
    name = await world.start("run.a", "sh", "-c", "kill -SEGV $$")
    assert (await world.event("exited", name))["signal"] == "SIGSEGV"


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["gunicorn-that-is-not-there"], 127, "cannot run 'gunicorn-that-is-not-there': no such"),
        (["/etc/passwd"], 126, "cannot run '/etc/passwd': Permission denied"),
    ],
)
async def test_a_program_that_cannot_run_is_told_on_its_own_stderr(
    world: World, argv: list[str], code: int, words: str
) -> None:
    world.run.joinpath("p").mkdir(exist_ok=True)
    name = world.launch("run.a", *argv)["name"]
    # Hold the reader before it starts: without a collector the folder goes at once.
    keep = await world.start("web.1", "sleep", "100")
    assert keep
    collector = world.launch("x", "sleep", "100", restart=FOREVER)
    await world.client.start({**collector, "name": "twelve/collector@-"})
    await world.start("run.a", *argv)
    text = await read_fifo(world, name, "stderr", "\n")
    assert text.startswith(f"twelve: {words}")
    assert (await world.event("exited", name))["code"] == code
    await world.client.stop("twelve/collector@-", 1.0)
    await world.event("gone", name)


async def test_a_child_begins_clean(world: World) -> None:
    name = await world.start("web.1", "sleep", "100")
    pid = (await world.event("started", name))["app_pid"]
    await until(lambda: text_of(pid, "comm") == "sleep\n")
    status = fields_of(pid)
    assert status["Umask"] == "0022"
    for mask in ("SigBlk", "SigIgn", "SigCgt"):
        assert int(status[mask], 16) & ~LIBC_SIGNALS == 0, mask
    fds = sorted(os.listdir(f"/proc/{pid}/fd"), key=int)
    assert fds == ["0", "1", "2"]
    folder = world.folder(name)
    assert os.readlink(f"/proc/{pid}/fd/1") == str(folder / "stdout")
    assert text_of(pid, "limits") == text_of("self", "limits")
    assert text_of(pid, "oom_score_adj") == text_of("self", "oom_score_adj")
    environ = text_of(pid, "environ").split("\0")
    assert sorted(item.partition("=")[0] for item in environ if item) == [
        "PATH",
        "TWELVE_TEST_MARK",
    ]


async def test_the_state_file_holds_no_environment(world: World) -> None:
    name = await world.start("web.1", "sleep", "100", env={"SECRET": "canary-7d1f"})
    await world.event("started", name)
    for path in [*world.home.rglob("*"), *world.run.rglob("*")]:
        if path.is_file():
            assert b"canary-7d1f" not in path.read_bytes(), path
    assert marked("canary-7d1f")


async def test_a_name_in_use_is_refused(world: World) -> None:
    name = await world.start("web.1", "sleep", "100")
    with pytest.raises(Conflict, match="in use"):
        await world.start("web.1", "sleep", "100")
    with pytest.raises(NotFound):
        await world.client.stop("shop/production/nobody@v1")
    with pytest.raises(Invalid, match="cwd"):
        await world.start("web.2", "sleep", "1", cwd="relative")
    with pytest.raises(Conflict, match="live"):
        await world.client.shutdown()
    await world.client.stop(name)
    await world.event("gone", name)
    await world.start("web.1", "sleep", "100")


async def test_the_first_restart_is_at_once_then_it_waits(world: World) -> None:
    name = await world.start("web.1", "false", restart=FOREVER)
    backoff = await world.event("backoff", name)
    assert 0.8 <= backoff["delay"] <= 1.2
    assert backoff["restarts"] == 1
    entry = await world.entry(name)
    assert entry is not None
    assert (entry["state"], entry["restarts"], entry["last_exit"]["code"]) == ("backoff", 1, 1)
    await world.event("started", name, restarts=2)
    await world.event("backoff", name, restarts=2)
    begin = time.monotonic()
    await world.client.stop(name)
    await world.event("gone", name)
    assert time.monotonic() - begin < 1.0


async def test_a_killed_worker_is_back_at_once(world: World) -> None:
    name = await world.start("worker.1", "sleep", "100", restart=FOREVER)
    pid = (await world.event("started", name))["app_pid"]
    os.kill(pid, signal.SIGKILL)
    exited = await world.event("exited", name)
    again = await world.event("started", name, restarts=1)
    assert exited["signal"] == "SIGKILL"
    assert (again["at_ns"] - exited["at_ns"]) / 1e6 < 500  # the bar is in bench/: this is a busy CI


WRAPPERS = {
    "sh": ["sh", "-c", "sleep 100; true"],
    "npm-like": ["sh", "-c", "sh -c 'sleep 100; true' & wait"],
    "double fork": ["sh", "-c", "(setsid sh -c 'sleep 100 & sleep 100' &) ; sleep 100; true"],
    "setsid": ["sh", "-c", "setsid sleep 100 & setsid sleep 101 & wait"],
    "leaves and leaves a daemon": ["sh", "-c", "setsid sleep 100 & exit 0"],
}


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("tier", ["bare", "strict"])
async def test_all_of_a_group_ends_with_it(world: World, wrapper: str, tier: str) -> None:
    if tier == "strict" and os.geteuid() != 0:
        pytest.skip("needs root")
    box: dict[str, Any] = {"tier": tier} | ({"uid": 61077} if tier == "strict" else {})
    name = await world.start("web.1", *WRAPPERS[wrapper], box=box)
    await world.event("started", name)
    if not wrapper.startswith("leaves"):
        await until(lambda: len(marked(world.mark)) >= 2, "its processes")
        await world.client.stop(name, 5.0)
    await world.event("gone", name)
    assert marked(world.mark) == []


@pytest.mark.skipif(shutil.which("npm") is None, reason="there is no npm")
async def test_what_npm_has_started_ends_with_it(world: World, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"scripts": {"start": "sleep 100 & sleep 101; true"}}')
    argv = ["npm", "--prefix", str(tmp_path), "start"]
    name = await world.start("web.1", *argv, env={"HOME": str(tmp_path)})
    await world.event("started", name)
    # npm, its shell and both of its commands
    await until(lambda: len([p for p in marked(world.mark) if is_sleep(p)]) == 2, "its sleepers")
    await world.client.stop(name, 5.0)
    await world.event("gone", name)
    assert marked(world.mark) == []


def is_sleep(pid: int) -> bool:
    try:
        return text_of(pid, "comm") == "sleep\n"
    except OSError:
        return False


DEAF = ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"]


@pytest.mark.parametrize("tier", ["bare", "strict"])
async def test_a_deaf_one_is_killed_at_its_own_deadline(world: World, tier: str) -> None:
    if tier == "strict" and os.geteuid() != 0:
        pytest.skip("needs root")
    box: dict[str, Any] = {"tier": tier} | ({"uid": 61077} if tier == "strict" else {})
    deaf = [await world.start(f"deaf.{n}", *DEAF, box=box) for n in range(3)]
    for name in deaf:
        pid = (await world.event("started", name))["app_pid"]
        await until(lambda pid=pid: minds(pid, signal.SIGTERM))
    begin = time.monotonic()
    for name, grace in zip(deaf, (0.5, 0.5, 1.5), strict=True):
        await world.client.stop(name, grace)
    await world.event("gone", deaf[1])
    assert 0.4 < time.monotonic() - begin < 1.4
    assert (await world.event("exited", deaf[2]))["signal"] == "SIGKILL"
    assert 1.4 < time.monotonic() - begin < 3


async def test_a_second_stop_cannot_prolong_the_first(world: World) -> None:
    name = await world.start("deaf.1", *DEAF)
    await world.event("started", name)
    begin = time.monotonic()
    await world.client.stop(name, 0.5)
    await world.client.stop(name, 60.0)
    await world.event("gone", name)
    assert time.monotonic() - begin < 3


async def test_twenty_are_stopped_together(world: World) -> None:
    names = [await world.start(f"web.{n}", "sleep", "100", restart=FOREVER) for n in range(20)]
    for name in names:
        await world.event("started", name)
    begin = time.monotonic()
    await asyncio.gather(*(world.client.stop(name, 5.0) for name in names))
    await until(lambda: sum(e["event"] == "gone" for _, e in world.seen) == 20)
    took = time.monotonic() - begin
    assert took < 1.0  # 0.1 s on a quiet machine: docs/explanation/supervision.md
    assert await world.client.list() == []


async def test_a_signal_reaches_the_group(world: World) -> None:
    script = "trap 'exit 9' USR1; sleep 100 & wait; wait"
    name = await world.start("web.1", "sh", "-c", script)
    pid = (await world.event("started", name))["app_pid"]
    await until(lambda: minds(pid, signal.SIGUSR1))
    await world.client.signal(name, "USR1")
    assert (await world.event("exited", name))["code"] == 9


async def test_a_pipe_is_handed_over_once_and_closes(world: World) -> None:
    name = await world.start("run.a", "sh", "-c", "wc -c | grep -qx 5", stdin="pipe")
    fd = await world.client.input(name)
    with pytest.raises(Conflict, match="input"):
        await world.client.input(name)
    os.write(fd, b"12345")
    os.close(fd)
    assert (await world.event("exited", name))["code"] == 0


async def test_a_terminal_is_a_terminal(world: World) -> None:
    script = "test -t 0 && test -t 1 && stty size && trap 'stty size; exit 5' INT; echo on; read x"
    launch = world.launch("x", "sleep", "100", restart=FOREVER)
    await world.client.start({**launch, "name": "twelve/collector@-"})
    name = await world.start("run.a", "sh", "-c", script, stdin="pty", size=[33, 99])
    master = await world.client.input(name)
    text = await read_fifo(world, name, "tty", "on\r\n")
    assert "33 99\r\n" in text
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 111, 0, 0))
    os.write(master, b"\x03")
    assert "44 111" in await read_fifo(world, name, "tty", "44 111")
    assert (await world.event("exited", name))["code"] == 5
    os.close(master)


async def test_ready_comes_by_datagram(world: World) -> None:
    script = (
        "import os, socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM);"
        "s.sendto(b'READY=1', os.environ['NOTIFY_SOCKET']); import time; time.sleep(100)"
    )
    name = await world.start("web.1", "/usr/bin/python3", "-c", script, notify=True)
    await world.event("ready", name)
    entry = await world.entry(name)
    assert entry is not None
    assert entry["ready"] is True


async def test_dead_init_takes_its_app_along_and_is_replaced(world: World) -> None:
    script = "setsid sleep 100 & sleep 100; true"
    name = await world.start("web.1", "sh", "-c", script, restart=FOREVER)
    first = await world.event("started", name)
    await until(lambda: len(marked(world.mark)) >= 3)
    os.kill(first["pid"], signal.SIGKILL)
    await world.event("exited", name, signal="SIGKILL")
    await world.event("started", name, restarts=1)
    assert not alive(first["app_pid"])
    await until(lambda: len(marked(world.mark)) == 3, "as many as before")


async def test_a_dead_zygote_is_replaced(world: World) -> None:
    first = await world.start("web.1", "sleep", "100", restart=FOREVER)
    init = (await world.event("started", first))["pid"]
    mine = (await world.client.hello())["pid"]

    def zygotes() -> list[int]:
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                parent = fields_of(int(pid))["PPid"]
                if int(parent) == mine and int(pid) != init:
                    found.append(int(pid))
        return found

    (old,) = zygotes()
    os.kill(old, signal.SIGKILL)
    await until(lambda: zygotes() not in ([], [old]))
    name = await world.start("web.2", "sleep", "100")
    await world.event("started", name)


async def test_descriptors_stay_flat_over_200_starts(world: World) -> None:
    pid = (await world.client.hello())["pid"]
    for stdin in ("null", "pipe", "pty"):
        name = await world.start("run.warm", "true", stdin=stdin, notify=True)
        await world.event("gone", name)
        await world.client.forget(name)
        world.seen.clear()
    before = len(os.listdir(f"/proc/{pid}/fd"))
    for number in range(200):
        stdin = ("null", "pipe", "pty")[number % 3]
        name = await world.start(f"run.{number}", "true", stdin=stdin, notify=number % 2 == 0)
        await world.event("gone", name)
        await world.client.forget(name)
    # One that is being closed, or a connection of the moment, may be among them.
    await until(lambda: len(os.listdir(f"/proc/{pid}/fd")) <= before, "no more descriptors")
    assert os.listdir(world.run / "p") == []
