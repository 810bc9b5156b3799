"""A member: one app that ``up`` runs, from its first processes to its last."""

import asyncio
import contextlib
import os
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from twelve.control import Control
from twelve.development import foresight
from twelve.development.early import Call
from twelve.development.place import owner_of
from twelve.development.printing import Printing
from twelve.development.programs import tools_of
from twelve.development.voice import Voice
from twelve.development.watching import Ignores, Loops, changes, declares, shortly
from twelve.engines.contract import Here
from twelve.engines.local.source import names_in
from twelve.errors import BuildFailed, Invalid, Refused, ReleaseFailed, TwelveError
from twelve.factors.concurrency.formation import process_names
from twelve.factors.config.dotenv import parse_dotenv
from twelve.factors.ports.hosts import curl_line, url
from twelve.factors.processes.types import ProcessType
from twelve.factors.resources.kinds import app_of
from twelve.manifest import Manifest
from twelve.operations.develop import DEPLOY, Folder, concerned, develop, read
from twelve.operations.wanted import WEB, hosts_by_type
from twelve.settings import Settings
from twelve.store import apps, releases

PROCFILE = "Procfile"
ENV = ".env"


class Wish(NamedTuple):
    """What the caller asks of ``up`` for one app."""

    folder: Path
    app: str
    procfile: str
    words: tuple[str, ...]
    reload: bool
    hooks: bool


class Member:
    """One app's folder: started, watched, started anew."""

    def __init__(
        self,
        wish: Wish,
        environ: Mapping[str, str],
        control: Control,
        say: Voice,
        call: Call | None = None,
    ) -> None:
        self.wish, self.environ, self.control, self.say = wish, environ, control, say
        self.call = call
        """By which the next ``up`` of the same kind finds what this one foresees."""
        self.switching = False
        self.loops = Loops()
        self.types: Mapping[str, ProcessType] = {}
        self.changed: set[str] = set()
        """What was saved since the last start that came to its end."""
        self.batches: asyncio.Queue[list[str]] = asyncio.Queue()
        self.watching: asyncio.Task[None] | None = None

    def printing(self, settings: Settings) -> Printing:
        """The app's stream, from now on."""
        folders = settings.home, settings.run
        printing = Printing(folders, (self.wish.app, DEPLOY), self.say)
        printing.begin(time.time_ns())
        return printing

    async def start_first(self) -> None:
        """The first start. Raises what stands in its way, with the app where there are several."""
        try:
            await self.start(first=True)
        except TwelveError as error:
            if self.say.app:
                error.message = f"{self.say.app}: {error.message}"
            raise

    async def start(self, *, first: bool) -> None:
        """The folder as it is now. Raises what stands in the way."""
        self.switching = False
        self.loops.started(time.monotonic())
        folder = folder_of(self.wish, self.environ)
        manifest, house = meet(folder, self.say), self.control.house
        self.types = manifest.processes
        taken = frozenset(self.changed)
        if self.call:
            foresight.forget(self.call)
        changed = None if first else taken
        release = await develop(house, folder, who(), self.tell, first=first, changed=changed)
        self.changed -= taken
        self.say.serving = release.number
        if self.call:
            machine = self.control.parts.machine
            foresight.foresee(self.call, house, machine, folder, manifest)
        self.loops.started(time.monotonic())

    def tell(self, step: str, text: str, **more: object) -> None:
        """From the switch on a start is not put off any more."""
        self.switching = self.switching or step == "switch"
        self.say.tell(step, text, **more)

    def begin(self) -> None:
        """Collect from now on what is saved; a step of the loop later it is seen."""
        self.watching = asyncio.create_task(self.watch())

    def leave(self) -> None:
        """What is saved does not matter any more."""
        if self.call:
            foresight.confirm(self.call, self.control.house)
        if self.watching:
            self.watching.cancel()

    async def watch(self) -> None:
        """Collect what is saved, if that is wished and this machine can."""
        if not self.wish.reload:
            return
        procfile = self.wish.folder / self.wish.procfile
        outside = [] if procfile.is_relative_to(self.wish.folder) else [procfile]
        ignores = Ignores(self.wish.folder, (ENV, self.wish.procfile))
        try:
            async for found in changes(self.wish.folder, ignores, outside):
                self.batches.put_nowait(found)
        except (OSError, RuntimeError) as error:
            self.say(f"changes are not seen: {error}")
            self.say("  fs.inotify.max_user_watches says how many folders may be watched")

    async def follow(self) -> None:
        """For each batch of changes a start; one that still waits for its processes is put off."""
        starting: asyncio.Task[None] | None = None
        while True:
            found = await self.batches.get()
            names, muted = self.loops.sift(found, time.monotonic())
            for name in muted:
                self.say(f"{name} changes at each start: left alone from now on; is it source?")
            self.changed.update(names)
            kinds = self.concerned(names) if names else []
            if not kinds:
                continue
            if starting and not starting.done() and not self.switching:
                await put_off(starting)
            elif starting:
                await starting
            which = "" if len(kinds) == len(self.types) else f"{', '.join(kinds)} "
            self.say(f"{shortly(names)} changed: starting {which}anew")
            starting = asyncio.create_task(self.start_anew())

    def concerned(self, names: Collection[str]) -> list[str]:
        """The types that start anew for these files; all of them for what declares something."""
        if any(declares(name) or name == self.wish.procfile for name in names):
            return list(self.types)
        return sorted(concerned(self.types, names))

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

    def tell_where(self) -> str:
        """Say the address of each type that has one, web's before the others; the first of them."""
        urls = self.urls()
        names = sorted(urls, key=lambda name: (name != WEB, name))
        for number, name in enumerate(names):
            lead = f"{self.wish.app} is up" if number == 0 else f"  {name}"
            self.say(f"{lead}: {urls[name]}")
        if not names:
            self.say(f"{self.wish.app} is up")
            return ""
        settings, host = self.control.settings, urls[names[0]].split("/")[2].split(":")[0]
        self.say(f"  or: {curl_line(host, settings.http_host, settings.http_port)}")
        return urls[names[0]]

    def urls(self) -> dict[str, str]:
        """Where each type answers that requests are sent to."""
        house, port = self.control.house, self.control.settings.http_port
        deploy = apps.get_deploy(house.store, self.wish.app, DEPLOY)
        release = releases.current(house.store, deploy)
        hosts = hosts_by_type(house, deploy, release) if release else {}
        return {name: url(host, port) for name, host in hosts.items()}


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


def meet(folder: Folder, say: Voice) -> Manifest:
    """Read the manifest before anything is touched, and learn who will speak. Raises Invalid."""
    manifest, quantities = read(folder, names_in(folder.path))
    say.meet(manifest.processes, process_names(quantities))
    return manifest


def require_neighbours(folder: Folder, manifest: Manifest, apps: Collection[str]) -> None:
    """Raises Refused for an app that this one attaches, and that does not run here too."""
    for variable, kind in manifest.resources.items():
        app = app_of(kind)
        if app and app not in apps and variable not in folder.variables:
            raise Refused(
                f"{folder.app}: {variable} is the address of {app}, which does not run here",
                hint=f"run both: twelve up in the folder whose twelve.toml lists them under [apps]"
                f"; or say in .env where it answers: {variable}=http://…",
            )


async def put_off(task: "asyncio.Future[object] | asyncio.Task[None]") -> None:
    """Cancel, and wait until it has undone what it did."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, TwelveError):
        await task


def who() -> str:
    """The user who develops."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
