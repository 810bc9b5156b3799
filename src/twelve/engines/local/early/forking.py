"""Forking: from a process that has imported next to nothing to a supervisor that starts processes.

Like whoever calls it, it imports only what is written in C, or in Python's start already.
"""

import _socket
import marshal
import os
import sys


class Seed:
    """A supervisor to be: forked before it is known whether it is wanted, it imports meanwhile.

    ``ready`` has a byte when all is told to start, and ends when it runs, or nothing ever will;
    ``haste`` is closed when nobody waits any more.
    """

    def __init__(self, home: str) -> None:
        told, self.orders = os.pipe2(os.O_CLOEXEC)
        self.ready, writer = os.pipe2(os.O_CLOEXEC)
        over, self.haste = os.pipe2(os.O_CLOEXEC)
        self.pid = os.fork()
        if self.pid == 0:
            live(home, told, writer, over)
        for fd in (told, writer, over):
            os.close(fd)

    def grow(self, run: str, launches: list[dict[str, object]]) -> None:
        """It is wanted: it starts these. Raises OSError when it is gone."""
        data = marshal.dumps((run, launches))
        try:
            while data:
                data = data[os.write(self.orders, data) :]
        finally:
            os.close(self.orders)
            self.orders = -1

    def rot(self) -> None:
        """It is not wanted, and goes. Without orders it has touched nothing."""
        for fd in {self.orders, self.ready, self.haste} - {-1}:
            os.close(fd)
        os.waitpid(self.pid, 0)


def live(home: str, told: int, writer: int, over: int) -> None:
    """In the child. Never returns."""
    status = 1
    try:
        # twelve: ignore[VIII-3] the process manager itself: apps outlive the command that began it
        os.setsid()
        leave_all_behind(home, {told, writer, over})
        status = spend(home, told, (writer, over))
    finally:
        os._exit(status)


def spend(home: str, told: int, pipes: tuple[int, int]) -> int:
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

    with open(told, "rb") as orders:
        data = orders.read()
    if not data:
        return 0
    run, (*own, collector) = marshal.loads(data)  # noqa: S302 - it is our parent's
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
