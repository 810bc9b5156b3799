"""One thread, one epoll: what became ready, what is due, which signals left a note."""

import heapq
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

READABLE = select.EPOLLIN
WRITABLE = select.EPOLLOUT

_LONGEST = 3600.0  # epoll takes milliseconds in an int: a timer years away must not overflow it


class Timer:
    """A call that is due at a time of the monotonic clock, unless it is cancelled before."""

    __slots__ = ("call", "due")

    def __init__(self, due: float, call: Callable[[], None]) -> None:
        self.due = due
        self.call: Callable[[], None] | None = call

    def __lt__(self, other: "Timer") -> bool:
        return self.due < other.due

    def cancel(self) -> None:
        """Let it be. Cancelling twice, or after it ran, is fine."""
        self.call = None


class Loop:
    """
    Calls what was asked for, in turn.

    A call that fails is told on stderr and costs nobody else anything.
    """

    def __init__(self, on_signal: Callable[[int], None], before_wait: Callable[[], None]) -> None:
        self._epoll = select.epoll()
        self._calls: dict[int, Callable[[int], None]] = {}
        self._timers: list[Timer] = []
        self._on_signal = on_signal
        self._before_wait = before_wait
        self._going = True
        self._wake, self._bell = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def catch(self, *numbers: int) -> None:
        """Signals leave a byte in a pipe; the loop acts on it."""
        signal.set_wakeup_fd(self._bell, warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, _noted)
        self.watch(self._wake, READABLE, self._signalled)

    def watch(self, fd: int, mask: int, call: Callable[[int], None]) -> None:
        """Call with the ready mask whenever ``fd`` is ready; a second watch replaces the first."""
        if fd in self._calls:
            self._epoll.modify(fd, mask)
        else:
            self._epoll.register(fd, mask)
        self._calls[fd] = call

    def unwatch(self, fd: int) -> None:
        """No more calls for ``fd``; do this before closing it."""
        if self._calls.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def after(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Call once, ``seconds`` from now."""
        timer = Timer(time.monotonic() + seconds, call)
        heapq.heappush(self._timers, timer)
        return timer

    def stop(self) -> None:
        """Return from run after this turn."""
        self._going = False

    def run(self) -> None:
        """Turn until stopped."""
        self._going = True
        while self._going:
            self._guarded(self._before_wait)
            for fd, mask in self._epoll.poll(self._patience()):
                call = self._calls.get(fd)
                if call is not None:
                    self._guarded(lambda call=call, mask=mask: call(mask))  # type: ignore[misc]
            self._ring_timers()
        self._guarded(self._before_wait)

    def _patience(self) -> float:
        while self._timers and self._timers[0].call is None:
            heapq.heappop(self._timers)
        if not self._timers:
            return -1
        return min(_LONGEST, max(0.0, self._timers[0].due - time.monotonic()))

    def _ring_timers(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0].due <= now:
            timer = heapq.heappop(self._timers)
            if timer.call is not None:
                call, timer.call = timer.call, None
                self._guarded(call)

    def _signalled(self, _mask: int) -> None:
        for number in sorted(set(os.read(self._wake, 4096))):
            self._on_signal(number)

    def _guarded(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception:  # noqa: BLE001 - whatever it is, the other processes must be looked after
            import traceback

            traceback.print_exc(file=sys.stderr)


def _noted(_number: int, _frame: FrameType | None) -> None:
    """The wake-up pipe has the number already."""
