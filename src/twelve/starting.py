"""Starting control by itself: as a part that the supervisor keeps running."""

import asyncio
import contextlib
import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from twelve.control import CONTROL, control_launch, make_folders
from twelve.engines.local.parts import COLLECTOR
from twelve.engines.local.router.files import Place as RouterPlace
from twelve.engines.local.supervisor_client import Supervisor, ensure_supervisor
from twelve.errors import Conflict, NotFound, Unreachable
from twelve.settings import Settings

SECONDS = 60.0


def start_control(settings: Settings, environ: Mapping[str, str]) -> None:
    """Start control under the supervisor and wait until its socket answers.

    Raises Unreachable with its last words when it does not.
    """
    make_folders(Path(settings.home), Path(settings.run), shared=os.geteuid() == 0)
    asyncio.run(begin(settings, environ))


async def begin(settings: Settings, environ: Mapping[str, str]) -> None:
    """Tell the supervisor, then knock until somebody opens."""
    supervisor = await ensure_supervisor(settings.run, settings.home)
    try:
        await supervisor.start(control_launch(settings, environ))
    except Conflict:
        # It is being started by another call, or it runs and does not answer yet.
        pass
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            _, writer = await asyncio.open_unix_connection(f"{settings.run}/control.sock")
        except OSError:
            rows = {row["name"]: row for row in await supervisor.list()}
            if rows.get(CONTROL, {}).get("restarts", 0) > 1:
                break
            await asyncio.sleep(0.03)
        else:
            writer.close()
            supervisor.close()
            return
    words = last_words(settings)
    await supervisor.stop(CONTROL)
    raise Unreachable("the control plane does not start", hint=words)


def last_words(settings: Settings) -> str:
    """The last lines that control printed to the stream that it wrote to last."""
    folder = Path(settings.home) / "logs/twelve/platform/control@-"
    newest = max(folder.glob("*/*.log"), key=lambda path: path.stat().st_mtime_ns, default=None)
    if newest is None:
        return "it printed nothing"
    return "\n".join(newest.read_text(errors="replace").splitlines()[-5:])


def end_home(settings: Settings, leave: Callable[[], object]) -> None:
    """End control, the embedded servers, router, collector and supervisor of a home, in order.

    ``leave`` asks a control that somebody started by hand; one that we started is the
    supervisor's to stop.
    """
    asyncio.run(end_all(settings, leave))


async def end_all(settings: Settings, leave: Callable[[], object]) -> None:
    """Stop group after group, then the supervisor itself; sweep what they leave."""
    try:
        supervisor = await Supervisor.connect(settings.run)
    except Unreachable:
        return
    names = await living(supervisor)
    if CONTROL not in names:
        with contextlib.suppress(Unreachable):
            leave()
        await nobody_answers(f"{settings.run}/control.sock")
    last = [COLLECTOR]
    rest = [name for name in names if name not in (CONTROL, COLLECTOR)]
    for group in ([CONTROL], rest, last):
        for name in set(group) & names:
            with contextlib.suppress(NotFound):
                await supervisor.stop(name)
        while set(group) & await living(supervisor):
            await asyncio.sleep(0.02)
    await supervisor.shutdown()
    RouterPlace(Path(settings.home), Path(settings.run)).remove_leftovers()
    shutil.rmtree(settings.run, ignore_errors=True)


async def living(supervisor: Supervisor) -> set[str]:
    """The names of what has not ended."""
    return {row["name"] for row in await supervisor.list() if row["state"] != "exited"}


async def nobody_answers(path: str) -> None:
    """Return when a socket is closed."""
    while True:
        try:
            _, writer = await asyncio.open_unix_connection(path)
        except OSError:
            return
        writer.close()
        await asyncio.sleep(0.02)
