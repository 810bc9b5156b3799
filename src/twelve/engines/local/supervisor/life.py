"""The life of a supervisor: start up, loop, leave. Leaving never ends an instance."""

import contextlib
import ctypes
import fcntl
import gc
import os
import signal
import socket
import sys
import time

from twelve.engines.local.supervisor import adoption, events, protocol, state
from twelve.engines.local.supervisor.keeper import Keeper
from twelve.engines.local.supervisor.loop import Loop
from twelve.engines.local.supervisor.server import Server

_PR_SET_CHILD_SUBREAPER = 36
_LOCK = "lock"
USAGE = "usage: python -I -m twelve.engines.local.supervisor --run RUN --home HOME"


class Life:
    """One process, from its lock to its last word."""

    def __init__(self, run: str, home: str) -> None:
        self.run, self.home = run, home
        self.leaving = ""
        self.loop = Loop(self._signalled, self._settle)
        self.ring = events.Ring(time.time_ns() // 1_000_000)
        self.keeper: Keeper | None = None
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self.server = Server(self.loop, self.listener, self.ring)

    def start_up(self) -> None:
        """Everything a client may rely on is there before the socket is."""
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.keeper = Keeper(self.loop, self.run, self.home, self.server.tell)
        self.loop.catch(signal.SIGCHLD, signal.SIGTERM, signal.SIGINT)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        adoption.adopt(self.keeper)
        self.keeper.settle()
        path = os.path.join(self.run, protocol.SOCKET)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)  # we hold the lock: whoever bound it is dead
        self.listener.bind(path)
        os.chmod(path, 0o600)
        self.listener.listen(64)
        self.server.open(self.keeper, self._leave)
        self._reap()  # a child that died before its signal was caught

    def shut_down(self) -> None:
        """The socket goes, the instances stay; after ``shutdown`` the state file goes too, for there are none."""
        assert self.keeper is not None
        self.listener.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.run, protocol.SOCKET))
        self.keeper.close()
        if self.leaving == "shutdown":
            with contextlib.suppress(FileNotFoundError):
                os.unlink(state.path_of(self.home))

    def _signalled(self, number: int) -> None:
        if number == signal.SIGCHLD:
            self._reap()
        elif number in {signal.SIGTERM, signal.SIGINT}:
            self._leave("signal")

    def _reap(self) -> None:
        assert self.keeper is not None
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.keeper.died(pid, status)

    def _settle(self) -> None:
        if self.keeper is not None:
            self.keeper.settle()

    def _leave(self, why: str) -> None:
        self.leaving = why
        self.loop.stop()


def main(argv: list[str]) -> int:
    """0 when it left in order or another one holds the home; 2 for wrong words."""
    options = dict(zip(argv[::2], argv[1::2], strict=False))
    if set(options) != {"--run", "--home"} or len(argv) != 4:
        print(USAGE, file=sys.stderr)
        return 2
    run, home = os.path.abspath(options["--run"]), os.path.abspath(options["--home"])
    os.umask(0o022 if os.geteuid() == 0 else 0o077)
    prepare(run, home)
    os.umask(0o077)
    lock = os.open(
        os.path.join(home, "supervisor", _LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
    )
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return 0  # another one is there, which is what our starter wanted
    os.chdir("/")
    life = Life(run, home)
    life.start_up()
    gc.freeze()
    life.loop.run()
    life.shut_down()
    return 0


def prepare(run: str, home: str) -> None:
    """
    The folders.

    As root they may be walked through, for the uids of apps must reach their own FIFOs.
    """
    mode = 0o711 if os.geteuid() == 0 else 0o700
    for folder in (run, os.path.join(run, "p")):
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, mode)
    os.makedirs(os.path.join(home, "supervisor"), mode=0o700, exist_ok=True)
