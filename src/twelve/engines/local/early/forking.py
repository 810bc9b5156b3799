"""Forking: from a process that has imported next to nothing to a supervisor that starts processes.

Like whoever calls it, it imports only what is written in C, or in Python's start already.
"""

import _socket
import os
import sys


def fork(run: str, home: str, launches: list[dict[str, object]]) -> tuple[int, int, int]:
    """A supervisor that starts these: its pid, a pipe that says when it has, one for its haste."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    over, haste = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid:
        os.close(writer)
        os.close(over)
        return pid, reader, haste
    status = 1
    try:
        # twelve: ignore[VIII-3] the process manager itself: apps outlive the command that began it
        os.setsid()
        leave_all_behind(home, {writer, over})
        status = spend(run, home, launches, (writer, over))
    finally:
        os._exit(status)


def spend(run: str, home: str, launches: list[dict[str, object]], pipes: tuple[int, int]) -> int:
    """The life of the supervisor, until it runs its program anew."""
    from twelve.engines.local.early import modules

    writer, over = pipes
    before = set(sys.modules)
    path = f"{home}/cache/early.modules"
    known = modules.use(path)
    from twelve.engines.local.early import standins

    standins.install()
    stood_in = set(sys.modules)
    from twelve.engines.local.supervisor import life

    def leave() -> None:
        if not known:
            modules.keep(path, before | {n for n in stood_in if n in standins.NAMES})

    *own, collector = launches
    return life.spend(run, home, writer, haste=life.Haste(own, [collector], over, leave))


def leave_all_behind(home: str, keep: set[int]) -> None:
    """Descriptors, handlers and variables of the process that we were are none of ours."""
    import _signal  # type: ignore[import-not-found]

    for number in (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP):
        _signal.signal(number, _signal.SIG_DFL)
    os.makedirs(f"{home}/supervisor", mode=0o700, exist_ok=True)
    null = os.open(os.devnull, os.O_RDWR)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    words = os.open(f"{home}/supervisor/stderr.log", flags, 0o600)
    for number, ours in enumerate((null, null, words)):
        os.dup2(ours, number)
    first = 3
    for fd in sorted(keep):
        os.closerange(first, fd)
        first = fd + 1
    os.closerange(first, 4096)
    os.environ.clear()
    os.environ.update({"PATH": os.defpath, "LANG": "C.UTF-8"})


def is_free(port: int) -> bool:
    """Whether a server could bind to the port now."""
    tried = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    try:
        tried.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        tried.bind(("0.0.0.0", port))
    except OSError:
        return False
    finally:
        tried.close()
    return True
