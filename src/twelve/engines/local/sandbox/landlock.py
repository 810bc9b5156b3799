"""Landlock: rules on files, sockets and signals that need no namespace and hold under any."""

import ctypes
import errno
import os
import struct
from collections.abc import Iterable
from typing import NamedTuple

from twelve.engines.local.sandbox import syscalls
from twelve.engines.local.sandbox.box import Box
from twelve.engines.local.sandbox.contents import (
    CERTIFICATES,
    DEVICES,
    KERNEL_FACTS,
    NETWORK_FILES,
    SYSTEM,
    paths_of,
)

CREATE, ADD, RESTRICT = 444, 445, 446
EXECUTE, WRITE, READ, LIST = 1, 2, 4, 8
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
ON_FILES = EXECUTE | WRITE | READ | TRUNCATE | IOCTL_DEV
LOOK = EXECUTE | READ | LIST
USE = READ | WRITE | TRUNCATE | IOCTL_DEV
CHANGE = (1 << 16) - 1
SCOPES = 3  # abstract unix sockets and signals stay inside


class Rule(NamedTuple):
    """What may be done at a path and below it."""

    path: str
    rights: int


def version() -> int:
    """The Landlock version of this kernel; 0 where there is none, or it is off."""
    version_asked = 1
    found = syscalls.LIBC.syscall(
        ctypes.c_long(CREATE), None, ctypes.c_size_t(0), ctypes.c_uint(version_asked)
    )
    return max(0, int(found))


def handled(abi: int) -> int:
    """The rights on files that this version can refuse."""
    known = {1: 13, 2: 14, 3: 15, 4: 15}
    return (1 << known.get(abi, 16)) - 1


def rules(box: Box) -> list[Rule]:
    """The box's rules. In a fresh root all that is there may be read; without one each is named."""
    own = [Rule(bind.target, CHANGE if bind.writable else LOOK) for bind in paths_of(box)]
    devices = [Rule(f"/dev/{name}", USE) for name in (*DEVICES, "ptmx", "pts")]
    streams = [Rule(f"/proc/self/fd/{number}", USE) for number in (0, 1, 2)]
    if box.fresh:
        wide = [Rule("/", LOOK), Rule("/proc", LOOK | USE), Rule("/dev", LOOK | USE)]
        private = [Rule(path, CHANGE) for path in ("/tmp", "/dev/shm")]  # noqa: S108
        return [*wide, *private, *own, *streams]
    places = (*SYSTEM, *NETWORK_FILES, *CERTIFICATES, KERNEL_FACTS)
    shared = [Rule("/proc", LOOK | USE), Rule("/dev/shm", CHANGE)]  # noqa: S108 - said in the manual
    return [*[Rule(place, LOOK) for place in places], *shared, *devices, *own, *streams]


def make_ruleset(rules: Iterable[Rule], abi: int) -> int:
    """Open the files of the rules and return a ruleset's descriptor; missing files are left out."""
    attributes = struct.pack("=QQQ", handled(abi), 0, SCOPES if abi >= 6 else 0)
    size = 24 if abi >= 6 else 8
    number = syscalls.check(
        syscalls.LIBC.syscall(
            ctypes.c_long(CREATE), attributes, ctypes.c_size_t(size), ctypes.c_uint(0)
        ),
        "sandbox: make a Landlock ruleset",
    )
    for rule in rules:
        _add(number, rule, handled(abi))
    return number


def restrict(ruleset: int) -> None:
    """Bind this process and all it starts to the ruleset, for good. Needs no_new_privs."""
    result = syscalls.LIBC.syscall(ctypes.c_long(RESTRICT), ctypes.c_int(ruleset), ctypes.c_uint(0))
    os.close(ruleset)
    syscalls.check(result, "sandbox: enforce Landlock")


def _add(ruleset: int, rule: Rule, known: int) -> None:
    try:
        number = os.open(rule.path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not on this machine, or a stream that is closed
    try:
        # Follows links, /proc/self/fd's too; a plain pipe is on no file system and needs no rule.
        is_folder = os.path.isdir(rule.path)
        rights = rule.rights & known & (CHANGE if is_folder else ON_FILES)
        result = syscalls.LIBC.syscall(
            ctypes.c_long(ADD),
            ctypes.c_int(ruleset),
            ctypes.c_int(1),
            struct.pack("=Qi", rights, number),
            ctypes.c_uint(0),
        )
        if result < 0 and ctypes.get_errno() != errno.EBADFD:
            syscalls.check(result, f"sandbox: Landlock rule on {rule.path}")
    finally:
        os.close(number)
