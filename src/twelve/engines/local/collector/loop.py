"""Start up, loop, finish: one thread, one epoll, nothing to do when nobody prints."""

import math
import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import suppress

from twelve.engines.local.collector.archive import Archive, proper
from twelve.engines.local.collector.door import Client, Door
from twelve.engines.local.collector.intake import Intake
from twelve.engines.local.collector.sequence import Sequence
from twelve.engines.local.collector.timers import Timers

_TELL_EVERY = 0.02
_FIRST_BREATH, _LONGEST_BREATH = 0.002, 0.008
_FLOW = 0.010
"""Seconds within which writes are a flow; a line after a rest is taken at once."""
_HALF_FULL, _ROOMY = 0.5, 0.125
_AGAIN_MOST = 256 << 10


class Loop:
    """The collector of one home (the current directory) and one run folder."""

    def __init__(self, run: str) -> None:
        self.archive = Archive(Sequence("logs/sequence"))
        self.epoll = select.epoll()
        self._calls = select.epoll()
        """The door and its clients: heard also while the streams are left to gather lines."""
        self.intake = Intake(run, self.epoll, self.archive)
        self.door = Door(run)
        self.timers = Timers()
        self._clients: dict[int, Client] = {}
        self._drains: list[tuple[Client, dict[str, object]]] = []
        self._told = 0.0
        self._turned = 0.0
        self._breath = _FIRST_BREATH
        self._swept = -math.inf
        self._sweep: Iterator[None] | None = None
        self._stopping = False

    def run(self) -> None:
        """Until a signal says stop."""
        self._start_up()
        while not self._stopping:
            self._turn()
        self._finish()

    def _start_up(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(writer)
        self._calls.register(reader, select.EPOLLIN)
        self._calls.register(self.door.listener, select.EPOLLIN)
        self.epoll.register(self._calls, select.EPOLLIN)
        self.intake.open_all()
        self.timers.at("sweep", 0.0)

    def _on_signal(self, _number: int, _frame: object) -> None:
        self._stopping = True

    def _turn(self) -> None:
        now = time.monotonic()
        busy = bool(self.intake.ready) or self._sweep is not None
        for fd, events in self.epoll.poll(0 if busy else self.timers.wait(now)):
            if not self.intake.woken(fd, events):
                self._attend(0)
        fullness, hung = self.intake.pull_once(thorough=bool(self._drains))
        if hung:
            # The folder may be removed a moment later, and no event will tell.
            self.timers.at("hung", time.monotonic() + 1.0, unless_sooner=True)
        self._answer_drains()
        self._keep_time(time.monotonic())
        self._tell(time.monotonic())
        self._breathe(fullness)

    def _attend(self, seconds: float) -> None:
        """Hear whoever calls, within so many seconds."""
        for fd, _ in self._calls.poll(seconds):
            if fd == self.door.listener.fileno():
                self._greet()
            elif fd in self._clients:
                self._hear(self._clients[fd])

    def _breathe(self, fullness: float) -> None:
        """Many small writes: take them together, the longer they go on the more of them.

        Not when a pipe might fill up meanwhile.
        """
        now = time.monotonic()
        flows = self.intake.by_fd and now - self._turned < _FLOW
        if flows and fullness < _HALF_FULL and not self._drains:
            wait = self.timers.wait(now)
            self._attend(self._breath if wait is None else min(self._breath, wait))
            now = time.monotonic()
            if fullness < _ROOMY:
                self._breath = min(_LONGEST_BREATH, self._breath * 2)
        else:
            self._breath = _FIRST_BREATH
        self._turned = now

    def _keep_time(self, now: float) -> None:
        if self.timers.due("sweep", now) and self._sweep is None:
            self._sweep = self.archive.sweep(time.time())
            self._swept = now
        self.timers.at("sweep", self._swept + self.archive.sweep_every)
        if self._sweep is not None and not self.intake.ready:
            try:
                next(self._sweep)
            except (StopIteration, OSError):
                self._sweep = None
        if self.timers.due("hung", now) and self.intake.close_over():
            self.timers.back_off("hung", now)
        if self.timers.due("again", now):
            self.intake.try_again()
        if self.intake.failing:
            self.timers.at("again", now + 1.0, unless_sooner=True)
        if self.timers.due("held", now) and self.archive.retry():
            self.timers.at("held", now + 1.0)

    def _tell(self, now: float) -> None:
        """Watchers learn what grew, at most every 20 ms; a slow one learns it later, merged."""
        grown = self.archive.grown
        self.timers.due("tell", now)
        if grown:
            if self.archive.holding():
                self.timers.at("held", now + 1.0, unless_sooner=True)
            for client in self._clients.values():
                if client.watching:
                    client.grown |= grown
            grown.clear()
        waiting = [one for one in self._clients.values() if one.grown and not one.stuck]
        if not waiting:
            return
        if now < self._told + _TELL_EVERY:
            self.timers.at("tell", self._told + _TELL_EVERY)
            return
        self._told = now
        for client in waiting:
            client.say({"grew": sorted(client.grown), "sequence": self.archive.sequence.last})
            client.grown.clear()
            self._send(client)

    def _greet(self) -> None:
        client = self.door.accept()
        if client:
            fd = client.connection.fileno()
            self._clients[fd] = client
            self._calls.register(fd, select.EPOLLIN)

    def _hear(self, client: Client) -> None:
        if client.stuck:
            # It asks on only when it has read what it asked for.
            self._send(client)
            return
        requests = client.requests()
        for request in requests or ():
            try:
                answer = self._obey(client, request)
            except (OSError, ValueError, KeyError, TypeError) as error:
                answer = {"error": str(error) or type(error).__name__, "op": request.get("op")}
            if answer is not None:
                self._answer(client, request, answer)
        if requests is None:
            self._part(client)
        else:
            self._send(client)

    def _obey(self, client: Client, request: dict[str, object]) -> dict[str, object] | None:
        what = request.get("op")
        if what == "append":
            return {"appended": self._append(request)}
        if what == "watch":
            client.watching = True
            return {"watching": True, "sequence": self.archive.sequence.last}
        folder = request.get("folder")
        if not isinstance(folder, str):
            raise ValueError(f"{what!r} is not known, or has no folder")  # noqa: TRY004 - from outside
        if what == "open":
            self.intake.open(folder)
            return {"opened": folder}
        if what == "drain":
            # One that was never opened is taken in first: what lies in its pipes counts.
            with suppress(FileNotFoundError):
                self.intake.open(folder)
            self.intake.look_again(folder)
            self._drains.append((client, request))
            return None
        if what == "forget":
            deploy = proper(folder, 3)
            self.intake.let_go(deploy)
            self.archive.forget(deploy)
            return {"forgotten": deploy}
        raise ValueError(f"{what!r} is not known")

    def _append(self, request: dict[str, object]) -> int:
        folder = proper(request.get("dir"), 5)
        data = str(request["data"]).encode("utf-8", "replace")
        if "budget" in request:
            budget, age = request.get("budget") or 0, request.get("age") or 0
            self.archive.limit(folder, int(str(budget)), float(str(age)))
        writer = self.archive.open(folder)
        if request.get("again") and data in writer.tail(_AGAIN_MOST):
            # Its answer was lost with the former connection, not the line.
            return self.archive.sequence.last
        while True:
            try:
                sequence = writer.put(data)
                break
            except OSError:
                if not self.archive.make_room(writer):
                    writer.lose(len(data), data.count(b"\n"))
                    self.archive.grew(writer)
                    raise
        self.archive.grew(writer)
        return sequence

    def _answer_drains(self) -> None:
        for entry in list(self._drains):
            client, request = entry
            folder = str(request["folder"])
            if not self.intake.drained(folder):
                continue
            self._drains.remove(entry)
            self._answer(client, request, {"drained": folder})
            self._send(client)

    def _answer(
        self, client: Client, request: dict[str, object], answer: dict[str, object]
    ) -> None:
        client.say({"id": request["id"], **answer} if "id" in request else answer)

    def _send(self, client: Client) -> None:
        fd = client.connection.fileno()
        if fd not in self._clients:
            return
        if not client.send():
            self._part(client)
            return
        self._calls.modify(fd, select.EPOLLOUT if client.stuck else select.EPOLLIN)

    def _part(self, client: Client) -> None:
        fd = client.connection.fileno()
        self._calls.unregister(fd)
        del self._clients[fd]
        self._drains = [entry for entry in self._drains if entry[0] is not client]
        client.close()

    def _finish(self) -> None:
        self.intake.finish()
        self.archive.cool()
        self.door.close()
