"""File descriptors: none of ours may reach a child that was not given it."""

import ctypes
import os

CLOEXEC = 0x40000000
"""MSG_CMSG_CLOEXEC: received descriptors close at exec."""

_SYS_CLOSE_RANGE = 436  # the same number on every architecture
_LAST = 0xFFFFFFFF


def close_range(first: int, last: int = _LAST) -> None:
    """Close all from ``first`` to ``last``, in one call where the kernel has it (5.9)."""
    if last < first:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.syscall(
        ctypes.c_long(_SYS_CLOSE_RANGE), ctypes.c_uint(first), ctypes.c_uint(last), ctypes.c_uint(0)
    )
    if done != 0:
        os.closerange(first, min(last, os.sysconf("SC_OPEN_MAX")) + 1)


def memory_file(data: bytes) -> int:
    """An unnamed file in memory with ``data``: it reaches another process, and never a disk."""
    fd = os.memfd_create("job", os.MFD_CLOEXEC)
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
    return fd
