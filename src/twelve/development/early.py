"""Early: an ``up`` that begins as the one before it did has its processes run at once.

The former ``up`` left a foresight (``foresight.py``): what the next one would start, and all that
this follows from. While nothing of that has changed, a supervisor that was forked from this process
before all else, to import what it needs while we look, starts them; control comes up beside and
finds them. Until then what they say first is put into their log files, and on the screen, by this
module. Whatever is not as it was: nothing is begun here, and ``up`` goes the long way.

Every import here is one that each start waits for: ``typing`` alone is a third of the time that
the whole may take. So it has only what is written in C, or in Python's start already.
"""

import fcntl
import gc
import marshal
import os
import select
import sys
import time
import zlib

from twelve import __version__
from twelve.development.heads import colour_of, head_of, with_heads
from twelve.engines.local.early.forking import Seed, foreseen_of, is_free

FORMAT = 1
MATTERS = ("PATH", "HOME", "PYENV_ROOT", "XDG_DATA_HOME", "XDG_RUNTIME_DIR")
MADE_BY_RUNNING = frozenset({"__pycache__"})
ENV = ".env"
MOST = 1 << 18
PATIENCE = 0.05
"""Seconds that processes which run may take to say something before control begins to come up."""
BOXES = 1.0
"""Seconds until they run, at most: on a busy machine control's start would only hold them up."""
LOG = f"{0:020d}.log"
"""The first segment of a stream."""
PLAIN = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-+/:,@%=?&~!()[]{}*;^<>|"
)

Signature = tuple[tuple[int, ...], str] | None


class Call:
    """How ``up`` was called: the same words, in the same folder."""

    def __init__(self, words: list[str], environ: dict[str, str]) -> None:
        self.words = words
        self.environ = environ
        self.folder = os.getcwd()
        """Where it was called, which need not be the app's."""

    @property
    def path(self) -> str:
        """Where its foresight is; empty where there can be no home."""
        folder = foreseen_of(self.environ)
        return f"{folder}/{crc([self.folder, *self.words]):08x}" if folder else ""

    def key(self) -> list[object]:
        """What must be the same, besides files, for a foresight to hold; no value is in it."""
        given = sorted(
            f"{name}={value}"
            for name, value in self.environ.items()
            if name in MATTERS or name.startswith("TWELVE_")
        )
        made = [__version__, sys.version, sys.executable, os.geteuid()]
        return [FORMAT, *made, self.words, self.folder, digest("\0".join(given))]


class Stream:
    """One FIFO of a process, and the file where what comes out of it belongs."""

    def __init__(self, fifo: int, folder: str, head: tuple[str, str]) -> None:
        self.fifo = fifo
        self.folder = folder
        self.head = head
        """The name before its lines, and the type that gives it its colour."""
        self.taken = 0
        self.shown = 0
        """Bytes, all of them in whole lines."""


