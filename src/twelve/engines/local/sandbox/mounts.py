"""Entering a box: its first process builds a fresh root of binds and memory file systems."""

import errno
import os
from collections.abc import Mapping
from typing import Any

from twelve.engines.local.sandbox import syscalls
from twelve.engines.local.sandbox.box import HOME, Box, owner, read_box
from twelve.engines.local.sandbox.contents import (
    DEVICE_LINKS,
    DEVICES,
    PROC_FIXED,
    PROC_HIDDEN,
    Bind,
    contents,
    paths_of,
)
from twelve.engines.local.sandbox.syscalls import (
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_RDONLY,
    MS_REC,
    mount,
    unmount,
)

BASE = "/tmp"  # noqa: S108 - only a place to stand on: it is covered, then left
SCRATCH = "/.scratch"
OLD = f"{SCRATCH}/machine"
"""Below the other, so that both go at once: the kernel waits for all its processors each time."""
MS_SLAVE = 1 << 19
OPTIONS = {
    "nosuid": MS_NOSUID,
    "nodev": MS_NODEV,
    "noexec": MS_NOEXEC,
    "ro": MS_RDONLY,
    "noatime": syscalls.MS_NOATIME,
    "nodiratime": syscalls.MS_NODIRATIME,
    "relatime": syscalls.MS_RELATIME,
}


def enter(plain: Mapping[str, Any]) -> None:
    """Make this process, cloned with ``clone_flags(box)``, see nothing but its box.

    Called once, in the box's first process, before it forks the app. Descriptors opened before
    stay usable. Ends in the folder ``/`` with what privileges it takes to ``confine`` a child.
    Raises OSError with a sentence; the process must then exit.
    """
    box = read_box(plain)
    mask = os.umask(0o022)
    try:
        if box.uncovers:
            _uncover(box)
        if box.fresh:
            _enter_fresh(box)
    finally:
        os.umask(mask)


def map_ids(plain: Mapping[str, Any], pid: int) -> None:
    """Give the user namespace of ``pid`` its one user: the box's.

    ``enter`` does it for itself unless the parent is root and the box has another uid: then the
    parent calls this after the clone and before the child calls ``enter``.
    """
    box = read_box(plain)
    uid, gid = owner(box)
    _write(f"/proc/{pid}/uid_map", f"0 {uid} 1")
    _write(f"/proc/{pid}/gid_map", f"0 {gid} 1")


def _enter_fresh(box: Box) -> None:
    if box.tier == "user":
        _take_namespace(box)
    inside = contents(box)
    if not box.network:
        syscalls.loopback_up()
    mount("", "/", "", MS_REC | MS_PRIVATE)
    mount("tmpfs", BASE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=2m,nr_inodes=8k")
    _mount_scratch(box)
    syscalls.pivot_root(BASE, BASE + OLD)
    os.chdir("/")
    # While the machine's own /proc is in sight: in a user namespace the kernel asks for that.
    _mount_proc()
    _bind_scratch(box)
    for path, target in inside.links:
        os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
        os.symlink(target, path)
    for bind in inside.system:
        _bind(bind)
    _mount_devices()
    for bind in inside.paths:
        if not _seen_already(bind, inside.system):
            _bind(bind)
    for path, data in inside.files:
        _lay_over(path, data)
    os.makedirs("/run", 0o755, exist_ok=True)
    unmount(SCRATCH)
    os.rmdir(SCRATCH)
    _add_flags("/dev", MS_RDONLY, recursive=False)
    _add_flags("/", MS_RDONLY, recursive=False)
    if box.tier == "user":
        _become_owner(box)


def _take_namespace(box: Box) -> None:
    """Be user 0 of the new user namespace: a devpts must have one."""
    with open("/proc/self/uid_map", "rb") as file:
        mapped = bool(file.read().strip())
    if mapped:  # by a root that gives the box another uid, so its own groups go as well
        os.setgroups([])
    else:
        uid, gid = owner(box)
        if (uid, gid) != syscalls.started_as():
            raise OSError(errno.EPERM, f"sandbox: uid {uid} must be mapped by the parent (map_ids)")
        _write_own_maps((0, uid), (0, gid))
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    # A process that changed its uid may not write its own maps until then.
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1, "sandbox: own the files in /proc/self")


def _become_owner(box: Box) -> None:
    """Bear the owner's own numbers again, in a namespace that has no say over the box's mounts."""
    uid, gid = owner(box)
    syscalls.unshare(syscalls.NEWUSER)
    _write_own_maps((uid, 0), (gid, 0))


def _write_own_maps(uids: tuple[int, int], gids: tuple[int, int]) -> None:
    # Without setgroups the kernel lets a process without privileges map its own group.
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{uids[0]} {uids[1]} 1")
    _write("/proc/self/gid_map", f"{gids[0]} {gids[1]} 1")


def _write(path: str, words: str) -> None:
    try:
        number = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(number, words.encode())
        finally:
            os.close(number)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise OSError(error.errno, f"sandbox: cannot write {words!r} to {path}: {reason}") from None


def _mount_proc() -> None:
    os.mkdir("/proc", 0o755)
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for name in PROC_FIXED:
        path = f"/proc/{name}"
        if os.path.exists(path):
            mount(path, path, "", MS_BIND | MS_REC)
            _add_flags(path, MS_RDONLY)
    for name in PROC_HIDDEN:
        path = f"/proc/{name}"
        if os.path.exists(path):
            mount(f"{OLD}/dev/null", path, "", MS_BIND)


