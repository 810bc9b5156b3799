"""The FIFOs of an instance, held open: neither end's death loses a byte or kills a writer."""

import contextlib
import fcntl
import json
import os
import socket
import sys
from typing import Any, NamedTuple

from twelve.engines.local.supervisor import launches, state

NOTIFY, EXIT, NOTE = "notify", "exit", "stream.json"
_HOLD = os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC
_LONGEST_PATH = 107  # sun_path less its NUL


class Streams(NamedTuple):
    """One folder and the write ends that are held. ``holders`` are in the order of ``names``."""

    folder: str
    names: tuple[str, ...]
    holders: tuple[int, ...]


def folder_of(run: str, name: str) -> str:
    """Where the FIFOs of the instance of that name are."""
    return os.path.join(run, "p", launches.short(name))


def make(run: str, launch: dict[str, Any]) -> Streams:
    """
    The folder with its FIFOs, owned by the uid of the box, and the note for the collector.

    Raises OSError.
    """
    folder = folder_of(run, launch["name"])
    names = ("tty",) if launch["stdin"] == "pty" else ("stdout", "stderr")
    remove(folder)  # left by a life whose state is gone: nobody held it, so it is empty
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o711)  # noqa: S103 - the app's uid must reach its own FIFOs
    uid = launch["box"].get("uid")
    for name in names:
        path = os.path.join(folder, name)
        os.mkfifo(path, 0o600)
        _give(path, uid)
    note = {"name": launch["name"], "logs": launch["logs"], "streams": list(names)}
    state.replace(os.path.join(folder, NOTE), json.dumps(note).encode(), sync=False)
    return hold(folder, names)


def hold(folder: str, names: tuple[str, ...]) -> Streams:
    """Open each FIFO for both directions: no reader ever sees an end, no writer a broken pipe."""
    holders: list[int] = []
    try:
        for name in names:
            holders.append(os.open(os.path.join(folder, name), _HOLD))  # noqa: PERF401 - closed when the second fails
    except OSError:
        for fd in holders:
            os.close(fd)
        raise
    return Streams(folder, names, tuple(holders))


def child_end(streams: Streams, name: str, *, blocking: bool = True) -> int:
    """A descriptor for the writer, of its own open file: blocking, unlike ours."""
    flags = os.O_RDWR | os.O_CLOEXEC | (0 if blocking else os.O_NONBLOCK)
    return os.open(os.path.join(streams.folder, name), flags)


def waiting(streams: Streams) -> int:
    """Bytes that nobody has read yet."""
    import termios  # here, for it comes from a file of its own, and nobody asks before an end

    counts = (fcntl.ioctl(fd, termios.FIONREAD, bytes(4)) for fd in streams.holders)
    return sum(int.from_bytes(count, sys.byteorder) for count in counts)


def exit_file(streams: Streams) -> int:
    """The file in which the init writes the end, emptied."""
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    return os.open(os.path.join(streams.folder, EXIT), flags, 0o600)


def read_exit(folder: str) -> dict[str, Any] | None:
    """What the init wrote; None when it wrote nothing."""
    try:
        with open(os.path.join(folder, EXIT)) as file:
            told = json.loads(file.read())
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) else None


def notify_socket(streams: Streams, uid: int | None) -> socket.socket:
    """The datagram socket for READY=1. Raises OSError."""
    path = os.path.join(streams.folder, NOTIFY)
    if len(os.fsencode(path)) > _LONGEST_PATH:
        raise OSError(
            f"{path}: longer than the {_LONGEST_PATH} bytes that a socket's name may have"
        )
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    listener.bind(path)
    os.chmod(path, 0o600)
    _give(path, uid)
    return listener


def close(streams: Streams) -> None:
    """Let go of the FIFOs and remove the folder."""
    for fd in streams.holders:
        os.close(fd)
    remove(streams.folder)


def remove(folder: str) -> None:
    """Remove the folder and what is ours in it."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(folder, name))
        os.rmdir(folder)


def _give(path: str, uid: int | None) -> None:
    if uid is not None and os.geteuid() == 0:
        os.chown(path, uid, -1)
