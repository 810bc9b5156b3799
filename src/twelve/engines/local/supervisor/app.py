"""
From a fork of the init to the app's own program: session, confinement, exec.

Nothing of ours is left open.
"""

import ctypes
import fcntl
import json
import os
import signal
import socket
import termios
from typing import Any, NoReturn

from twelve.engines.local.supervisor import box, descriptors

CANNOT_RUN, NOT_FOUND = 126, 127
"""The exit codes that every shell gives for a program that is not executable, and for one that is not there."""

_PR_SET_PDEATHSIG = 1


class _CannotStartError(Exception):
    """A sentence for the app's stderr, and the exit code."""


def become(
    job: int, channel: socket.socket, stdio: list[int], *, terminal: bool, parent: int
) -> NoReturn:
    """
    Turn into the program of ``job``.

    What hinders it is told in one line on the app's own stderr.
    """
    status = CANNOT_RUN
    try:
        os.setsid()
        channel.send(b"app")  # the kernel adds our pid as the supervisor sees it
        for number, fd in enumerate(stdio):
            os.dup2(fd, number)
        if terminal:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        order = json.loads(_whole(job))
        _confine(order, parent)
        _run(order)
    except _CannotStartError as error:
        text, status = error.args
        os.write(2, f"twelve: {text}\n".encode())
    finally:
        os._exit(status)


def _confine(order: dict[str, Any], parent: int) -> None:
    try:
        box.enter(order["box"])
        box.confine(order["box"])
    except OSError as error:
        raise _CannotStartError(f"cannot confine {order['name']}: {error}", CANNOT_RUN) from error
    # A killed init takes its app along also where there is no pid namespace; a new uid would clear
    # this, so it comes last.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if parent != 1 and os.getppid() != parent:
        os._exit(CANNOT_RUN)


def _run(order: dict[str, Any]) -> NoReturn:
    try:
        os.chdir(order["cwd"])
    except OSError as error:
        raise _CannotStartError(
            f"cannot enter {order['cwd']!r}: {error.strerror}", CANNOT_RUN
        ) from error
    os.umask(0o022)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if signal.getsignal(number) is not None:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    descriptors.close_range(3)
    argv = order["argv"]
    try:
        os.execvpe(argv[0], argv, order["env"])
    except FileNotFoundError as error:
        raise _CannotStartError(
            f"cannot run {argv[0]!r}: no such program on PATH", NOT_FOUND
        ) from error
    except (OSError, ValueError) as error:
        raise _CannotStartError(
            f"cannot run {argv[0]!r}: {getattr(error, 'strerror', error)}", CANNOT_RUN
        ) from error


def _whole(job: int) -> bytes:
    size = os.fstat(job).st_size
    return os.pread(job, size, 0)
