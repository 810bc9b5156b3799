"""Up: start, start anew on changes, until told to leave; then nothing is left."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

from twelve.control import Control
from twelve.development.place import clear, held, http_port, owner_of, place_of
from twelve.development.printing import Printing
from twelve.development.programs import tools_of
from twelve.development.voice import Voice
from twelve.development.watching import Ignores, Loops, changes, shortly
from twelve.engines.contract import Here
from twelve.engines.local.source import names_in
from twelve.errors import BuildFailed, Invalid, Refused, ReleaseFailed, TwelveError
from twelve.factors.concurrency.formation import process_names
from twelve.factors.config.dotenv import parse_dotenv
from twelve.operations.destroy import down
from twelve.operations.develop import DEPLOY, Folder, develop, read
from twelve.operations.wanted import hosts_of
from twelve.settings import Settings
from twelve.starting import end_all
from twelve.store import apps

PROCFILE = "Procfile"
ENV = ".env"
ROOTS = "note: the folder is root's: its processes run as a user of their own, who may only read it"
TWICE = 0.3
"""Seconds within which two signals are one."""
GIVE_UP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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
    """Run until Ctrl-C, SIGTERM or hang-up; the exit status. Leaves nothing running.

    Raises what a start may raise: then everything has been stopped.
    """
    leaving = Leaving()
    say = Voice(out, colour=wish.colour, gone=leaving.from_thread)
    place = place_of(wish.folder, wish.app, environ)
    meet(folder_of(wish, environ), say)
    if wish.hooks and os.geteuid() == 0 and owner_of(wish.folder) is None:
        raise Refused(
            f"{wish.folder} is root's: hooks would have to run as root to write there",
            hint=f"give it to a user (chown -R USER {wish.folder}), or leave out --build",
        )
    with held(place):
        await clear(place, say)
        with http_port(place.settings, say) as settings:
            session = Session(wish, environ, settings, say, leaving)
            try:
                await session.run()
            except (BuildFailed, ReleaseFailed) as error:
                # What it said is on the screen already: the cause comes last.
                raise type(error)(error.message.splitlines()[0], advice(error)) from None
    return 0


class Leaving:
    """The wish to leave, and, when it is wished again, to leave faster."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hasty = asyncio.Event()
        self.loop = asyncio.get_running_loop()
        self.at = 0.0
        for number in GIVE_UP:
            self.loop.add_signal_handler(number, self)

    def __call__(self) -> None:
        """Asked once more; what asks twice at once (``timeout`` does) means it once."""
        now = self.loop.time()
        if self.asked.is_set() and now - self.at > TWICE:
            self.hasty.set()
        self.at = now
        self.asked.set()

    def from_thread(self) -> None:
        """Nobody reads any more."""
        self.loop.call_soon_threadsafe(self.asked.set)


