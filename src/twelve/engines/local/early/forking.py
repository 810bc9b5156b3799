"""Forking: from a process that has imported next to nothing to a supervisor that starts processes.

Like whoever calls it, it imports only what is written in C, or in Python's start already.
"""

import gc
import marshal
import os
import sys

MODULES = "modules"
"""Beside what was foreseen: what a seed imports."""


class Seed:
    """A supervisor to be: forked before it is known whether it is wanted, it imports meanwhile.

    ``ready`` has a byte when all is told to start, and ends when it runs, or nothing ever will;
    ``haste`` is closed when nobody waits any more.
    """

    def __init__(self, foreseen: str) -> None:
        told, self.orders = os.pipe2(os.O_CLOEXEC)
        self.ready, writer = os.pipe2(os.O_CLOEXEC)
        over, self.haste = os.pipe2(os.O_CLOEXEC)
        self.pid = os.fork()
        if self.pid == 0:
            live(foreseen, told, writer, over)
        for fd in (told, writer, over):
            os.close(fd)

    def grow(self, folders: tuple[str, str], launches: list[dict[str, object]]) -> None:
        """It is wanted: with these folders for a run and a home it starts these.

        Raises OSError when it is gone.
        """
        data = marshal.dumps((folders, launches))
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
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)


def sow(environ: dict[str, str]) -> Seed | None:
    """A seed, where something was foreseen in the home of these variables."""
    foreseen = foreseen_of(environ)
    if not foreseen or not os.path.isdir(foreseen):
        return None
    gc.disable()  # until it is known whether there is an early start
    return Seed(foreseen)


def live(foreseen: str, told: int, writer: int, over: int) -> None:
    """In the child. Never returns."""
    status = 1
    try:
        # twelve: ignore[VIII-3] the process manager itself: apps outlive the command that began it
        os.setsid()
        leave_all_behind({told, writer, over})
        status = spend(f"{foreseen}/{MODULES}", told, (writer, over))
    finally:
        os._exit(status)


def spend(path: str, told: int, pipes: tuple[int, int]) -> int:
    """The life of the supervisor, until it runs its program anew."""
    from twelve.engines.local.early import modules

    writer, over = pipes
    before = set(sys.modules)
    known = modules.use(path)
    from twelve.engines.local.early import standins

    standins.install()
    stood_in = set(sys.modules)
    from twelve.engines.local.supervisor import life

    modules.settle()

    def leave() -> None:
        if not known:
            modules.keep(path, before | {n for n in stood_in if n in standins.NAMES})

    with open(told, "rb") as orders:
        data = orders.read()
    if not data:
        return 0
    (run, home), (*own, collector) = marshal.loads(data)  # noqa: S302 - it is our parent's
    complain_in(f"{home}/supervisor")
    return life.spend(run, home, writer, haste=life.Haste(own, [collector], over, leave))


def leave_all_behind(keep: set[int]) -> None:
    """Descriptors, handlers and variables of the process that we were are none of ours."""
    import _signal  # type: ignore[import-not-found]

    for number in (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP):
        _signal.signal(number, _signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    first = 3
    for fd in sorted(keep):
        os.closerange(first, fd)
        first = fd + 1
    os.closerange(first, 4096)
    os.environ.clear()
    os.environ.update({"PATH": os.defpath, "LANG": "C.UTF-8"})


def complain_in(folder: str) -> None:
    """What goes wrong from here on is written there. Raises OSError."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    words = os.open(f"{folder}/stderr.log", flags, 0o600)
    os.dup2(words, 2)
    os.close(words)


def foreseen_of(environ: dict[str, str]) -> str:
    """Where it is kept what the next start would do; empty where there can be no home."""
    data = environ.get("TWELVE_HOME") or home_of(environ)
    return f"{data}/foreseen" if data else ""


def home_of(environ: dict[str, str]) -> str:
    """The home when TWELVE_HOME is not set; empty when nothing says where."""
    if os.geteuid() == 0:
        return "/var/lib/twelve"
    data = environ.get("XDG_DATA_HOME", "")
    if data.startswith("/"):
        return os.path.normpath(f"{data}/twelve")
    home = environ.get("HOME", "")
    return os.path.normpath(f"{home}/.local/share/twelve") if home.startswith("/") else ""


def is_free(port: int) -> bool:
    """Whether a server could bind to the port now."""
    import _socket

    tried = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    try:
        tried.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        tried.bind(("0.0.0.0", port))
    except OSError:
        return False
    finally:
        tried.close()
    return True
