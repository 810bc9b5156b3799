"""The life of a supervisor: start up, loop, leave. Leaving never ends an instance."""

import contextlib
import ctypes
import fcntl
import gc
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from twelve.engines.local.supervisor import (
    adoption,
    events,
    protocol,
    state,
    succession,
)
from twelve.engines.local.supervisor.keeper import Keeper
from twelve.engines.local.supervisor.loop import READABLE, Loop
from twelve.engines.local.supervisor.server import Server
from twelve.errors import TwelveError

_PR_SET_CHILD_SUBREAPER = 36
_LOCK = "lock"
USAGE = "usage: python -I -m twelve.engines.local.supervisor --run RUN --home HOME [--detach]"
_HASTE_LIMIT = 2.0
"""Seconds until an early start is over in any case."""
BUSY = 75
"""The exit code when another supervisor holds the home: it is there, or leaving."""


class Haste(NamedTuple):
    """Launches that need not wait until control is there: whoever wants them now has no time."""

    early: list[dict[str, Any]]
    afterwards: list[dict[str, Any]]
    """Those that the program begins with that is run anew."""
    over: int
    """A descriptor that is readable when nobody waits for the early ones any more."""
    leave: Callable[[], None]
    """Called then; what it raises keeps nobody."""


class Life:
    """One process, from its lock to its last word. ``will`` is what a program before us left."""

    def __init__(self, run: str, home: str, lock: int, will: dict[str, Any] | None) -> None:
        self.run, self.home, self.lock, self.will = run, home, lock, will
        self.leaving = ""
        self.program = sys.executable
        self.afterwards: list[dict[str, Any]] = []
        self.waited = -1
        """Closed when what was started early runs: somebody counts from there."""
        self.loop = Loop(self._signalled, self._settle)
        self.ring = events.Ring(will["first"] if will else time.time_ns() // 1_000_000)
        self.keeper: Keeper | None = None
        self.listener = (
            socket.socket(fileno=will["keep"]["listener"])
            if will
            else socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        )
        self.server = Server(self.loop, self.listener, self.ring)

    def start_up(self, *, hasty: bool = False) -> None:
        """Everything a client may rely on is there before the socket is.

        One in haste follows nobody: there is nothing to be found.
        """
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        nofile = (
            tuple(self.will["nofile"]) if self.will else resource.getrlimit(resource.RLIMIT_NOFILE)
        )
        folders = (self.run, self.home)
        self.keeper = Keeper(self.loop, folders, self.server.tell, nofile, hasty=hasty)
        if not hasty:
            from twelve.engines.local.supervisor import making

            self.keeper.made = making.of_supervisor()
        self.loop.catch(signal.SIGCHLD, signal.SIGTERM, signal.SIGINT)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (nofile[1], nofile[1])
        )  # the zygote keeps the plain limit
        if self.will is None:
            if not hasty:
                adoption.adopt(self.keeper)
            self._bind()
        else:
            succession.take_over(self.keeper, self.will["instances"])
        self.keeper.settle()
        self.server.open(self.keeper, self._leave)
        self._reap()  # a child that died before its signal was caught
        if self.will is not None:
            self.begin(self.will.get("afterwards", []))
            self.will = None

    def hasten(self, haste: Haste, ready: int) -> None:
        """Start at once what control will ask for; then run the program anew.

        ``ready`` is told when all is told to start, and closed when it does run.
        """
        assert self.keeper is not None
        self.afterwards = haste.afterwards
        for launch in haste.early:
            try:
                self.keeper.start(launch, early=True)
            except (TwelveError, OSError) as error:
                print(f"twelve: {launch.get('name')} is not started yet: {error}", file=sys.stderr)

        def over(_mask: int = 0) -> None:
            self._leave("reexec", "")
            haste.leave()

        self.loop.watch(haste.over, READABLE, over)
        self.loop.after(_HASTE_LIMIT, over)
        os.write(ready, b"\0")
        self.waited = ready

    def begin(self, launches: list[dict[str, Any]]) -> None:
        """Start what the program before us has left to us. What cannot be, control tries again."""
        assert self.keeper is not None
        for launch in launches:
            with contextlib.suppress(TwelveError, OSError):
                self.keeper.start(launch)

    def live(self) -> None:
        """Turn until it is time to leave. A new program that cannot be run changes nothing."""
        while True:
            self.loop.run()
            if self.leaving != "reexec":
                return
            assert self.keeper is not None
            words = ["--run", self.run, "--home", self.home]
            keep = {"listener": self.listener.fileno(), "lock": self.lock}
            try:
                more = {"afterwards": self.afterwards}
                argv = [self.program, *words]
                succession.hand_over(self.keeper, self.ring, argv, keep, more)
            except OSError as error:
                print(f"twelve: cannot run {self.program}: {error}", file=sys.stderr)

    def _bind(self) -> None:
        path = os.path.join(self.run, protocol.SOCKET)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)  # we hold the lock: whoever bound it is dead
        self.listener.bind(path)
        os.chmod(path, 0o600)
        self.listener.listen(64)

    def shut_down(self) -> None:
        """The socket goes, the instances stay; after ``shutdown`` there are none, nor a file."""
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
            self._leave("signal", "")

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
        if self.keeper is None:
            return
        if self.waited >= 0 and not self.keeper.is_starting():
            os.close(self.waited)
            self.waited = -1
        self.keeper.settle()

    def _leave(self, why: str, program: str) -> None:
        self.leaving = why
        self.program = program or sys.executable
        self.loop.stop()


def main(argv: list[str]) -> int:
    """0 when it left in order; BUSY when another one holds the home; 2 for wrong words."""
    words = [word for word in argv if word != "--detach"]
    options = dict(zip(words[::2], words[1::2], strict=False))
    if set(options) - {"--resume"} != {"--run", "--home"} or len(words) % 2:
        print(USAGE, file=sys.stderr)
        return 2
    ready = _detach() if "--detach" in argv else -1
    folders = os.path.abspath(options["--run"]), os.path.abspath(options["--home"])
    will = succession.read_will(int(options["--resume"])) if "--resume" in options else None
    return spend(*folders, ready, will)


def spend(
    run: str,
    home: str,
    ready: int,
    will: dict[str, Any] | None = None,
    haste: Haste | None = None,
) -> int:
    """A life from its first breath; the exit code. ``ready`` is told when it answers, -1: nobody.

    Whoever is in haste was made in haste, and runs its program anew when that is over.
    """
    os.umask(0o022 if os.geteuid() == 0 else 0o077)
    prepare(run, home)
    os.umask(0o077)
    lock = will["keep"]["lock"] if will else _locked(home)
    if lock < 0:
        _say(ready, BUSY)
        return BUSY
    os.chdir("/")
    life = Life(run, home, lock, will)
    life.start_up(hasty=haste is not None)
    if haste:
        life.hasten(haste, ready)
    else:
        _say(ready, 0)
    gc.freeze()
    life.live()
    life.shut_down()
    return 0


def _detach() -> int:
    """Go on in a child of nobody, in a session of its own. Our starter waits until it answers."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    if os.fork():
        os.close(writer)
        said = os.read(reader, 1)
        os._exit(said[0] if said else 1)
    os.close(reader)
    # twelve: ignore[VIII-3] the process manager itself: apps outlive the command that began it
    os.setsid()
    return writer


def _say(ready: int, status: int) -> None:
    if ready >= 0:
        os.write(ready, bytes([status]))
        os.close(ready)


def _locked(home: str) -> int:
    """The lock of the home, -1 when another supervisor has it. It goes with the process."""
    path = os.path.join(home, "supervisor", _LOCK)
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return -1
    return lock


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
