"""
The init of an instance: it starts the app, passes signals on, reaps, ends what is left.

It is PID 1 of the instance's pid namespace, or the subreaper of all its descendants where the tier
has none. It touches as little memory as it can: what the app needs to know is read in the app's own
process, right before exec. How the app ended it writes to a file that it was given.
"""

import contextlib
import ctypes
import os
import signal
import socket
import struct
import time
from collections.abc import Callable
from typing import NamedTuple, NoReturn

from twelve.engines.local.supervisor import app, descriptors, proc, terminal, titles

CLONE_NEWPID = 0x20000000
END_ALL = int(signal.SIGRTMIN) + 3
"""The supervisor's order that the grace is over: everything but the init itself is killed."""

BORN = b"init"
"""The first word on the channel; or, from the zygote, an errno in decimal."""

ORDERS = struct.Struct("<d")
"""The grace in seconds for what outlives the app."""

_PLAIN, _WITH_TERMINAL = struct.Struct("i"), struct.Struct("3i")
"""The exit file; with a terminal also its master and its FIFO."""

_PR_SET_DUMPABLE, _PR_SET_NAME, _PR_SET_CHILD_SUBREAPER = 4, 15, 36
_ROOM = socket.CMSG_SPACE(_WITH_TERMINAL.size)
_CHILD, _TERM, _KILL, _CONT = map(
    int, (signal.SIGCHLD, signal.SIGTERM, signal.SIGKILL, signal.SIGCONT)
)
_AGAIN = 0.05
"""Seconds between rounds of SIGKILL: a group that forks while it is killed needs more than one."""

Wait = Callable[[float | None], int | None]


class Kit(NamedTuple):
    """What the zygote lays out once, so that no init makes its own: a page written costs 4 kB."""

    fork: Callable[[int], int]
    """Takes the flags of clone(2) beside the exit signal."""
    prctl: Callable[[int, int, int, int, int], int]
    signals: tuple[int, ...]
    title: memoryview
    """The words that ps shows, in place."""


class Birth(NamedTuple):
    """What a clone is told by the zygote. ``head`` is the app's channel, ``own`` the init's."""

    head: int
    own: int
    namespaced: bool
    terminal: bool
    leaves: bool
    """Whether what leaves the app's group may outlive it."""


class Instance(NamedTuple):
    """What the init knows, once it has to know it."""

    app: int
    exit_file: int
    grace: float
    namespaced: bool


def prepare(fork: Callable[[int], int]) -> Kit:
    """The kit, in a process that is about to clone inits."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NAME, b"twelve-init", 0, 0, 0)
    prctl = libc.prctl
    prctl.argtypes = [ctypes.c_long] * 5
    signals = tuple(int(number) for number in signal.valid_signals())
    return Kit(fork, prctl, signals, titles.room())


def main(kit: Kit, birth: Birth) -> NoReturn:
    """The life of an init, in a process that was just cloned. Never returns."""
    status = 1
    try:
        _live(kit, birth)
        status = 0
    finally:
        os._exit(status)


def _live(kit: Kit, birth: Birth) -> None:
    """
    Fork the app's process and sleep.

    Every call here costs each init some pages, so what it need not know before the first signal
    it does not read before: it lies in its channel, also when the supervisor is dead by then.
    """
    os.write(birth.head, BORN)  # the kernel adds our pid as the supervisor sees it
    if not (birth.namespaced or birth.leaves):
        kit.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    me = os.getpid()
    pid = kit.fork(0)
    if pid == 0:
        os.close(birth.own)
        app.become(birth.head, parent=me)
    os.close(birth.head)
    kit.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)  # an app of our own uid shall not write into us
    first = None if birth.terminal else signal.sigwaitinfo(kit.signals).si_signo
    channel = socket.SocketType(fileno=birth.own)
    orders, ancillary, _, _ = channel.recvmsg(ORDERS.size, _ROOM, descriptors.CLOEXEC)
    if not orders:  # the supervisor died before it had written down that we exist: so we must not
        return
    channel.close()
    (grace,) = ORDERS.unpack(orders)
    fds = (_WITH_TERMINAL if birth.terminal else _PLAIN).unpack(ancillary[0][2])
    instance = Instance(pid, fds[0], grace, birth.namespaced)
    if birth.terminal:
        with terminal.Pump(*fds[1:]) as pump:
            _look_after(instance, first, pump.wait)
    else:
        _look_after(instance, first, lambda patience: _wait(kit.signals, patience))


def show(kit: Kit, title: bytes) -> None:
    """In ps it stands as what it is, not as a second supervisor."""
    titles.put(kit.title, title)


def _look_after(instance: Instance, number: int | None, wait: Wait) -> None:
    """Until nobody is left. The deadline for the rest runs from the app's own end."""
    alive, deadline, told, forced = True, None, set[int](), False
    while True:
        before, now_alive = alive, _reap(instance, alive)
        if now_alive is None:
            return
        alive = now_alive
        if number == END_ALL:
            forced = True
        elif number is not None and number != _CHILD and alive:
            _pass_on(instance, number)
        now = time.monotonic()
        if before and not alive:
            deadline = now + instance.grace
        forced = forced or (deadline is not None and now >= deadline)
        if not alive or forced:
            _end(instance, told, forced=forced, alive=alive)
        number = wait(_AGAIN if forced else None if deadline is None else deadline - now)


def _reap(instance: Instance, alive: bool) -> bool | None:
    """Collect the dead. Whether the app lives still; None when there are no children at all."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if pid == 0:
            return alive
        if pid == instance.app:
            alive = False
            _write_down(instance.exit_file, status)


def _write_down(exit_file: int, status: int) -> None:
    """The exit status: a supervisor that is not our parent could not know it otherwise."""
    code = os.waitstatus_to_exitcode(status)
    name = f'"{_signal_name(-code)}"' if code < 0 else "null"
    number = code if code >= 0 else "null"
    text = f'{{"code": {number}, "signal": {name}, "at_ns": {time.time_ns()}}}\n'
    os.pwrite(exit_file, text.encode(), 0)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"


def _end(instance: Instance, told: set[int], *, forced: bool, alive: bool) -> None:
    """End what is left: politely once each, or by force again and again."""
    number = _KILL if forced else _TERM
    if alive:
        _quietly(os.killpg, instance.app, number)
    if instance.namespaced:
        if forced or not told:
            told.add(-1)
            _quietly(os.kill, -1, number)
        return
    # What left the group comes to us when its parent is gone; deeper ones come in a later round.
    if not told:
        _quietly(os.killpg, instance.app, number)
    for pid in proc.children({os.getpid()}):
        if forced or pid not in told:
            told.add(pid)
            _quietly(os.kill, pid, number)


def _pass_on(instance: Instance, number: int) -> None:
    _quietly(os.killpg, instance.app, number)
    if number == _TERM:  # a stopped process cannot obey
        _quietly(os.killpg, instance.app, _CONT)


def _quietly(kill: Callable[[int, int], None], pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        kill(pid, number)


def _wait(signals: tuple[int, ...], patience: float | None) -> int | None:
    """The next signal, which all are blocked; None when ``patience`` seconds are over."""
    if patience is None:
        return signal.sigwaitinfo(signals).si_signo
    caught = signal.sigtimedwait(signals, max(0.0, patience))
    return caught.si_signo if caught else None
