"""What a reboot leaves of a home: every process gone at once, /run empty, another boot's id."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sqlite3
import time

from demo.home import Home
from demo.leftovers import Seen, Watch, processes, stat

PATIENCE = 30.0
ANOTHER_BOOT = "00000000-0000-4000-8000-000000000000"


def reboot(home: Home) -> int:
    """Kill everything of a home, by pid; how many processes that were.

    State file and journal then tell of another boot, as those from before a reboot do.
    """
    watch = Watch([home.folder, home.run], home.folder, but=())
    mine = watch.marked(processes()) - ours(watch) | inits(home)
    for seen in mine:
        # Nobody gets to act on another's death.
        with contextlib.suppress(ProcessLookupError):
            os.kill(seen.pid, signal.SIGSTOP)
    for seen in mine:
        with contextlib.suppress(ProcessLookupError):
            os.kill(seen.pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while any(alive(seen) for seen in mine):
        assert time.monotonic() < deadline, "something does not die"
        time.sleep(0.01)
    shutil.rmtree(home.run, ignore_errors=True)
    state = home.home / "supervisor/state.json"
    kept = json.loads(state.read_text())
    state.write_text(json.dumps(kept | {"boot_id": ANOTHER_BOOT}))
    with contextlib.closing(sqlite3.connect(home.home / "twelve.db")) as store, store:
        store.execute("UPDATE journal SET detail = json_set(detail, '$.boot', ?)", (ANOTHER_BOOT,))
    return len(mine)


def ours(watch: Watch) -> set[Seen]:
    """Who looks on: this process with all that it started, and the home's guard."""
    from demo.guard import below, waits

    every = set(processes())
    known = below(os.getpid(), every)
    return {s for s in watch.marked(every) if s.pid in known or waits(s.pid)}


def inits(home: Home) -> set[Seen]:
    """Those of the supervisor's list: nothing in their arguments may name the home."""
    from twelve.engines.local.supervisor_client import Supervisor
    from twelve.errors import TwelveError

    async def ask() -> set[int]:
        try:
            async with await Supervisor.connect(home.run) as supervisor:
                rows = await supervisor.list()
        except TwelveError:
            return set()
        return {pid for row in rows for pid in (row["pid"], row["app_pid"]) if pid}

    pids = asyncio.run(ask())
    return {seen for seen in processes() if seen.pid in pids}


def alive(seen: Seen) -> bool:
    """Whether it still runs; one that waits to be reaped does not."""
    fields = stat(seen.pid)
    return bool(fields) and fields[0] not in "ZX" and int(fields[19]) == seen.started
