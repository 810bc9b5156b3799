"""What /proc says about a process: enough to know it again."""

import os
from collections.abc import Iterator


def boot_id() -> str:
    """A name for the time since the last boot; pids and start times mean nothing beyond it."""
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()


def start_time(pid: int) -> int | None:
    """Field 22 of the process's stat, in clock ticks since boot; None without such a process."""
    fields = _stat(pid)
    return int(fields[19]) if fields else None


def children(parents: set[int]) -> list[int]:
    """The living children of ``parents``, by a walk over /proc; zombies are left out."""
    return [pid for pid, fields in _living() if int(fields[1]) in parents]


def session(leader: int) -> list[int]:
    """The living members of the session that ``leader`` made; it may be gone itself."""
    return [pid for pid, fields in _living() if int(fields[3]) == leader]


def out_of_memory_kills() -> int:
    """How often the kernel has killed for want of memory since boot; 0 when it does not say."""
    try:
        with open("/proc/vmstat", "rb") as file:
            for line in file:
                if line.startswith(b"oom_kill "):
                    return int(line.split()[1])
    except OSError:
        return 0
    return 0


def killed_for_memory(pid: int) -> bool:
    """Whether the kernel's log names ``pid`` as a victim; False when the log may not be read."""
    try:
        log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    needle = b"Killed process %d " % pid
    try:
        while record := _record(log):
            if needle in record:
                return True
    finally:
        os.close(log)
    return False


def _record(log: int) -> bytes:
    while True:
        try:
            return os.read(log, 8192)
        except BrokenPipeError:  # this record was overwritten while we read: the next one is whole
            continue
        except OSError:
            return b""


def _living() -> Iterator[tuple[int, list[bytes]]]:
    for name in os.listdir("/proc"):
        if name.isdigit() and (fields := _stat(int(name))) and fields[0] != b"Z":
            yield int(name), fields


def _stat(pid: int) -> list[bytes] | None:
    """The fields from the third on, which is the state: the second may hold blanks and brackets."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rsplit(b")", 1)[1].split()
    except (OSError, IndexError):
        return None
