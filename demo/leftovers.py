"""What a home leaves behind: processes, listening sockets, files. Looked for from outside.

Other programs go on meanwhile, so a new thing counts as ours when it carries our marks: the home's
folders in a process's arguments, environment, folder or open files, a parent of ours, a socket that
was seen in one of our processes, a file with one of our names that nobody else holds open.
"""

import atexit
import contextlib
import os
import re
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
OURS = re.compile(r"twelve|envoy|postgres|\.s\.PGSQL|valkey|redis|^tw[a-z0-9_]{8}$", re.IGNORECASE)
BY_OTHERS = re.compile(r"^/tmp/twelve-[^/]*\.(tar|txt)$")
"""A home's own commands have a TMPDIR of their own, which is looked through instead."""
LISTENING = "0A"
SHARED = ("/tmp", "/dev/shm", "/run/twelve")  # noqa: S108 - looked at, not written to
DEEP = 3
"""Folders below the user's home that are looked through."""


class Seen(NamedTuple):
    """A process, told from a later one of the same pid by its start."""

    pid: int
    started: int


class Picture(NamedTuple):
    """The machine at one moment."""

    processes: frozenset[Seen]
    files: frozenset[str]


class Watch:
    """Collects what belongs to a home while it lives, and looks for it afterwards."""

    def __init__(
        self,
        marks: Iterable[Path],
        user_home: Path,
        but: Iterable[Path],
        own: Iterable[Path] = (),
    ) -> None:
        self.marks = [str(mark).encode() for mark in marks]
        self.places = [(user_home, DEEP), *((Path(place), 1) for place in (*SHARED, *own))]
        self.but = {str(path) for path in but}
        self.before = self.look()
        self.mine: set[Seen] = set()
        self.sockets: dict[str, str] = {}
        self.uids = {os.geteuid()}

    def look(self) -> Picture:
        """Everything that there is."""
        every = (name for place, depth in self.places for name in names(place, depth))
        files = (n for n in every if n not in self.but and not BY_OTHERS.match(n))
        return Picture(frozenset(processes()), frozenset(files))

    def note(self) -> None:
        """Remember the processes and listening sockets that are ours now."""
        self.mine |= self.marked(processes()) - self.before.processes
        listening = listeners()
        for seen in self.mine:
            self.uids.add(owner(f"/proc/{seen.pid}"))
            for inode in inodes(seen.pid):
                if inode in listening:
                    self.sockets[inode] = f"{listening[inode]} of {command(seen.pid)}"

    def marked(self, among: Iterable[Seen]) -> set[Seen]:
        """Those that carry a mark, and their descendants."""
        among = set(among)
        found = {seen for seen in among if seen.pid != os.getpid() and self.carries(seen.pid)}
        known = {seen.pid for seen in found}
        while more := {s for s in among - found if parent(s.pid) in known}:
            found |= more
            known |= {seen.pid for seen in more}
        return found

    def carries(self, pid: int) -> bool:
        """Whether arguments, environment, folder or open files name the home."""
        texts = [read(pid, "cmdline"), read(pid, "environ"), link(pid, "cwd"), link(pid, "root")]
        texts += [os.fsencode(target) for target in open_files(pid)]
        return any(mark in text for mark in self.marks for text in texts)

    def left(self, patience: float = 3.0) -> list[str]:
        """What is still there and was not before, a line each.

        Who has ended may still wait for its parent, which is the machine's, for some moments.
        """
        deadline = time.monotonic() + patience
        while (found := self.left_now()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return found

    def left_now(self) -> list[str]:
        """At this moment."""
        now = self.look()
        alive = (self.mine | self.marked(now.processes - self.before.processes)) & now.processes
        found = [f"process {seen.pid}: {command(seen.pid)}" for seen in sorted(alive)]
        listening = listeners()
        found += [f"socket {told}" for inode, told in self.sockets.items() if inode in listening]
        found += [
            f"file {name}"
            for name in sorted(now.files - self.before.files)
            if OURS.search(os.path.basename(name)) and owner(name) in self.uids and not held(name)
        ]
        return found


def processes() -> Iterator[Seen]:
    """Every process."""
    for entry in os.listdir(PROC):
        if entry.isdigit() and (fields := stat(int(entry))):
            yield Seen(int(entry), int(fields[19]))


def stat(pid: int) -> list[str]:
    """The fields of a process from its state on; nothing when it is gone."""
    text = read(pid, "stat").decode(errors="replace")
    return text.rpartition(")")[2].split()


def parent(pid: int) -> int:
    """The pid of its parent; 0 when there is none."""
    return int(fields[1]) if (fields := stat(pid)) else 0


def read(pid: int, name: str) -> bytes:
    """A file of /proc; nothing when it is gone or not ours to read."""
    try:
        return (PROC / str(pid) / name).read_bytes()
    except OSError:
        return b""


def link(pid: int, name: str) -> bytes:
    """A link of /proc."""
    try:
        return os.fsencode(os.readlink(PROC / str(pid) / name))
    except OSError:
        return b""


@contextlib.contextmanager
def ending_what_names(folder: Path) -> Iterator[Path]:
    """Kill, at the end or at that of this process, whoever has the folder among its arguments."""
    atexit.register(kill_what_names, folder)
    try:
        yield folder
    finally:
        atexit.unregister(kill_what_names)
        kill_what_names(folder)


def kill_what_names(folder: Path) -> None:
    """Parts whose maker could not end them."""
    for seen in processes():
        if seen.pid != os.getpid() and os.fsencode(folder) in read(seen.pid, "cmdline"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(seen.pid, signal.SIGKILL)


def open_files(pid: int) -> list[str]:
    """What its descriptors name."""
    try:
        numbers = os.listdir(PROC / str(pid) / "fd")
    except OSError:
        return []
    return [os.fsdecode(target) for n in numbers if (target := link(pid, f"fd/{n}"))]


def inodes(pid: int) -> set[str]:
    """The inodes of its sockets."""
    return {target[8:-1] for target in open_files(pid) if target.startswith("socket:[")}


def command(pid: int) -> str:
    """Its command line, shortened."""
    text = read(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace").strip()
    state = (stat(pid) or ["gone"])[0]
    return text[:90] or f"(state {state}, child of {parent(pid)})"


def listeners() -> dict[str, str]:
    """Listening sockets by inode: TCP ones and unix ones."""
    found = {}
    for family in ("tcp", "tcp6"):
        for line in lines(PROC / "net" / family):
            fields = line.split()
            if fields[3] == LISTENING:
                found[fields[9]] = f"port {int(fields[1].rpartition(':')[2], 16)}"
    for line in lines(PROC / "net/unix"):
        fields = line.split()
        # The flag __SO_ACCEPTCON marks the listening ones.
        if int(fields[3], 16) & 0x10000:
            found[fields[6]] = f"at {fields[7] if len(fields) > 7 else 'no path'}"
    return found


def lines(path: Path) -> list[str]:
    """A table of /proc without its head."""
    try:
        return path.read_text().splitlines()[1:]
    except OSError:
        return []


def names(place: Path, depth: int) -> Iterator[str]:
    """The entries of a folder, and of those below it as deep as is said."""
    try:
        entries = list(os.scandir(place))
    except OSError:
        return
    for entry in entries:
        yield entry.path
        if depth > 1 and entry.is_dir(follow_symlinks=False):
            yield from names(Path(entry.path), depth - 1)


def owner(name: str) -> int:
    """The uid that a file belongs to; -1 when it is gone."""
    try:
        return os.lstat(name).st_uid
    except OSError:
        return -1


def held(name: str) -> bool:
    """Whether a process that lives uses the file, or a folder's content: then it is not left."""
    inside = f"{name}/"
    for seen in processes():
        maps = read(seen.pid, "maps").decode(errors="replace")
        used = [*open_files(seen.pid), os.fsdecode(link(seen.pid, "cwd"))]
        said = os.fsdecode(read(seen.pid, "cmdline") + read(seen.pid, "environ"))
        if name in maps or inside in said or any(u == name or u.startswith(inside) for u in used):
            return True
    return False
