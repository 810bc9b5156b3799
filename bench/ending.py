"""How a program of the bench is ended from outside: as by Ctrl-C, so that it ends what it began."""

import contextlib
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def told_to_end() -> Iterator[None]:
    """SIGTERM and SIGHUP raise KeyboardInterrupt; later ones are not heard while the ends are tied up."""

    def once(*_: object) -> None:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {
        number: signal.signal(number, once)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
