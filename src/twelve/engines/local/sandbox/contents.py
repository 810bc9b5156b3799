"""What a fresh root holds, decided before anything is mounted: one list for us and for bwrap."""

import errno
import os
from typing import NamedTuple

from twelve.engines.local.sandbox.box import HOME, Box, owner

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc")
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
DEVICE_LINKS = (
    ("/dev/ptmx", "pts/ptmx"),
    ("/dev/fd", "/proc/self/fd"),
    ("/dev/stdin", "/proc/self/fd/0"),
    ("/dev/stdout", "/proc/self/fd/1"),
    ("/dev/stderr", "/proc/self/fd/2"),
)
# glibc, node and the JVM count processors there.
KERNEL_FACTS = "/sys/devices/system/cpu"
# Often links to what a network manager or a package keeps elsewhere.
HOSTS = "/etc/hosts"
NETWORK_FILES = ("/etc/resolv.conf", HOSTS, "/etc/nsswitch.conf", "/etc/localtime")
CERTIFICATES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
PROC_HIDDEN = ("kcore", "keys", "kmsg", "sched_debug", "timer_list", "timer_stats", "latency_stats")
PROC_FIXED = ("sys", "bus", "fs", "irq", "sysrq-trigger")


class Bind(NamedTuple):
    """A file or folder of the machine, and where the box sees it."""

    source: str
    target: str
    writable: bool


class Contents(NamedTuple):
    """A fresh root: made in the order links, system, paths, files."""

    links: tuple[tuple[str, str], ...]
    """Where, and what it says."""
    system: tuple[Bind, ...]
    paths: tuple[Bind, ...]
    """The launch's own, parents before children."""
    files: tuple[tuple[str, bytes], ...]
    """Small files laid over those of the machine."""


def contents(box: Box) -> Contents:
    """Look at the machine and list what the box holds; a missing path is an OSError naming it."""
    links: list[tuple[str, str]] = []
    system: list[Bind] = []
    for path in SYSTEM:
        if os.path.islink(path):
            links.append((path, os.readlink(path)))
        elif os.path.isdir(path):
            system.append(Bind(path, path, writable=False))
    paths = paths_of(box)
    for path, target in (("/var/run", "/run"), ("/var/tmp", "/tmp")):  # noqa: S108 - private
        # Not over a path of the launch: it would come to lie at the link's target.
        if not any(below(bind.target, path) for bind in paths):
            links.append((path, target))
    system += [Bind(path, path, writable=False) for path in _resolver_folders()]
    if os.path.isdir(KERNEL_FACTS):
        system.append(Bind(KERNEL_FACTS, KERNEL_FACTS, writable=False))
    return Contents(tuple(links), tuple(system), paths, (*_account_files(box), *_host_files(box)))


def paths_of(box: Box) -> tuple[Bind, ...]:
    """The box's own paths: each at its real place and, where that differs, under its own name."""
    real: dict[str, Bind] = {}
    named: dict[str, Bind] = {}
    for writable, paths in ((False, box.read), (True, box.write)):
        for path in paths:
            source = _resolve(path, "write" if writable else "read")
            real[source] = Bind(source, source, writable)
            if source != path:
                named[path] = Bind(source, path, writable)
    return tuple(sorted(real.values(), key=_depth)) + tuple(sorted(named.values(), key=_depth))


def below(path: str, folder: str) -> bool:
    """Whether ``path`` is ``folder`` or lies in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _depth(bind: Bind) -> tuple[int, str]:
    return bind.target.count("/"), bind.target


def _resolve(path: str, key: str) -> str:
    try:
        real = os.path.realpath(path, strict=True)
        os.stat(real)
    except OSError as error:
        number = error.errno or errno.ENOENT
        problem = "does not exist" if number == errno.ENOENT else os.strerror(number)
        raise OSError(number, f"sandbox {key} path {path!r}: {problem}") from None
    return real


def _resolver_folders() -> list[str]:
    """Where the network's files really are, when that is outside of the system's folders."""
    found: dict[str, None] = {}
    for path in (*NETWORK_FILES, *CERTIFICATES):
        real = os.path.realpath(path)
        if not os.path.exists(real) or any(below(real, folder) for folder in SYSTEM):
            continue
        # The folder, not the file: managers replace the file, and a bound file would stay the old.
        folder = os.path.dirname(real)
        found[real if folder.count("/") < 2 else folder] = None
    return [
        path for path in found if not any(below(path, other) for other in found if other != path)
    ]


def _account_files(box: Box) -> list[tuple[str, bytes]]:
    uid, gid = owner(box)
    user = f"{box.user}:x:{uid}:{gid}:{box.user}:{HOME}:/usr/sbin/nologin\n"
    files = (
        ("/etc/passwd", user, uid),
        ("/etc/group", f"{box.user}:x:{gid}:\n", gid),
    )
    return [
        (path, _without(path, box.user, number) + line.encode())
        for path, line, number in files
        if os.path.exists(path)
    ]


def _host_files(box: Box) -> list[tuple[str, bytes]]:
    """The machine's own names, after those of the box: what is named twice is found where first."""
    if not box.hosts or not os.path.exists(HOSTS):
        return []
    with open(HOSTS, "rb") as file:
        machine = file.read()
    lines = "".join(f"{address} {name}\n" for name, address in box.hosts.items())
    return [(HOSTS, lines.encode() + machine)]


def _without(path: str, name: str, number: int) -> bytes:
    """The machine's accounts but for those that bear the box's name or number."""
    with open(path, "rb") as file:
        lines = file.read().splitlines()
    fields = [(line, line.split(b":")) for line in lines if line]
    kept = [
        line
        for line, words in fields
        if words[0] != name.encode() and words[2:3] != [str(number).encode()]
    ]
    return b"".join(line + b"\n" for line in kept)
