"""Up: start, start anew on changes, until told to leave; then nothing is left."""

import asyncio
import os
import signal
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from twelve.control import Control
from twelve.development.member import Member, Wish, folder_of, meet, put_off, require_neighbours
from twelve.development.place import (
    Place,
    clear,
    clear_ledger,
    held,
    http_port,
    owner_of,
    place_of,
)
from twelve.development.printing import Beginning, Begun, Printing
from twelve.development.voice import Voice
from twelve.errors import BuildFailed, Refused, ReleaseFailed, TwelveError
from twelve.operations.destroy import down
from twelve.operations.develop import introduce
from twelve.settings import Settings
from twelve.starting import end_all

ROOTS = "note: the folder is root's: its processes run as a user of their own, who may only read it"
TWICE = 0.3
"""Seconds within which two signals are one."""
NOTES = 5.0
"""Seconds in which it is told how the last processes have ended."""
GIVE_UP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def run_up(
    top: Path,
    name: str,
    wishes: Sequence[Wish],
    environ: Mapping[str, str],
    beginning: Beginning,
    *,
    show: Callable[[str], object] | None = None,
) -> int:
    """Run until Ctrl-C, SIGTERM or hang-up; the exit status. Leaves nothing running.

    ``top`` and ``name`` are the folder and app, or the repository of several apps. Raises what a
    start may raise: then everything has been stopped. ``show`` is called with the first address.
    """
    leaving = Leaving()
    call, out, colour, begun = beginning
    say = begun.printing.voice if begun else Voice(out, colour=colour, gone=leaving.from_thread)
    place = place_of(top, name, environ)
    async with AsyncExitStack() as opened:
        if begun:
            opened.enter_context(held(place, begun.early.lock))
            opened.push_async_callback(end_begun, begun, place)
            take_over(begun, place, leaving)
        voices = [say.beside(wish.app) for wish in wishes] if len(wishes) > 1 else [say]
        for wish, voice in zip(wishes, voices, strict=True):
            look_at(wish, environ, voice, [each.app for each in wishes])
        if not begun:
            opened.enter_context(held(place))
            await clear(place, say)
        settings = opened.enter_context(http_port(place.settings, say))
        control = Control(settings, environ, owner=owner_of(top))
        own = call if len(wishes) == 1 else None
        members = [
            Member(wish, environ, control, voice, own)
            for wish, voice in zip(wishes, voices, strict=True)
        ]
        session = Session(control, members, settings, say, leaving, show)
        try:
            await session.run([begun.printing] if begun else [])
        except (BuildFailed, ReleaseFailed) as error:
            # What it said is on the screen already: the cause comes last.
            raise type(error)(error.message.splitlines()[0], advice(error)) from None
    return 0


def look_at(wish: Wish, environ: Mapping[str, str], voice: Voice, apps: Collection[str]) -> None:
    """Read what is wanted before anything is touched. Raises what stands in its way."""
    folder = folder_of(wish, environ)
    require_neighbours(folder, meet(folder, voice), apps)
    if wish.hooks and os.geteuid() == 0 and owner_of(wish.folder) is None:
        raise Refused(
            f"{wish.folder} is root's: hooks would have to run as root to write there",
            hint=f"give it to a user (chown -R USER {wish.folder}), or leave out --build",
        )


def take_over(begun: Begun, place: Place, leaving: "Leaving") -> None:
    """From who began: the signals are ours now, and what they meant before counts."""
    early, voice = begun.early, begun.printing.voice
    voice.screen.gone = leaving.from_thread
    if early.asked or voice.screen.closed:
        leaving.asked.set()
    clear_ledger(place, early.ports)


async def end_begun(begun: Begun, place: Place) -> None:
    """Whatever became of what had begun: nothing of it is left."""
    await end_all(place.settings, lambda: None)
    await asyncio.to_thread(begun.printing.end)
    begun.early.bury()


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
        control: Control,
        members: Sequence[Member],
        settings: Settings,
        say: Voice,
        leaving: Leaving,
        show: Callable[[str], object] | None,
    ) -> None:
        self.control, self.members, self.settings = control, members, settings
        self.say, self.leaving, self.show = say, leaving, show

    async def run(self, printings: list[Printing]) -> None:
        """Start, work until told to leave, end everything. ``printings`` go on already."""
        try:
            async with AsyncExitStack() as opened:
                if not await self.unless_left(self.build(opened)):
                    return
                printings = printings or [m.printing(self.settings) for m in self.members]
                if os.geteuid() == 0 and self.control.owner is None:
                    self.say(ROOTS)
                try:
                    await self.unless_left(self.work(opened))
                finally:
                    await self.stop()
                    ends = (asyncio.to_thread(printing.end) for printing in printings)
                    await asyncio.gather(*ends)
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
        await self.control.parts.board.noted(NOTES)
        await house.engine.noted()

    async def build(self, opened: AsyncExitStack) -> None:
        """The house; processes need not wait for the router, only requests do."""
        await self.control.build(opened)
        parts = self.control.parts
        parts.routing = asyncio.create_task(parts.router.ready())
        await self.control.keep_servers()

    async def work(self, opened: AsyncExitStack) -> None:
        """The first start, then a start for every change."""
        members = self.members
        for member in members:
            introduce(self.control.house, member.wish.app)
        await together(member.start_first() for member in members)
        for member in members:
            member.begin()
        # One step of these, and what is saved from now on is seen.
        await asyncio.sleep(0)
        urls = [found for member in members if (found := member.tell_where())]
        if self.show and urls:
            await asyncio.to_thread(self.show, urls[0])
        await self.control.open_api(opened)
        try:
            await together(member.follow() for member in members)
        finally:
            for member in members:
                member.leave()


async def together(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """All of them side by side; when one fails the others are put off, then its error is raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            if not task.done():
                await put_off(task)


def advice(error: TwelveError) -> str:
    """A deploy's next step is not that of a folder."""
    return "" if "deploy again" in error.hint else error.hint
