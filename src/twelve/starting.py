"""Starting control by itself: as a part that the supervisor keeps running."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from twelve.control import make_folders
from twelve.engines.local.parts import COLLECTOR
from twelve.engines.local.supervisor_client import Supervisor, ensure_supervisor
from twelve.errors import Conflict, NotFound, Unreachable
from twelve.settings import SETTINGS, Settings

CONTROL = "twelve/control@-"
SECONDS = 60.0
PASSED_ON = ("PATH", "HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "LANG", "SSL_CERT_FILE")


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
        await supervisor.start(launch(settings, environ))
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


def launch(settings: Settings, environ: Mapping[str, str]) -> dict[str, object]:
    """How the supervisor starts control."""
    names = {row.name for row in SETTINGS} - {"TWELVE_APP", "TWELVE_URL", "TWELVE_TOKEN"}
    given = {name: environ[name] for name in (*PASSED_ON, *names) if environ.get(name)}
    proxies = {
        name: value
        for name, value in environ.items()
        if name.startswith(("UV_", "NPM_CONFIG_", "npm_config_")) or name.lower().endswith("_proxy")
    }
    return {
        "name": CONTROL,
        "argv": [sys.executable, "-m", "twelve", "serve"],
        "env": {**given, **proxies, "TWELVE_HOME": settings.home},
        "cwd": "/",
        "stdin": "null",
        "logs": {
            "dir": "logs/twelve/platform/control@-",
            "budget": settings.log_budget,
            "age": settings.log_age,
            "demux": False,
        },
        "restart": {"mode": "always"},
        "grace": 10.0,
        "stop_signal": "SIGTERM",
        "notify": False,
        "box": {"tier": "bare"},
    }


def last_words(settings: Settings) -> str:
    """The last lines that control printed."""
    lines: list[str] = []
    folder = Path(settings.home) / "logs/twelve/platform/control@-"
    for path in sorted(folder.glob("*/*.log")):
        lines += path.read_text(errors="replace").splitlines()[-5:]
    return "\n".join(lines[-5:])


def end_without_control(settings: Settings) -> int:
    """End everything of a home whose control is dead; how many processes ran."""
    return asyncio.run(end_all(settings))


async def end_all(settings: Settings) -> int:
    """Stop all that the supervisor keeps, collector last, then the supervisor itself."""
    try:
        supervisor = await Supervisor.connect(settings.run)
    except Unreachable:
        return 0
    names = [row["name"] for row in await supervisor.list() if row["state"] != "exited"]
    collector = [name for name in names if name == COLLECTOR]
    for group in ([name for name in names if name not in collector], collector):
        for name in group:
            with contextlib.suppress(NotFound):
                await supervisor.stop(name)
        await until_gone(supervisor, set(group))
    await supervisor.shutdown()
    return len(names)


async def until_gone(supervisor: Supervisor, names: set[str]) -> None:
    """Return when none of them is left."""
    while names & {row["name"] for row in await supervisor.list() if row["state"] != "exited"}:
        await asyncio.sleep(0.05)
