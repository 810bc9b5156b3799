"""Ports: whether one is free, and keeping one for a server that binds later."""

import errno
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager


def is_free(port: int, address: str = "0.0.0.0") -> bool:
    """Whether a server could bind to the port now; of all addresses of the machine by default."""
    kind = socket.AF_INET6 if ":" in address else socket.AF_INET
    with closing(socket.socket(kind, socket.SOCK_STREAM)) as tried:
        # As servers do: connections of a former life do not count, a listener does.
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((address, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
                return False
            raise
    return True


@contextmanager
def kept_from_others(port: int, address: str) -> Iterator[bool]:
    """Keep a port for a server that binds later; False when another Twelve keeps it already.

    Only those that ask here keep to it: it is a name that the kernel forgets with this process.
    """
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as mark:
        try:
            mark.bind(f"\0twelve-port-{address}-{port}")
        except OSError:
            yield False
            return
        yield True
