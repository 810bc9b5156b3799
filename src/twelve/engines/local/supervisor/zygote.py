"""
The zygote: forked from the supervisor while that is young, it clones the init of every instance and
does nothing else.

Pages that two processes share cost half each, until one of them writes. The supervisor writes all
the time, so an init forked from it would keep an old copy of every page it touched since: 1.5 MB
each. The zygote stays cold.
"""

import ctypes
import gc
import os
import resource
import signal
import socket
import struct
from typing import NamedTuple

from twelve.engines.local.supervisor import descriptors, init

_REQUEST = struct.Struct("<Q")
_REPLY = struct.Struct("<i")
_CLONE_PARENT = 0x00008000
_SYS_CLONE = {"x86_64": 56, "aarch64": 220}


class Zygote(NamedTuple):
    """The supervisor's handle of its zygote."""

    pid: int
    socket: socket.socket


def start(nofile: tuple[int, int]) -> Zygote:
    """
    Fork the zygote. It ends by itself when the supervisor's end of the socket is closed.

    ``nofile`` is the limit of open files for all it clones: the supervisor's own may be higher.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
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


def spawn(zygote: Zygote, flags: int, channel: socket.socket) -> int:
    """
    The pid of a new init, a child of the caller, which waits for its orders on ``channel``.

    Raises OSError when the kernel refuses the clone or the zygote is gone.
    """
    socket.send_fds(zygote.socket, [_REQUEST.pack(flags)], [channel.fileno()])
    reply = zygote.socket.recv(_REPLY.size)
    if not reply:
        raise BrokenPipeError("the zygote is gone")
    (pid,) = _REPLY.unpack(reply)
    if pid < 0:
        raise OSError(-pid, f"cannot clone a process: {os.strerror(-pid)}")
    return int(pid)


def _serve(orders: socket.socket, nofile: tuple[int, int]) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, nofile)
    _let_go_of_all_but(orders.fileno())
    signal.set_wakeup_fd(-1)
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    gc.disable()
    kit = init.prepare()
    init.show(kit, b"twelve: zygote")
    number = _SYS_CLONE.get(os.uname().machine)
    while True:
        request, fds, _, _ = socket.recv_fds(orders, _REQUEST.size, 1, descriptors.CLOEXEC)
        if not request:
            return
        (flags,) = _REQUEST.unpack(request)
        pid = _clone(kit.libc, number, flags)
        if pid == 0:
            orders.close()
            init.main(kit, fds[0], bool(flags & init.CLONE_NEWPID))
        os.close(fds[0])
        orders.send(_REPLY.pack(pid))


def _clone(libc: ctypes.CDLL, number: int | None, flags: int) -> int:
    """
    A fork whose child is our parent's child. Python's own fork hooks are not run: this process has
    one thread and no state that they would mend. The exit signal is inherited with CLONE_PARENT.
    """
    if number is None:
        return -38  # ENOSYS
    pid = libc.syscall(
        ctypes.c_long(number),
        ctypes.c_ulong(flags | _CLONE_PARENT | signal.SIGCHLD),
        ctypes.c_void_p(None),
        ctypes.c_void_p(None),
        ctypes.c_void_p(None),
        ctypes.c_void_p(None),
    )
    return int(pid) if pid >= 0 else -ctypes.get_errno()


def _let_go_of_all_but(keep: int) -> None:
    """Descriptors 0 to 2 become /dev/null, so that none that comes later can get such a number."""
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    descriptors.close_range(3, keep - 1)
    descriptors.close_range(keep + 1)