def _mount_scratch(box: Box) -> None:
    """One memory file system, hence one budget, behind /tmp and /dev/shm."""
    os.mkdir(BASE + SCRATCH, 0o755)
    # Empty files take kernel memory too: inodes are bounded with the bytes.
    inodes = max(8192, box.tmp // 2048)
    options = f"mode=755,size={box.tmp},nr_inodes={inodes}"
    mount("tmpfs", BASE + SCRATCH, "tmpfs", MS_NOSUID | MS_NODEV, options)
    os.mkdir(BASE + OLD, 0o700)


def _bind_scratch(box: Box) -> None:
    for name, target in (("tmp", "/tmp"), ("shm", "/dev/shm")):  # noqa: S108 - the private ones
        os.mkdir(f"{SCRATCH}/{name}", 0o777)
        os.chmod(f"{SCRATCH}/{name}", 0o1777)  # noqa: S103 - as /tmp is
        if target == "/tmp":  # noqa: S108
            os.mkdir(target, 0o755)
            mount(f"{SCRATCH}/{name}", target, "", MS_BIND)
    os.mkdir(HOME, 0o700)
    if box.tier == "strict":
        os.chown(HOME, *owner(box))


def _mount_devices() -> None:
    os.mkdir("/dev", 0o755)
    mount("tmpfs", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k,nr_inodes=64")
    for name in DEVICES:
        os.close(os.open(f"/dev/{name}", os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o666))
        mount(f"{OLD}/dev/{name}", f"/dev/{name}", "", MS_BIND)
    for path, target in DEVICE_LINKS:
        os.symlink(target, path)
    os.mkdir("/dev/pts", 0o755)
    options = "newinstance,ptmxmode=0666,mode=620"
    mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, options)
    os.mkdir("/dev/shm", 0o755)  # noqa: S108 - the private one
    mount(f"{SCRATCH}/shm", "/dev/shm", "", MS_BIND)  # noqa: S108


def _seen_already(bind: Bind, system: tuple[Bind, ...]) -> bool:
    """Whether the box shows the path at its name: bound with the system, or by way of a link."""
    if bind.source != bind.target:
        return os.path.realpath(bind.target) == bind.source
    under = any(bind.target.startswith(f"{other.target}/") for other in system)
    return under and not bind.writable


def _bind(bind: Bind) -> None:
    _make_place(OLD + bind.source, bind.target)
    mount(OLD + bind.source, bind.target, "", MS_BIND | MS_REC)
    _add_flags(bind.target, MS_NOSUID | MS_NODEV | (0 if bind.writable else MS_RDONLY))


def _make_place(source: str, target: str) -> None:
    if os.path.exists(target):
        return
    os.makedirs(os.path.dirname(target), 0o755, exist_ok=True)
    if os.path.isdir(source):
        os.mkdir(target, 0o755)
    else:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))


def _lay_over(path: str, data: bytes) -> None:
    """Show ``data`` at ``path``, which lies in a folder that is read-only."""
    place = "/.file"
    with open(place, "wb") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(data)
    # The bind keeps the file when its name is gone.
    mount(place, path, "", MS_BIND)
    _add_flags(path, MS_RDONLY | MS_NOSUID | MS_NODEV)
    os.unlink(place)


def _add_flags(target: str, flags: int, *, recursive: bool = True) -> None:
    try:
        syscalls.set_mount_flags(target, flags, recursive=recursive)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        remount(target, flags, recursive=recursive)


def remount(target: str, flags: int, *, recursive: bool) -> None:
    """Add flags to each mount by hand (Linux before 5.12), keeping those that it has.

    In a user namespace the kernel refuses a remount that would drop nosuid, nodev or noexec.
    """
    with open("/proc/self/mountinfo", "rb") as file:
        lines = [line.split() for line in file]
    for words in lines:
        place = os.fsdecode(words[4].decode("unicode_escape").encode("latin-1"))
        if place != target and not (recursive and place.startswith(target.rstrip("/") + "/")):
            continue
        kept = sum(OPTIONS.get(word, 0) for word in words[5].decode().split(","))
        mount("", place, "", syscalls.MS_REMOUNT | MS_BIND | kept | flags)


def _uncover(box: Box) -> None:
    """Open the way to the box's paths below folders that are closed to its uid, such as /root.

    The closed folder is covered by an empty one that holds these paths only.
    """
    uid, gid = owner(box)
    mount("", "/", "", MS_REC | MS_SLAVE)
    held: list[tuple[int, Bind]] = []
    covers: dict[str, None] = {}
    for bind in paths_of(box):
        cover = _closed_folder(bind.target, uid, gid)
        if cover:
            covers[cover] = None
            held.append((os.open(bind.source, os.O_PATH | os.O_CLOEXEC), bind))
    for cover in covers:
        mount("tmpfs", cover, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m,nr_inodes=4k")
    for number, bind in held:
        source = f"/proc/self/fd/{number}"
        _make_place(source, bind.target)
        mount(source, bind.target, "", MS_BIND | MS_REC)
        _add_flags(bind.target, MS_NOSUID | (0 if bind.writable else MS_RDONLY))
        os.close(number)
    for cover in covers:
        _add_flags(cover, MS_RDONLY, recursive=False)


def _closed_folder(path: str, uid: int, gid: int) -> str | None:
    """The topmost folder above ``path`` that the uid may not walk through."""
    folder = ""
    for name in path.split("/")[1:-1]:
        folder = f"{folder}/{name}"
        facts = os.stat(folder)
        shift = 6 if facts.st_uid == uid else 3 if facts.st_gid == gid else 0
        if not facts.st_mode >> shift & 1:
            return folder
    return None
