"""Who listens where: the TCP sockets of processes, as /proc shows them.

Works from the outside for processes in other pid and network namespaces.
"""

import os
import socket
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from twelve.factors.ports.readiness import Listener

_LISTEN = "0A"


def listeners_of(pids: Iterable[int], *, proc: Path = Path("/proc")) -> tuple[Listener, ...]:
    """The listening sockets, v4 and v6, that these processes hold; those gone are skipped."""
    by_network: dict[str, set[str]] = defaultdict(set)
    witness: dict[str, int] = {}
    for pid in pids:
        with suppress(OSError):
            network = os.readlink(proc / str(pid) / "ns/net")
            by_network[network] |= _sockets(proc / str(pid) / "fd")
            witness[network] = pid
    found = {
        listener
        for network, inodes in by_network.items()
        for inode, listener in _listening(proc / str(witness[network]) / "net")
        if inode in inodes
    }
    return tuple(sorted(found))


def family(pid: int, *, proc: Path = Path("/proc")) -> tuple[int, ...]:
    """A process and all that descend from it.

    For an instance's init this is everything the instance has started: orphans come back to it.
    """
    children: dict[int, list[int]] = defaultdict(list)
    for entry in proc.iterdir():
        if entry.name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                # The command's name may hold spaces and brackets: the fields begin after the last.
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                children[int(fields[1])].append(int(entry.name))
    found, left = [], [pid]
    while left:
        found.append(left.pop())
        left.extend(children[found[-1]])
    return tuple(found)


def _sockets(fds: Path) -> set[str]:
    inodes = set()
    for fd in os.listdir(fds):
        with suppress(OSError):
            kind, _, inode = os.readlink(fds / fd).partition(":[")
            if kind == "socket":
                inodes.add(inode.rstrip("]"))
    return inodes


def _listening(net: Path) -> Iterable[tuple[str, Listener]]:
    for name in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (net / name).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTEN:
                    address, _, port = fields[1].partition(":")
                    yield fields[9], Listener(_address(address), int(port, 16))


def _address(text: str) -> str:
    # The kernel prints each 32-bit word in its own byte order.
    words = [text[at : at + 8] for at in range(0, len(text), 8)]
    packed = b"".join(int(word, 16).to_bytes(4, "little") for word in words)
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)
