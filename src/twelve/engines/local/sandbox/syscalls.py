"""The kernel calls that Python has no names for, each raising OSError with a sentence."""

import ctypes
import errno
import os
import struct

NEWNS = 0x00020000
NEWCGROUP = 0x02000000
NEWUTS = 0x04000000
NEWIPC = 0x08000000
NEWUSER = 0x10000000
NEWPID = 0x20000000
NEWNET = 0x40000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_NOATIME = 1024
MS_NODIRATIME = 2048
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MS_RELATIME = 1 << 21
MNT_DETACH = 2

PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47

AT_UID = 11
AT_GID = 13

SYS_MOUNT_SETATTR = 442
AT_FDCWD = -100
AT_RECURSIVE = 0x8000
CLOSE_RANGE_CLOEXEC = 4

# Numbers of the calls that libc does not wrap; the rest are the same on every architecture.
SYS_CLONE = {"x86_64": 56, "aarch64": 220}
SYS_SECCOMP = {"x86_64": 317, "aarch64": 277}
SYS_CLOSE_RANGE = 436

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mount.argtypes = (
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_ulong,
    ctypes.c_char_p,
)
LIBC.prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)
LIBC.getauxval.argtypes = (ctypes.c_ulong,)
LIBC.getauxval.restype = ctypes.c_ulong
LIBC.syscall.restype = ctypes.c_long


def machine() -> str:
    """The architecture that our own calls are made in, empty for one that is not known here."""
    name = os.uname().machine
    return name if name in SYS_CLONE and struct.calcsize("P") == 8 else ""


def check(result: int, what: str) -> int:
    """Return ``result``, or raise the OSError it stands for: ``what`` is a sentence's beginning."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def clone(flags: int) -> int:
    """Fork into new namespaces: 0 in the child, the child's pid in the parent.

    For single-threaded callers only. Unlike unshare(2) it makes the child the first process of a
    new pid namespace and leaves the caller where it is. ``flags`` go without an exit signal.
    """
    number = SYS_CLONE.get(machine())
    if number is None:
        raise OSError(errno.ENOSYS, f"clone: architecture {os.uname().machine} is not known")
    python = ctypes.pythonapi
    # PyDLL keeps the interpreter's lock over the call, as os.fork does.
    call = ctypes.PyDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    python.PyOS_BeforeFork()
    sigchld = 17
    pid = int(call(ctypes.c_long(number), ctypes.c_ulong(flags | sigchld), None, None, None, None))
    number = ctypes.get_errno()
    if pid == 0:
        python.PyOS_AfterFork_Child()
        return 0
    python.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError(number, f"clone into namespaces {flags:#x}: {os.strerror(number)}")
    return pid


def unshare(flags: int) -> None:
    """Leave the namespaces that ``flags`` name."""
    check(LIBC.unshare(flags), f"unshare {flags:#x}")


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Mount, bind or remount, as the flags say."""
    words = [os.fsencode(word) if word else None for word in (source, target, kind)]
    result = LIBC.mount(*words, flags, data.encode() if data else None)
    check(result, f"mount {kind or source or 'options'} on {target}")


def unmount(target: str) -> None:
    """Take the tree of mounts at ``target`` away, open files in it stay usable."""
    check(LIBC.umount2(os.fsencode(target), MNT_DETACH), f"unmount {target}")


def pivot_root(new: str, old: str) -> None:
    """Make ``new`` the root and put the present one at ``old``."""
    check(LIBC.pivot_root(os.fsencode(new), os.fsencode(old)), "pivot_root")


def set_mount_flags(target: str, flags: int, *, recursive: bool) -> None:
    """Add flags to a mount, or its whole tree; never takes one away (ENOSYS before Linux 5.12)."""
    # MOUNT_ATTR_RDONLY, _NOSUID, _NODEV and _NOEXEC have the values of their MS_ namesakes.
    attributes = struct.pack("=QQQQ", flags, 0, 0, 0)
    result = LIBC.syscall(
        ctypes.c_long(SYS_MOUNT_SETATTR),
        ctypes.c_int(AT_FDCWD),
        os.fsencode(target),
        ctypes.c_uint(AT_RECURSIVE if recursive else 0),
        attributes,
        ctypes.c_size_t(len(attributes)),
    )
    check(result, f"set mount options on {target}")


def prctl(option: int, value: int = 0, what: str = "prctl", *, more: int = 0) -> int:
    """Set an attribute of this process; ``what`` begins the error's sentence."""
    return check(LIBC.prctl(option, value, more, 0, 0), what)


def drop_capabilities() -> None:
    """Empty the effective, permitted, inheritable and ambient sets of this thread."""
    header = struct.pack("=Ii", 0x20080522, 0)
    check(LIBC.capset(header, bytes(24)), "drop capabilities")
    LIBC.prctl(PR_CAP_AMBIENT, 4, 0, 0, 0)


def drop_bounding_set() -> None:
    """Make sure that no exec gives a capability back; needs CAP_SETPCAP."""
    for number in range(64):
        if LIBC.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) < 0:
            if ctypes.get_errno() == errno.EINVAL:  # past the last one
                return
            check(-1, "drop the capability bounding set")


def close_at_exec() -> None:
    """Mark every descriptor above 2 close-on-exec: what the app inherits is 0, 1 and 2."""
    last, flags = ctypes.c_uint(0xFFFFFFFF), ctypes.c_uint(CLOSE_RANGE_CLOEXEC)
    if LIBC.syscall(ctypes.c_long(SYS_CLOSE_RANGE), ctypes.c_uint(3), last, flags) == 0:
        return
    for number in range(3, min(os.sysconf("SC_OPEN_MAX"), 65536)):
        try:
            os.set_inheritable(number, False)
        except OSError:
            continue


def loopback_up() -> None:
    """Bring up the loopback interface of a new network namespace (127.0.0.1 and ::1 come by it)."""
    number = check(LIBC.socket(2, 2 | 0o2000000, 0), "open a socket for the loopback interface")
    try:
        up_and_running = 0x41
        request = ctypes.create_string_buffer(struct.pack("16sh22x", b"lo", up_and_running))
        check(LIBC.ioctl(number, ctypes.c_ulong(0x8914), request), "bring up loopback")
    finally:
        os.close(number)


def started_as() -> tuple[int, int]:
    """Uid and gid of this program at its start, true even where no user id is mapped yet."""
    return int(LIBC.getauxval(AT_UID)), int(LIBC.getauxval(AT_GID))