class Early:
    """What has been begun, and what of it has been shown."""

    def __init__(self, foreseen: dict[str, object], lock: int, seed: Seed, *, colour: bool) -> None:
        self.home, self.run = str(foreseen["home"]), str(foreseen["run"])
        self.ports: dict[str, int] = foreseen["ports"]  # type: ignore[assignment]
        self.types: list[str] = foreseen["types"]  # type: ignore[assignment]
        self.names: list[str] = foreseen["shown"]  # type: ignore[assignment]
        self.label = str(foreseen["app"]), str(foreseen["deploy"])
        self.lock = lock
        self.colour = colour
        self.width = max(len("twelve"), *map(len, self.names))
        self.asked = False
        """Whether somebody has said already that it is enough."""
        self.since = time.time_ns()
        self.streams: list[Stream] = []
        self.logs = hold(f"{self.home}/logs/lock")
        """While it is ours no collector reads what we read."""
        import _signal  # type: ignore[import-not-found]

        numbers = (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP)
        before = {number: _signal.signal(number, self.leave) for number in numbers}
        launches: list[dict[str, object]] = foreseen["launches"]  # type: ignore[assignment]
        self.seed = seed
        try:
            seed.grow((self.run, self.home), launches)
            if os.read(seed.ready, 1) != b"\0":
                raise OSError("the supervisor is gone")
        except OSError:
            os.close(self.logs)
            for number, was in before.items():
                _signal.signal(number, was)
            if self.asked:
                raise KeyboardInterrupt from None
            raise
        self.show(launches)

    def leave(self, *_: object) -> None:
        """Told to leave before there is anybody who can."""
        self.asked = True

    @property
    def shown(self) -> dict[str, int]:
        """How much of each stream is on the screen already, by its folder."""
        return {stream.folder: stream.shown for stream in self.streams if stream.shown}

    def show(self, launches: list[dict[str, object]]) -> None:
        """The first lines of the processes, if they come soon; then the collector may have them."""
        mask = os.umask(0o077)
        try:
            self.streams = self.streams_of(launches)
            self.take_first()
        except OSError:
            pass  # nothing is lost: what is in the pipes is there for the collector
        finally:
            os.umask(mask)
            for stream in self.streams:
                os.close(stream.fifo)
            for fd in (self.seed.ready, self.seed.haste, self.logs):
                os.close(fd)

    def streams_of(self, launches: list[dict[str, object]]) -> list[Stream]:
        """The FIFOs that the supervisor has made. Raises OSError."""
        found = []
        for launch, name in zip(launches, self.names, strict=False):
            logs: dict[str, str] = launch["logs"]  # type: ignore[assignment]
            folder = f"{self.run}/p/{digest(str(launch['name']))[:16]}"
            for stream in ("stdout", "stderr"):
                fifo = os.open(f"{folder}/{stream}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
                head = name, name.partition(".")[0]
                found.append(Stream(fifo, f"{logs['dir']}/{stream}", head))
        return found

    def take_first(self) -> None:
        """What is said until there is nothing more to take, or patience ends. Raises OSError."""
        deadline = time.monotonic() + BOXES
        poll = select.poll()
        by_fd = {stream.fifo: stream for stream in self.streams}
        for fd in by_fd:
            poll.register(fd, select.POLLIN)
        poll.register(self.seed.ready, select.POLLIN)
        said = False
        while not self.asked:
            left = 0.0 if said else deadline - time.monotonic()
            ready = poll.poll(max(0.0, left) * 1000)
            if not ready:
                return
            for fd, _ in ready:
                if fd in by_fd:
                    said = self.take(by_fd[fd]) or said
                else:
                    poll.unregister(fd)
                    deadline = min(deadline, time.monotonic() + PATIENCE)
            if time.monotonic() > deadline:
                return

    def take(self, stream: Stream) -> bool:
        """From the pipe into the file, as the collector does, then on the screen.

        Whether there was a whole line. Raises OSError.
        """
        folder = f"{self.home}/{stream.folder}"
        os.makedirs(folder, mode=0o700, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        file = os.open(f"{folder}/{LOG}", flags, 0o600)
        try:
            stream.taken += os.splice(stream.fifo, file, MOST, offset_dst=stream.taken)
            data = os.pread(file, stream.taken - stream.shown, stream.shown)
        finally:
            os.close(file)
        data = data[: data.rfind(b"\n") + 1]
        if not data:
            return False
        name, kind = stream.head
        colour = colour_of(kind, self.types) if self.colour else None
        view = with_heads(head_of(name, time.time_ns(), self.width, colour), data)
        while view:
            view = view[os.write(1, view) :]
        stream.shown += len(data)
        return True

    def bury(self) -> None:
        """The supervisor is our child: its end is to be taken note of."""
        try:
            os.waitpid(self.seed.pid, os.WNOHANG)
        except ChildProcessError:
            return


def begin(call: Call, seed: Seed, *, colour: bool) -> Early | None:
    """Begin what the former call of this kind foresaw; None when it cannot be relied on."""
    lock, early = -1, None
    gc.disable()
    try:
        foreseen = recall(call)
        if foreseen is None:
            return None
        lock = hold(f"{foreseen['home']}/up.lock")
        if not holds(foreseen):
            return None
        os.ftruncate(lock, 0)
        os.write(lock, str(os.getpid()).encode())
        early = Early(foreseen, lock, seed, colour=colour)
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        # Nothing is running: whatever is the matter, the long way says it well.
        return None
    finally:
        if early is None:
            leave_no_trace(lock, seed)
        gc.enable()
    return early


def leave_no_trace(lock: int, seed: Seed) -> None:
    """Nothing was begun."""
    if lock >= 0:
        os.close(lock)
    seed.rot()


def recall(call: Call) -> dict[str, object] | None:
    """The foresight of such a call, if it was made in circumstances like these. Raises."""
    foreseen = remember(call)
    return foreseen if foreseen and matches(foreseen) else None


def remember(call: Call) -> dict[str, object] | None:
    """The foresight of such a call, before its folder was looked at. Raises."""
    with open(call.path, "rb", buffering=0) as file:
        if os.fstat(file.fileno()).st_uid != os.geteuid():
            return None
        foreseen: dict[str, object] = marshal.loads(file.read())  # noqa: S302 - it is our own
    return foreseen if foreseen["key"] == call.key() else None


def matches(foreseen: dict[str, object]) -> bool:
    """Whether the folder is as it was; then the launches get their values. Raises."""
    if foreseen["entries"] != entries_of(str(foreseen["folder"])):
        return False
    files: dict[str, Signature] = foreseen["files"]  # type: ignore[assignment]
    if not all(same(path, was) for path, was in files.items()):
        return False
    launches: list[dict[str, object]] = foreseen["launches"]  # type: ignore[assignment]
    fill_in(launches, f"{foreseen['folder']}/{ENV}")
    return True


def fill_in(launches: list[dict[str, object]], path: str) -> None:
    """Values of ``.env`` are kept nowhere but there: they are put where they belong. Raises."""
    try:
        with open(path, "rb", buffering=0) as file:
            pairs = parse(file.read())
    except FileNotFoundError:
        pairs = {}
    for launch in launches:
        env: dict[str, str | None] = launch["env"]  # type: ignore[assignment]
        env.update({name: pairs[name] for name, value in env.items() if value is None})


def parse(data: bytes) -> dict[str, str]:
    """The variables of a ``.env``. The parser that knows all of it costs time to import."""
    pairs = {}
    for line in data.decode().split("\n"):
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not PLAIN.issuperset(value) or not name.isidentifier():
            from twelve.factors.config.dotenv import parse_dotenv

            return dict(parse_dotenv(data, ENV))
        pairs[name] = value
    return pairs


def hold(path: str) -> int:
    """A lock that nobody else has. Raises OSError."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise
    return lock


def holds(foreseen: dict[str, object]) -> bool:
    """The former ``up`` ended as it should, and what is needed is there; old lines go aside."""
    home, run = str(foreseen["home"]), str(foreseen["run"])
    needs: list[str] = foreseen["needs"]  # type: ignore[assignment]
    ports: dict[str, int] = foreseen["ports"]  # type: ignore[assignment]
    if (
        os.path.lexists(f"{home}/supervisor/state.json")
        or os.path.lexists(run)
        or os.stat(os.path.dirname(run)).st_uid != os.geteuid()
        or not all(map(os.path.exists, needs))
        or not all(map(is_free, ports.values()))
    ):
        return False
    folders: list[str] = foreseen["folders"]  # type: ignore[assignment]
    os.mkdir(run, 0o711 if os.geteuid() == 0 else 0o700)
    for folder in folders:
        os.makedirs(folder, mode=0o700)
    try:
        logs = f"{home}/logs/{foreseen['app']}/{foreseen['deploy']}"
        os.rename(logs, f"{home}/builds/former-{time.time_ns():x}")
    except FileNotFoundError:
        return True
    return True


def signature(path: str) -> Signature:
    """What a file was: what changes when it is written, and its content; None where there is none.

    Raises OSError.
    """
    facts = facts_of(path)
    return None if facts is None else (facts, content(path))


def same(path: str, was: Signature) -> bool:
    """Whether a file is as it was; one that was written anew may say the same. Raises OSError."""
    facts = facts_of(path)
    if was is None or facts is None:
        return was is None and facts is None
    return facts == was[0] or content(path) == was[1]


def facts_of(path: str) -> tuple[int, ...] | None:
    """Times, size, mode, and which file it is; None when it is not there. Raises OSError."""
    try:
        facts = os.stat(path)
    except FileNotFoundError:
        return None
    return (facts.st_mtime_ns, facts.st_ctime_ns, facts.st_size, facts.st_ino, facts.st_mode)


def content(path: str) -> str:
    """The digest of a file, and whether it may be run. Raises OSError."""
    with open(path, "rb", buffering=0) as file:
        mode = os.fstat(file.fileno()).st_mode
        return digest(f"{mode}\0{file.read().decode('latin-1')}")


def entries_of(folder: str) -> int:
    """A number for the names in a folder: the first line of what an app consists of."""
    return crc(sorted(set(os.listdir(folder)) - MADE_BY_RUNNING))


def crc(names: list[str]) -> int:
    """A number for a list of names."""
    return zlib.crc32("\0".join(names).encode("utf-8", "surrogateescape"))


def digest(text: str) -> str:
    """The sha256, by the interpreter's own: hashlib would load OpenSSL."""
    try:
        import _sha2 as own  # type: ignore[import-not-found]
    except ImportError:
        import _sha256 as own  # type: ignore[import-not-found]
    return str(own.sha256(text.encode("utf-8", "surrogateescape")).hexdigest())
