"""Development: ``twelve up``, a control plane of its own in the foreground for one folder."""

import asyncio
import contextlib
import os
import signal
import time
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

from twelve.control import Control
from twelve.engines.local.probe import is_free
from twelve.errors import Conflict, Invalid, TwelveError
from twelve.factors.config.dotenv import parse_dotenv
from twelve.factors.logs.filter import Filter
from twelve.factors.logs.render import Form
from twelve.operations.destroy import down
from twelve.operations.develop import DEPLOY, Folder, develop, reload
from twelve.operations.wanted import hosts_of
from twelve.settings import Settings, default_home, load_settings
from twelve.starting import end_all
from twelve.store import apps

PORTS_TRIED = 100
LAST_LOOK = 0.05
"""Seconds: the collector tells of new lines at most every 20 ms."""
SETTLE_MS = 200
"""Milliseconds without another change before new processes are started."""

IGNORED = frozenset(
    {".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache", ".pytest_cache"}
    | {".ruff_cache", ".idea", ".vscode", "staticfiles", ".twelve"}
)
IGNORED_ENDINGS = (".pyc", ".swp", "~", ".log", ".sqlite3", ".sqlite3-journal", ".db", ".pid")


class Wish(NamedTuple):
    """What the caller asks of ``up``."""

    folder: Path
    app: str
    procfile: str
    words: tuple[str, ...]
    reload: bool
    hooks: bool
    colour: bool


async def run_up(wish: Wish, environ: Mapping[str, str], out: int) -> int:
    """Run until Ctrl-C or SIGTERM; the exit status. Leaves nothing running.

    Raises what a start may raise: then everything has been stopped.
    """
    settings = settings_for(wish, environ)
    say = Voice(out, wish.colour)
    leaving = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, leaving.set)
    try:
        async with AsyncExitStack() as opened:
            control = Control(settings, environ, owner=owner_of(wish.folder))
            await control.start_up(opened)
            printing = asyncio.create_task(print_lines(control, wish, say, time.time_ns()))
            try:
                await until_left(control, wish, say, leaving)
            finally:
                say("stopping")
                await down(control.house, lambda *_, **__: None)
                # What the processes said while they stopped is in the files by now.
                await asyncio.sleep(LAST_LOOK)
                printing.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await printing
    finally:
        await end_all(settings, lambda: None)
    return 0


async def until_left(control: Control, wish: Wish, say: "Voice", leaving: asyncio.Event) -> None:
    """Start, start anew on changes, until told to leave."""
    working = asyncio.create_task(work(control, wish, say))
    left = asyncio.create_task(leaving.wait())
    try:
        await asyncio.wait({working, left}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        for task in (working, left):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, TwelveError):
                await task


async def work(control: Control, wish: Wish, say: "Voice") -> None:
    """The first start, then a start for every change."""
    folder = folder_of(wish)
    await develop(control.house, folder, who(), say.tell)
    deploy = apps.get_deploy(control.house.store, wish.app, DEPLOY)
    port = control.settings.http_port
    say(f"{wish.app} is up: http://{hosts_of(control.house, deploy)[0]}:{port}")
    if not wish.reload:
        await asyncio.Event().wait()
    async for changed in changes(wish.folder):
        say(f"{', '.join(changed)} changed: starting anew")
        try:
            await reload(control.house, deploy, folder_of(wish), who(), say.tell)
        except TwelveError as error:
            # The old processes go on: the next save may mend it.
            say("\n".join([error.message, *(f"  {line}" for line in error.problems)]))


def folder_of(wish: Wish) -> Folder:
    """The folder with the variables of its ``.env`` as they are now. Raises Invalid."""
    env = wish.folder / ".env"
    pairs = parse_dotenv(env.read_bytes(), ".env") if env.is_file() else []
    if wish.procfile != "Procfile" and not (wish.folder / wish.procfile).is_file():
        raise Invalid(f"{wish.procfile}: there is no such file", hint="-f names the Procfile")
    return Folder(wish.folder, wish.app, wish.procfile, dict(pairs), wish.words, wish.hooks)


async def changes(folder: Path) -> AsyncIterator[list[str]]:
    """The names of files that changed, a batch each."""
    from watchfiles import Change, awatch

    def ours(_: Change, path: str) -> bool:
        parts = Path(path).relative_to(folder).parts
        return not IGNORED.intersection(parts) and not path.endswith(IGNORED_ENDINGS)

    async for batch in awatch(folder, watch_filter=ours, step=SETTLE_MS, debounce=1600):
        names = sorted({str(Path(path).relative_to(folder)) for _, path in batch})
        yield [*names[:3], *([f"{len(names) - 3} more"] if len(names) > 3 else [])]


async def print_lines(control: Control, wish: Wish, say: "Voice", since: int) -> None:
    """Every line of the processes, aligned and coloured by type."""
    want = Filter(since=since, streams=frozenset({"stdout", "stderr"}))
    form = Form(width=12, colour=wish.colour, clock=True)
    engine = control.house.engine
    async for piece in engine.rendered(wish.app, DEPLOY, want, follow=True, form=form):
        say.write(piece)


class Voice:
    """Writes to the terminal: lines of processes as they are, Twelve's own marked."""

    def __init__(self, out: int, colour: bool) -> None:
        self.out = out
        self.colour = colour

    def __call__(self, text: str) -> None:
        """A sentence of Twelve's own."""
        mark = "\x1b[1mtwelve\x1b[0m" if self.colour else "twelve"
        for line in text.splitlines():
            self.write(f"{mark} │ {line}\n".encode())

    def tell(self, step: str, text: str, **_: Any) -> None:
        """An event of an operation; the lines of build steps are in the stream anyway."""
        if step != "line":
            self(f"{step}: {text}" if step == "warning" else text)

    def write(self, data: bytes) -> None:
        """All of it."""
        view = memoryview(data)
        while view:
            view = view[os.write(self.out, view) :]


def settings_for(wish: Wish, environ: Mapping[str, str]) -> Settings:
    """The caller's settings, with a home of the folder's own and the next free port."""
    uid = os.geteuid()
    name = f"{wish.app}-{zlib.crc32(str(wish.folder).encode()):08x}"
    data = environ.get("TWELVE_HOME") or default_home(environ, uid)
    settings = load_settings(environ, {"TWELVE_HOME": f"{data}/up/{name}"}, uid=uid)
    first = settings.http_port
    for port in range(first, first + PORTS_TRIED):
        if is_free(port, settings.http_host):
            return settings._replace(http_port=port)
    raise Conflict(f"no port from {first} to {first + PORTS_TRIED - 1} is free")


def owner_of(folder: Path) -> int | None:
    """Whose files these are: as root, their processes run as that user."""
    owner = folder.stat().st_uid
    return owner if os.geteuid() == 0 and owner != 0 else None


def who() -> str:
    """The user who develops."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
