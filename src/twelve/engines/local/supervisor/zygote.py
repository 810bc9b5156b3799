"""
The zygote: forked from the young supervisor, it clones the init of every instance.

Pages that two processes share cost half each, until one of them writes. The supervisor writes all
the time, so an init forked from it would keep an old copy of every page it touched since: 1.5 MB
each. The zygote stays cold.
"""

import ctypes
import errno
import gc
import os
import resource
import signal
import socket
import struct
from collections.abc import Callable
from typing import NamedTuple, NoReturn

from twelve.engines.local.supervisor import app, box, descriptors, init

_REQUEST = struct.Struct("<Q??")
_FDS = struct.Struct("2i")
_CREDENTIALS = struct.Struct("iII")
_CLONE_PARENT = 0x00008000
_SYS_CLONE = {"x86_64": 56, "aarch64": 220}


class Zygote(NamedTuple):
    """The supervisor's handle of its zygote.

    Without a socket the supervisor clones by itself: one in haste has no time for another process,
    and its inits keep no old pages of it, for it runs its program anew.
    """

    pid: int
    socket: socket.socket | None
    nofile: tuple[int, int] = (0, 0)


NONE = -1
"""The pid of a zygote that is none."""


def start(nofile: tuple[int, int]) -> Zygote:
    """
    Fork the zygote. It ends by itself when the supervisor's end of the socket is closed.

    ``nofile`` is the limit of open files for all it clones: the supervisor's own may be higher.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if gc.isenabled():
        gc.collect()
    gc.freeze()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            _serve(theirs, nofile)
            status = 0
        finally:
            os._exit(status)
    theirs.close()
    return Zygote(pid, ours)


class Request(NamedTuple):
    """What is to be cloned; see init.Birth."""

    flags: int
    terminal: bool
    leaves: bool


def spawn(
    zygote: Zygote, request: Request, ours: socket.socket, theirs: list[socket.socket]
) -> int:
    """
    The pid of a new init, a child of the caller. ``theirs`` are the channels of app and init.

    It speaks first, so the zygote itself has nothing to say: whatever that did after the clone
    would cost each init the pages it wrote. Raises OSError when the kernel refuses the clone or the
    zygote is gone.
    """
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    fds = [channel.fileno() for channel in theirs]
    if zygote.socket is None:
        _clone_here(zygote.nofile, request, fds)
    else:
        socket.send_fds(zygote.socket, [_REQUEST.pack(*request)], fds)
    for channel in theirs:
        channel.close()
    said, pid = hear(ours)
    if said == init.BORN:
        return pid
    if not said:
        raise BrokenPipeError("the zygote is gone")
    raise OSError(int(said), f"cannot clone a process: {os.strerror(int(said))}")


def _clone_here(nofile: tuple[int, int], request: Request, fds: list[int]) -> None:
    """Clone an init without a zygote. Raises OSError when the kernel refuses."""
    head, own = fds
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    clone = _cloner(int(signal.SIGCHLD))
    kit = init.prepare(clone)
    try:
        pid = clone(request.flags)
        if pid == 0:
            _be_born(kit, nofile, init.Birth(head, own, *_rest_of(request)))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if pid < 0:
        raise OSError(-pid, f"cannot clone a process: {os.strerror(-pid)}")


def _rest_of(request: Request) -> tuple[bool, bool, bool]:
    return bool(request.flags & init.CLONE_NEWPID), request.terminal, request.leaves


def _be_born(kit: init.Kit, nofile: tuple[int, int], birth: init.Birth) -> NoReturn:
    """What a zygote has done before it clones, for an init that was cloned without one."""
    try:
        signal.set_wakeup_fd(-1)
        resource.setrlimit(resource.RLIMIT_NOFILE, nofile)
        low, high = sorted((birth.head, birth.own))
        descriptors.close_range(3, low - 1)
        descriptors.close_range(low + 1, high - 1)
        descriptors.close_range(high + 1)
        gc.disable()
        init.show(kit, b"twelve: init")
        init.main(kit, birth)
    finally:
        os._exit(1)


def hear(channel: socket.socket) -> tuple[bytes, int]:
    """What was said on a channel and the pid that said it, in the numbers of our own namespace."""
    data, ancillary, _, _ = channel.recvmsg(64, socket.CMSG_SPACE(_CREDENTIALS.size))
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
            return data, int(_CREDENTIALS.unpack(payload)[0])
    return data, 0


def _serve(orders: socket.socket, nofile: tuple[int, int]) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, nofile)
    _let_go_of_all_but(orders.fileno())
    signal.set_wakeup_fd(-1)
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    # Here once, not in each app on its way to its program. None is lost: all are blocked.
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, *app.IGNORED}:
        signal.signal(number, signal.SIG_DFL)
    box.warm()
    gc.disable()
    kit = init.prepare(_cloner(int(signal.SIGCHLD)))
    init.show(kit, b"twelve: init")  # theirs too: none can afford one of its own
    clone = _cloner(_CLONE_PARENT | int(signal.SIGCHLD))
    unpack, size, flag = _REQUEST.unpack, _REQUEST.size, descriptors.CLOEXEC
    room, receive, close = socket.CMSG_SPACE(_FDS.size), orders.recvmsg, os.close
    while True:  # few words: the pages that this loop writes are the price of each init
        request, ancillary, _, _ = receive(size, room, flag)
        if not request:
            return
        flags, terminal, leaves = unpack(request)
        head, own = _FDS.unpack(ancillary[0][2])
        pid = clone(flags)
        if pid == 0:
            close(orders.fileno())
            namespaced = bool(flags & init.CLONE_NEWPID)
            init.main(kit, init.Birth(head, own, namespaced, terminal, leaves))
        if pid < 0:
            os.write(head, b"%d" % -pid)
        close(head)
        close(own)


def _cloner(always: int) -> Callable[[int], int]:
    """
    A fork that takes flags beside ``always``; 0 in the child, the pid here, or minus the errno.

    Python's own fork hooks are not run: this process has one thread and no state that they would
    mend. With CLONE_PARENT the child is our parent's child.
    """
    number = _SYS_CLONE.get(os.uname().machine)
    if number is None:
        return lambda _flags: -errno.ENOSYS
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.argtypes = [ctypes.c_long] * 6
    call.restype = ctypes.c_long

    def clone(flags: int) -> int:
        pid = call(number, flags | always, 0, 0, 0, 0)
        return int(pid) if pid >= 0 else -ctypes.get_errno()

    return clone


def _let_go_of_all_but(keep: int) -> None:
    """Descriptors 0 to 2 become /dev/null, so that none that comes later can get such a number."""
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    descriptors.close_range(3, keep - 1)
    descriptors.close_range(keep + 1)