class Session:
    """One run of ``up``, from the first process to the last."""

    def __init__(
        self,
        wish: Wish,
        environ: Mapping[str, str],
        settings: Settings,
        say: Voice,
        leaving: Leaving,
    ) -> None:
        self.wish, self.environ, self.settings = wish, environ, settings
        self.say, self.leaving = say, leaving
        self.control = Control(settings, environ, owner=owner_of(wish.folder))
        self.switching = False
        self.loops = Loops()

    async def run(self) -> None:
        """Start, work until told to leave, end everything."""
        try:
            async with AsyncExitStack() as opened:
                if not await self.unless_left(self.build(opened)):
                    return
                printing = Printing(
                    Path(self.settings.home), (self.wish.app, DEPLOY), time.time_ns(), self.say
                )
                printing.begin(self.control.parts.grew)
                if os.geteuid() == 0 and self.control.owner is None:
                    self.say(ROOTS)
                try:
                    await self.unless_left(self.work(opened))
                finally:
                    await self.stop()
                    await printing.end()
        finally:
            await end_all(self.settings, lambda: None)

    async def unless_left(self, work: object) -> bool:
        """Do the work to its end, unless asked to leave before; whether it came to its end."""
        doing = asyncio.ensure_future(work)  # type: ignore[call-overload]
        asked = asyncio.create_task(self.leaving.asked.wait())
        await asyncio.wait({doing, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if doing.done():
            doing.result()
            return True
        await put_off(doing)
        return False

    async def stop(self) -> None:
        """End the processes, each within its grace, all at once; asked again, at once."""
        self.say("stopping")
        house = self.control.house
        stopping = asyncio.create_task(down(house, lambda *_, **__: None))
        hasty = asyncio.create_task(self.leaving.hasty.wait())
        await asyncio.wait({stopping, hasty}, return_when=asyncio.FIRST_COMPLETED)
        hasty.cancel()
        if not stopping.done():
            self.say("not waiting any longer")
            kills = (
                house.engine.stop(name, grace=0, signal="SIGKILL")
                for name in await house.engine.observe()
            )
            await asyncio.gather(*kills, return_exceptions=True)
        await stopping

    async def build(self, opened: AsyncExitStack) -> None:
        """The house; processes need not wait for the router, only requests do."""
        await self.control.build(opened)
        parts = self.control.parts
        parts.routing = asyncio.create_task(parts.router.ready())
        await self.control.keep_servers()

    async def work(self, opened: AsyncExitStack) -> None:
        """The first start, then a start for every change."""
        await self.start(first=True)
        batches: asyncio.Queue[list[str]] = asyncio.Queue()
        watching = asyncio.create_task(self.watch(batches))
        # One step of it, and what is saved from now on is seen.
        await asyncio.sleep(0)
        self.tell_where()
        await self.control.open_api(opened)
        try:
            await self.follow(batches)
        finally:
            watching.cancel()

    async def start(self, *, first: bool) -> None:
        """The folder as it is now. Raises what stands in the way."""
        self.switching = False
        self.loops.started(time.monotonic())
        folder = folder_of(self.wish, self.environ)
        meet(folder, self.say)
        release = await develop(self.control.house, folder, who(), self.tell, first=first)
        self.say.serving = release.number
        self.loops.started(time.monotonic())

    def tell(self, step: str, text: str, **more: object) -> None:
        """From the switch on a start is not put off any more."""
        self.switching = self.switching or step == "switch"
        self.say.tell(step, text, **more)

    async def watch(self, batches: asyncio.Queue[list[str]]) -> None:
        """Collect what is saved, if that is wished and this machine can."""
        if not self.wish.reload:
            return
        procfile = self.wish.folder / self.wish.procfile
        outside = [] if procfile.is_relative_to(self.wish.folder) else [procfile]
        ignores = Ignores(self.wish.folder, (ENV, self.wish.procfile))
        try:
            async for found in changes(self.wish.folder, ignores, outside):
                batches.put_nowait(found)
        except (OSError, RuntimeError) as error:
            self.say(f"changes are not seen: {error}")
            self.say("  fs.inotify.max_user_watches says how many folders may be watched")

    async def follow(self, batches: asyncio.Queue[list[str]]) -> None:
        """For each batch of changes a start; one that still waits for its processes is put off."""
        starting: asyncio.Task[None] | None = None
        while True:
            found = await batches.get()
            names, muted = self.loops.sift(found, time.monotonic())
            for name in muted:
                self.say(f"{name} changes at each start: left alone from now on; is it source?")
            if not names:
                continue
            if starting and not starting.done() and not self.switching:
                await put_off(starting)
            elif starting:
                await starting
            self.say(f"{shortly(names)} changed: starting anew")
            starting = asyncio.create_task(self.start_anew())

    async def start_anew(self) -> None:
        """Start what has changed; the old processes go on when that fails."""
        try:
            await self.start(first=False)
        except TwelveError as error:
            shown = error.message.splitlines()
            if isinstance(error, BuildFailed | ReleaseFailed):
                shown = shown[:1]
            else:
                shown += [f"  {line}" for line in (*error.problems, *error.hint.splitlines())]
            self.say("\n".join([*shown, "the former processes go on; the next save tries again"]))

    def tell_where(self) -> None:
        """The address, when there is anything to reach."""
        house = self.control.house
        deploy = apps.get_deploy(house.store, self.wish.app, DEPLOY)
        if "web" not in self.say.types:
            self.say(f"{self.wish.app} is up")
            return
        host, port = hosts_of(house, deploy)[0], self.settings.http_port
        self.say(f"{self.wish.app} is up: http://{host}:{port}")
        self.say(f"  or: curl -H 'Host: {host}' http://{self.settings.http_host}:{port}/")


def folder_of(wish: Wish, environ: Mapping[str, str]) -> Folder:
    """The folder with the variables of its ``.env`` as they are now. Raises Invalid."""
    env = wish.folder / ENV
    try:
        pairs = parse_dotenv(env.read_bytes(), ENV) if env.is_file() else []
    except OSError as error:
        hint = "give yourself the right to read it"
        raise Invalid(f"{ENV}: {error.strerror}", hint) from None
    if wish.procfile != PROCFILE and not (wish.folder / wish.procfile).is_file():
        raise Invalid(f"{wish.procfile}: there is no such file", hint="-f names the Procfile")
    tools = tools_of(environ, (wish.folder,))
    here = Here(owner_of(wish.folder), wish.hooks, *tools)
    return Folder(wish.folder, wish.app, wish.procfile, dict(pairs), wish.words, here)


def meet(folder: Folder, say: Voice) -> None:
    """Read the manifest before anything is touched, and learn who will speak. Raises Invalid."""
    manifest, quantities = read(folder, names_in(folder.path))
    say.meet(manifest.processes, process_names(quantities))


async def put_off(task: "asyncio.Future[object] | asyncio.Task[None]") -> None:
    """Cancel, and wait until it has undone what it did."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, TwelveError):
        await task


def advice(error: TwelveError) -> str:
    """A deploy's next step is not that of a folder."""
    return "" if "deploy again" in error.hint else error.hint


def who() -> str:
    """The user who develops."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
