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

from twelve.engines.local.supervisor import app, box, descriptors, proc, terminal

CLONE_NEWPID = 0x20000000
END_ALL = int(signal.SIGRTMIN) + 3
"""The supervisor's order that the grace is over: everything but the init itself is killed."""

ORDERS = struct.Struct("<??dII")
"""
Whether there is a terminal; whether what left the app's group may outlive it; the grace in
seconds for the rest; the uid and gid to take, box.NOBODY for none. The name follows.
"""

BORN = b"init"
"""The first word on the channel; or, from the zygote, an errno in decimal."""

DESCRIPTORS = 5
"""job, exit file, stdin, stdout, stderr; with a terminal also its master and its FIFO."""

_PR_SET_NAME, _PR_SET_CHILD_SUBREAPER = 15, 36
_ORDERS_SIZE = 4096
_PLAIN, _WITH_TERMINAL = struct.Struct(f"{DESCRIPTORS}i"), struct.Struct(f"{DESCRIPTORS + 2}i")
_DESCRIPTORS_SIZE = socket.CMSG_SPACE(4 * (DESCRIPTORS + 2))
_CHILD, _TERM, _KILL, _CONT = map(
    int, (signal.SIGCHLD, signal.SIGTERM, signal.SIGKILL, signal.SIGCONT)
)
_AGAIN = 0.05
"""Seconds between rounds of SIGKILL: a group that forks while it is killed needs more than one."""

Wait = Callable[[float | None], int | None]


class Kit(NamedTuple):
    """What the zygote lays out once, so that no init makes its own: a page written costs 4 kB."""

    prctl: Callable[[int, int, int, int, int], int]
    signals: tuple[int, ...]
    title: memoryview
    """The words that ps shows, in place."""


class Instance(NamedTuple):
    """What the init knows."""

    app: int
    exit_file: int
    grace: float
    namespaced: bool


def prepare() -> Kit:
    """The kit, in a process that is about to clone inits."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NAME, b"twelve-init", 0, 0, 0)
    prctl = libc.prctl
    prctl.argtypes = [ctypes.c_long] * 5
    with open("/proc/self/stat", "rb") as file:
        fields = file.read().rsplit(b")", 1)[1].split()
    start, end = int(fields[45]), int(fields[46])
    words = (ctypes.c_char * max(0, end - start)).from_address(start) if start else b""
    signals = tuple(int(number) for number in signal.valid_signals())
    return Kit(prctl, signals, memoryview(words).cast("B"))


def main(kit: Kit, channel: int, namespaced: bool) -> NoReturn:
    """The life of an init, in a process that was just cloned. Never returns."""
    status = 1
    try:
        os.write(channel, BORN)  # the kernel adds our pid as the supervisor sees it
        status = _live(kit, socket.SocketType(fileno=channel), namespaced)
    finally:
        os._exit(status)


def _live(kit: Kit, channel: socket.SocketType, namespaced: bool) -> int:
    # The plain calls, not their comfortable Python forms: those would import and convert here.
    orders, ancillary, _, _ = channel.recvmsg(_ORDERS_SIZE, _DESCRIPTORS_SIZE, descriptors.CLOEXEC)
    if not orders:  # the supervisor died before it had written down that we exist: so we must not
        return 0
    has_terminal, leaves, grace, uid, gid = ORDERS.unpack_from(orders)
    layout = _WITH_TERMINAL if has_terminal else _PLAIN
    fds = layout.unpack(ancillary[0][2])
    if not (namespaced or leaves):
        kit.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    me = os.getpid()
    pid = os.fork()
    if pid == 0:
        app.become(fds[0], channel.fileno(), fds[2:], terminal=has_terminal, parent=me)
    show(kit, b"twelve: init " + orders[ORDERS.size :])
    box.confine_init(kit.prctl, uid, gid)
    channel.close()
    os.close(fds[0])
    for fd in fds[2:DESCRIPTORS]:
        os.close(fd)
    instance = Instance(pid, fds[1], grace, namespaced)
    if has_terminal:
        with terminal.Pump(*fds[DESCRIPTORS:]) as pump:
            _look_after(instance, pump.wait)
    else:
        _look_after(instance, lambda patience: _wait(kit.signals, patience))
    return 0


def show(kit: Kit, title: bytes) -> None:
    """In ps it stands as what it is, not as a second supervisor."""
    room = len(kit.title)
    if room:
        kit.title[:] = title[: room - 1].ljust(room, b"\0")


def _look_after(instance: Instance, wait: Wait) -> None:
    """Until nobody is left. The deadline for the rest runs from the app's own end."""
    alive, deadline, told, forced = True, None, set[int](), False
    while True:
        before, now_alive = alive, _reap(instance, alive)
        if now_alive is None:
            return
        alive = now_alive
        now = time.monotonic()
        if before and not alive:
            deadline = now + instance.grace
        forced = forced or (deadline is not None and now >= deadline)
        if not alive or forced:
            _end(instance, told, forced=forced, alive=alive)
        patience = _AGAIN if forced else None if deadline is None else deadline - now
        number = wait(patience)
        if number == END_ALL:
            forced = True
        elif number is not None and number != _CHILD and alive:
            _pass_on(instance, number)


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
