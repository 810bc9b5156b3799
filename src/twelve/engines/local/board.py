"""The board: what the supervisor's events say of every process, kept for who asks or waits."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from twelve.engines.contract import EARLY, Exit, Happened, Seen

KINDS = {
    "started": "started",
    "ready": "ready",
    "exited": "exited",
    "backoff": "backoff",
    "gone": "gone",
}
BACKLOG = 10_000
"""Happenings that a listener may lie behind."""
ENDS = 500
"""Ends that nobody took note of: those of former releases are never asked about again."""


class Board:
    """Fed by one reader of events; everybody else waits here."""

    def __init__(self) -> None:
        self.seen: dict[str, Seen] = {}
        self.ready: set[str] = set()
        self.ends: dict[str, Exit] = {}
        """How processes that are gone ended, until somebody took note."""
        self.news = asyncio.Event()
        self.listeners: set[asyncio.Queue[Happened]] = set()

    def reset(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Begin anew with the supervisor's own list; a record of one that has ended is its end."""
        living = [row for row in rows if row["state"] != "exited"]
        self.seen = {row["name"]: seen_of(row) for row in living}
        for row in rows:
            if row["state"] == "exited" and row.get("last_exit"):
                self._end(row["name"], exit_of(row["last_exit"]))
        self.ready = {row["name"] for row in rows if row.get("ready")}
        self._wake()

    def take(self, event: Mapping[str, Any]) -> None:
        """Take in one event."""
        kind, name = event["event"], event.get("name", "")
        if kind not in KINDS:
            return
        before = self.seen.get(name)
        early = before is not None and before.state == EARLY
        if kind == "started":
            self.ready.discard(name)
            self.ends.pop(name, None)
            state, last = EARLY if early else "up", before.last_exit if before else None
            self.seen[name] = Seen(
                name, state, event.get("app_pid"), event["at_ns"], event["restarts"], last
            )
        elif kind == "ready":
            self.ready.add(name)
        elif kind == "exited" and before:
            state = EARLY if early else "exited"
            self.seen[name] = before._replace(state=state, pid=None, last_exit=exit_of(event))
        elif kind == "backoff" and before:
            state = EARLY if early else "backoff"
            self.seen[name] = before._replace(state=state, restarts=event["restarts"])
        elif kind == "gone":
            if before and before.last_exit:
                self._end(name, before.last_exit)
            self.seen.pop(name, None)
        self._wake()
        for queue in self.listeners:
            with contextlib.suppress(asyncio.QueueFull):
                queue.put_nowait(Happened(KINDS[kind], name, dict(event)))

    def expect(self, name: str) -> bool:
        """A process is about to be started; whether one of that name is known already."""
        known = name in self.seen
        if not known:
            # One that died while its supervisor was dead is started anew: ps tells how it ended.
            self.seen[name] = Seen(name, "starting", None, 0, 0, self.ends.pop(name, None))
        return known

    def take_over(self, name: str) -> None:
        """One that was adopted is kept up again, one that was early is wanted now."""
        seen = self.seen.get(name)
        if seen and seen.state in ("adopted", EARLY):
            self.seen[name] = seen._replace(state="up")

    async def until(self, true: Callable[[], bool], seconds: float | None = None) -> bool:
        """Wait until something holds, looked at after each event; False when the time is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not true():
                    await self.news.wait()
                return True
        return true()

    async def happenings(self) -> AsyncIterator[Happened]:
        """What befalls processes, from now on."""
        queue: asyncio.Queue[Happened] = asyncio.Queue(BACKLOG)
        self.listeners.add(queue)
        try:
            while True:
                yield await queue.get()
                queue.task_done()
        finally:
            self.listeners.discard(queue)

    async def noted(self, seconds: float) -> None:
        """Until all that has happened was taken note of, at most so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                for queue in list(self.listeners):
                    await queue.join()

    def _end(self, name: str, how: Exit) -> None:
        self.ends[name] = how
        if len(self.ends) > ENDS:
            del self.ends[next(iter(self.ends))]

    def _wake(self) -> None:
        news, self.news = self.news, asyncio.Event()
        news.set()


def exit_of(plain: Mapping[str, Any]) -> Exit:
    """How a process ended, from the supervisor's words."""
    oom, memory = bool(plain.get("oom")), plain.get("memory")
    return Exit(plain.get("code"), plain.get("signal"), oom, memory, plain.get("error", ""))


def seen_of(row: Mapping[str, Any]) -> Seen:
    """A row of the supervisor's list."""
    last = row.get("last_exit")
    return Seen(
        row["name"],
        row["state"],
        row.get("app_pid"),
        row.get("started_ns") or 0,
        row.get("restarts", 0),
        exit_of(last) if last else None,
    )
