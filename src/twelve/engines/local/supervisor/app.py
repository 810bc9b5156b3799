"""
From a fork of the init to the app's own program: session, confinement, exec.

Nothing of ours is left open.
"""

import ctypes
import errno
import fcntl
import gc
import json
import os
import signal
import socket
from typing import Any, NoReturn

from twelve.engines.local.supervisor import box, descriptors, titles

CANNOT_RUN, NOT_FOUND = 126, 127
"""The exit codes that every shell gives for a program that cannot be run, and for none at all."""

PLAIN, TERMINAL = b"-", b"t"
"""The word of the orders: whether stdin is a terminal that the app is to control."""

DESCRIPTORS = 8
"""job, stdin, stdout, stderr, and at most one control group for each controller."""

_FIXED = 4
_PR_SET_PDEATHSIG = 1


class _CannotStartError(Exception):
    """A sentence for the app's stderr, and the exit code."""


def become(channel: int, parent: int) -> NoReturn:
    """Turn into a program. What hinders it is told in one line on the app's own stderr."""
    status = CANNOT_RUN
    try:
        link = socket.socket(fileno=channel)
        box.warm()  # done already where a zygote made us; where none did, nobody has time before
        head, fds, _, _ = socket.recv_fds(link, 1, DESCRIPTORS, descriptors.CLOEXEC)
        if not head:  # the supervisor died: nobody knows of us
            os._exit(0)
        os.setsid()
        link.send(b"app")  # the kernel adds our pid as the supervisor sees it
        job, *stdio = fds[:_FIXED]
        for number, fd in enumerate(stdio):
            os.dup2(fd, number)
        if head == TERMINAL:
            import termios

            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        order = json.loads(_whole(job))
        _reset_signals()
        _join(order, fds[_FIXED:])
        os.nice(order["nice"])
        _confine(order, parent)
        if order["module"]:
            status = _run_module(order)
        else:
            _run(order)
    except _CannotStartError as error:
        text, status = error.args
        os.write(2, f"twelve: {text}\n".encode("utf-8", "surrogateescape"))
    finally:
        os._exit(status)


IGNORED = (signal.SIGPIPE, signal.SIGXFSZ)
"""What Python ignores; the zygote has given everything else its default already."""


def _reset_signals() -> None:
    """The app begins as from a shell: Python ignores some signals, the init blocks all."""
    for number in IGNORED:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _join(order: dict[str, Any], doors: list[int]) -> None:
    """
    Into its control groups.

    The init stays outside: it shall pass signals on and note the exit also when the app has used up
    what it may use.
    """
    try:
        for door in doors:
            box.join(door)
    except OSError as error:
        text = f"cannot limit {order['name']}: joining its control group: {error.strerror}"
        raise _CannotStartError(text, CANNOT_RUN) from error


def _confine(order: dict[str, Any], parent: int) -> None:
    """Into the box. Every descriptor from 3 on closes at exec from here."""
    try:
        box.enter(order["box"])
        box.confine(order["box"])
    except OSError as error:
        raise _CannotStartError(f"cannot confine {order['name']}: {error}", CANNOT_RUN) from error
    # A killed init takes its app along also where there is no pid namespace; a new uid would
    # clear this, so it comes last.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if parent != 1 and os.getppid() != parent:
        os._exit(CANNOT_RUN)


def _run(order: dict[str, Any]) -> NoReturn:
    cwd = order["cwd"]
    try:
        os.chdir(cwd)
    except OSError as error:
        text = f"cannot enter {cwd!r}: {error.strerror}"
        raise _CannotStartError(text, CANNOT_RUN) from error
    os.umask(0o022)
    program = order["argv"][0]
    try:
        _exec(box.wrap(order["box"], order["argv"]), order["env"])
    except (FileNotFoundError, NotADirectoryError) as error:
        text = f"cannot run {program!r}: {_why_missing(program, order['env'])}"
        raise _CannotStartError(text, NOT_FOUND) from error
    except (OSError, ValueError) as error:
        text = f"cannot run {program!r}: {getattr(error, 'strerror', None) or error}"
        raise _CannotStartError(text, CANNOT_RUN) from error


def _exec(argv: list[str], env: dict[str, str]) -> NoReturn:
    """As ``os.execvpe``, which would import a module: in the box none is to be found.

    Raises OSError: why it cannot be run where it is, rather than that it is not elsewhere.
    """
    if "/" in argv[0]:
        os.execve(argv[0], argv, env)  # noqa: S606 - argv is a list, there is no shell
    refused: OSError | None = None
    for folder in env.get("PATH", os.defpath).split(os.pathsep):
        try:
            os.execve(os.path.join(folder, argv[0]), argv, env)  # noqa: S606 - as above
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            refused = refused or error
    raise refused or FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def _run_module(order: dict[str, Any]) -> int:
    """A part of Twelve, in this very process: an interpreter of its own would start for 50 ms."""
    descriptors.close_range(3)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    titles.show(order["argv"])
    gc.enable()
    import importlib  # here, for it is a tenth of what an app on its way to its program may import

    module = importlib.import_module(f"{order['module']}.__main__")
    words = order["argv"][order["argv"].index(order["module"]) + 1 :]
    return int(module.main(words))


def _why_missing(program: str, env: dict[str, str]) -> str:
    """The file may be there, and what its first line names not."""
    folders = [""] if "/" in program else env.get("PATH", os.defpath).split(os.pathsep)
    if any(os.path.isfile(os.path.join(folder, program)) for folder in folders):
        return "it is there, but the interpreter that its first line names is not"
    return "no such file" if "/" in program else "no such program on PATH"


def _whole(job: int) -> bytes:
    size = os.fstat(job).st_size
    return os.pread(job, size, 0)
