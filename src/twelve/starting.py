"""Starting control by itself: as a part that the supervisor keeps running."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from twelve.control import CONTROL, LOCK, control_launch, make_folders
from twelve.engines.local.parts import COLLECTOR
from twelve.engines.local.renewing import differs, rows_of
from twelve.engines.local.router.files import Place as RouterPlace
from twelve.engines.local.supervisor_client import Supervisor, ensure_supervisor
from twelve.errors import Conflict, NotFound, Unreachable
from twelve.settings import Settings

CONTROL_LOGS = "logs/twelve/platform/control@-"
SECONDS = 60.0
PAUSE = 0.02
SOON = 0.005
"""Between two looks at what ends: people wait for it, and it ends within some hundredths."""
LEAVING = 30.0
"""Seconds that a control plane may take for its end, once nothing answers there any more."""
MOST_WORDS = 20


def start_control(settings: Settings, environ: Mapping[str, str]) -> None:
    """Start control under the supervisor and wait until its socket answers.

    Raises Unreachable with its last words when it does not.
    """
    make_folders(Path(settings.home), Path(settings.run), shared=os.geteuid() == 0)
    asyncio.run(begin(settings, environ))


async def begin(settings: Settings, environ: Mapping[str, str]) -> None:
    """Tell the supervisor, then knock until somebody opens."""
    supervisor = await ensure_supervisor(settings.run, settings.home)
    await launched(supervisor, settings, environ)
    before = await restarts(supervisor)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and await restarts(supervisor) <= before + 1:
        try:
            _, writer = await asyncio.open_unix_connection(f"{settings.run}/control.sock")
        except OSError:
            # One that has ended keeps its name until its last words are read.
            await launched(supervisor, settings, environ)
            await asyncio.sleep(PAUSE)
        else:
            writer.close()
            supervisor.close()
            return
    await supervisor.stop(CONTROL)
    folder = Path(settings.home) / CONTROL_LOGS
    raise Unreachable(
        "the control plane does not start", hint=f"its log: {folder}", problems=last_words(folder)
    )


async def launched(supervisor: Supervisor, settings: Settings, environ: Mapping[str, str]) -> None:
    """Tell the supervisor, unless it keeps one already, or another call has told it."""
    with contextlib.suppress(Conflict):
        await supervisor.start(control_launch(settings, environ))


async def restarts(supervisor: Supervisor) -> int:
    """How often control has been started again, in all its life under this supervisor."""
    rows = {row["name"]: row for row in await supervisor.list()}
    return int(rows.get(CONTROL, {}).get("restarts", 0))


def last_words(folder: Path) -> tuple[str, ...]:
    """The error that control ended with: the last in the stream that it wrote to last."""
    newest = max(folder.glob("*/*.log"), key=lambda path: path.stat().st_mtime_ns, default=None)
    if newest is None:
        return ("it printed nothing",)
    lines = newest.read_text(errors="replace").splitlines()[-MOST_WORDS:]
    errors = [number for number, line in enumerate(lines) if line.startswith("twelve: ")]
    return tuple(line.removeprefix("twelve: ") for line in lines[errors[-1] if errors else 0 :])


def renew_home(settings: Settings, leave: Callable[[], object]) -> None:
    """Have control start anew, from today's words; it replaces the parts of another version.

    ``leave`` asks a control that somebody started by hand: whoever that was starts it again.
    Raises Unreachable when none does.
    """
    asyncio.run(renewed(settings, leave))


async def renewed(settings: Settings, leave: Callable[[], object]) -> None:
    """End it, then knock until somebody else opens."""
    door = Path(settings.run) / "control.sock"
    before = signature(door)
    await restart(settings, leave)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if signature(door) not in (before, ()):
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_unix_connection(str(door))
                writer.close()
                return
        await asyncio.sleep(PAUSE)
    raise Unreachable(
        f"the control plane did not come back in {SECONDS:g} s; the apps go on",
        hint="start it as before: systemctl start twelve, or twelve serve",
    )


def signature(door: Path) -> tuple[int, ...]:
    """Which socket it is; nothing when it is not there."""
    with contextlib.suppress(OSError):
        facts = door.stat()
        return facts.st_ino, facts.st_ctime_ns
    return ()


async def restart(settings: Settings, leave: Callable[[], object]) -> None:
    """End control; the supervisor starts it from words of this version where it keeps it."""
    supervisor = await ensure_supervisor(settings.run, settings.home)
    rows = await rows_of(supervisor)
    if CONTROL not in rows:
        leave()
    elif differs(rows, launch := control_launch(settings, os.environ)):
        await supervisor.replace(launch)
    else:
        await supervisor.signal(CONTROL, "SIGTERM")
    supervisor.close()


def end_home(settings: Settings, leave: Callable[[], object]) -> None:
    """End control, the embedded servers, router, collector and supervisor of a home, in order.

    ``leave`` asks a control that somebody started by hand; one that we started is the
    supervisor's to stop.
    """
    asyncio.run(end_all(settings, leave))


async def end_all(settings: Settings, leave: Callable[[], object]) -> None:
    """Stop group after group, then the supervisor itself; sweep what they leave."""
    # Neither a supervisor's notes nor its socket: nothing of this home runs.
    notes, knock = Path(settings.home) / "supervisor/state.json", Path(settings.run)
    if not notes.exists() and not (knock / "supervisor.sock").exists():
        return
    # A dead supervisor's children live on: a new one finds them, and can end them.
    supervisor = await ensure_supervisor(settings.run, settings.home)
    names = await living(supervisor)
    if CONTROL not in names:
        with contextlib.suppress(Unreachable):
            leave()
        await nobody_answers(f"{settings.run}/control.sock")
        # It keeps the parts running until its very end.
        await nobody_holds(f"{settings.home}/{LOCK}")
    last = [COLLECTOR]
    rest = [name for name in names if name not in (CONTROL, COLLECTOR)]
    for group in ([CONTROL], rest, last):
        for name in set(group) & names:
            with contextlib.suppress(NotFound):
                await supervisor.stop(name)
        while set(group) & await living(supervisor):  # noqa: ASYNC110 - other processes end
            await asyncio.sleep(SOON)
    # Who ended while nobody looked waits for its last bytes to be read: no collector will come.
    with contextlib.suppress(NotFound):
        await supervisor.stop(COLLECTOR)
    await shut_down(supervisor)
    RouterPlace(Path(settings.home), Path(settings.run)).remove_leftovers()
    shutil.rmtree(settings.run, ignore_errors=True)


async def shut_down(supervisor: Supervisor) -> None:
    """End it, once the names of all that has ended are free."""
    while True:
        try:
            return await supervisor.shutdown()
        except Conflict:
            await asyncio.sleep(SOON)


async def living(supervisor: Supervisor) -> set[str]:
    """The names of what has not ended."""
    return {row["name"] for row in await supervisor.list() if row["state"] != "exited"}


async def nobody_holds(path: str) -> None:
    """Return when a lock is free, or was not free for ``LEAVING`` seconds."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return
    try:
        async with asyncio.timeout(LEAVING):
            while not locked(file):  # noqa: ASYNC110 - another process holds it
                await asyncio.sleep(SOON)
    except TimeoutError:
        pass
    finally:
        os.close(file)


def locked(file: int) -> bool:
    """Whether a lock is ours now."""
    try:
        # twelve: ignore[VIII-2] a home is a folder of one machine, so its lock is as wide as it is
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def nobody_answers(path: str) -> None:
    """Return when a socket is closed."""
    while True:
        try:
            _, writer = await asyncio.open_unix_connection(path)
        except OSError:
            return
        writer.close()
        await asyncio.sleep(SOON)
