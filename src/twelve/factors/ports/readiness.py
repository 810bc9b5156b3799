"""Readiness: what counts as an answer on $PORT, and what to say when there is none."""

import ipaddress
from collections.abc import Iterable
from typing import NamedTuple

ROUTED = "127.0.0.1"
"""Where the router looks for every process."""


class Listener(NamedTuple):
    """A TCP socket that takes connections."""

    address: str
    port: int

    def __str__(self) -> str:
        """As it is written in a URL."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else self.text

    @property
    def text(self) -> str:
        """An IPv4 address and its port."""
        return f"{self.address}:{self.port}"

    @property
    def answers_router(self) -> bool:
        """Whether a connection to 127.0.0.1 arrives here."""
        return self._plain in (ROUTED, "0.0.0.0", "::")

    @property
    def exposed(self) -> bool:
        """Whether other machines can reach it."""
        return not ipaddress.ip_address(self._plain).is_loopback

    @property
    def _plain(self) -> str:
        return self.address.removeprefix("::ffff:")


class Reply(NamedTuple):
    """What came back from one question: an HTTP status, or what happened instead."""

    status: int | None
    problem: str = ""


class Verdict(NamedTuple):
    """Ready or not, and in a few words why not."""

    ready: bool
    reason: str = ""


def verdict(reply: Reply, health: str | None) -> Verdict:
    """Any HTTP answer will do; with a health path only 2xx and 3xx."""
    if reply.status is None:
        return Verdict(False, reply.problem)
    if health is None or 200 <= reply.status < 400:
        return Verdict(True)
    return Verdict(False, f"GET {health} answers {reply.status}, ready is 2xx or 3xx")


def silence(port: int, listeners: Iterable[Listener], reason: str = "") -> str:
    """Why nobody answers on $PORT, from what the process listens on; for ``web.1 …``.

    ``reason`` is the last verdict's.
    """
    found = sorted(set(listeners))
    on_port = [listener for listener in found if listener.port == port]
    if any(listener.answers_router for listener in on_port):
        return f"listens on $PORT={port}, but: {reason or 'no answer'}"
    if on_port:
        where = _shown(on_port)
        return f"listens on {where}, where the router cannot reach it; bind to {ROUTED}:$PORT"
    if found:
        return f"listens on {_shown(found)} instead of $PORT={port}; bind to {ROUTED}:$PORT"
    return f"does not listen on any port; bind to {ROUTED}:$PORT (PORT={port})"


def exposures(listeners: Iterable[Listener]) -> tuple[str, ...]:
    """A warning for each socket that others than the router can reach; for ``web.1 …``."""
    return tuple(
        f"listens on {listener}: reachable past the router; bind to {ROUTED} ($HOST)"
        for listener in sorted(set(listeners))
        if listener.exposed
    )


def _shown(listeners: Iterable[Listener]) -> str:
    return ", ".join(str(listener) for listener in listeners)
