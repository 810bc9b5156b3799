"""An instance as the supervisor holds it, and as the state file remembers it."""

import os
import signal
import socket
from typing import Any

from twelve.engines.local.supervisor import launches, streams
from twelve.factors.lifecycle.states import State, moved
from twelve.factors.lifecycle.stopping import StopPlan


class Instance:
    """
    One name.

    ``launch`` is None for one that was adopted: its environment died with the supervisor before us.
    """

    def __init__(self, name: str, digest: str, launch: dict[str, Any] | None) -> None:
        self.name = name
        self.digest = digest
        self.launch = launch
        self._state = State.STARTING
        self.pid = 0
        self.start_time = 0
        self.app_pid = 0
        self.pidfd = -1
        self.ours = False
        """Whether the init is our child, so that waitpid knows it."""
        self.namespaced = False
        self.forever = False
        """Whether it is to be kept running; a one-off's record stays until it is forgotten."""
        self.early = False
        """Whether it was started before control was there to want it."""
        self.ready = False
        self.started_ns = 0
        self.began = 0.0
        """The monotonic time of the start, in seconds."""
        self.restarts = 0
        self.failures = 0
        self.last_exit: dict[str, Any] | None = None
        self.unread = False
        """What it printed last may be lost: nobody held its pipes when it died."""
        self.plan: StopPlan | None = None
        self.forced = False
        self.stopped = False
        """Whether its end was asked for."""
        self.gone = False
        self.streams: streams.Streams | None = None
        self.channel: socket.socket | None = None
        self.notify: socket.socket | None = None
        self.input = -1
        """The write end of the stdin pipe, until somebody asks for it, or the terminal's master."""
        self.timer: Any = None

    @property
    def state(self) -> State:
        """What it is doing."""
        return self._state

    def move(self, to: State) -> None:
        """The one setter of the state. Raises Bug for a move that does not exist."""
        self._state = moved(self.name, self._state, to)

    @property
    def group(self) -> str:
        """The name of its control group, if it has one."""
        return launches.short(self.name)

    def restore(self, state: State) -> None:
        """The first state of an instance that was read from a file."""
        self._state = state

    def send(self, number: int) -> bool:
        """
        A signal to the init, which passes it on; no other process can get it.

        False when there is none.
        """
        if self.pidfd < 0:
            return False
        try:
            signal.pidfd_send_signal(self.pidfd, number)
        except ProcessLookupError:
            return False
        return True

    def cancel_timer(self) -> None:
        """Let go of the deadline or the next start."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


EARLY = "early"
"""Shown as the state of one that control has not claimed yet, whatever befell it meanwhile."""


def shown(instance: Instance) -> dict[str, Any]:
    """An entry of ``list``."""
    alive = instance.pidfd >= 0
    return {
        "name": instance.name,
        "state": EARLY if instance.early and not instance.gone else instance.state.value,
        "pid": instance.pid if alive else None,
        "app_pid": (instance.app_pid or None) if alive else None,
        "started_ns": instance.started_ns,
        "restarts": instance.restarts,
        "last_exit": instance.last_exit,
        "digest": instance.digest,
        "ready": instance.ready,
    }


_KEPT = (
    "name", "digest", "pid", "start_time", "app_pid", "namespaced", "forever", "ready",
    "started_ns", "began", "restarts", "failures", "last_exit", "stopped", "gone",
)  # fmt: skip


def to_plain(instance: Instance) -> dict[str, Any]:
    """What the state file says of it: nothing of its environment."""
    plain = {key: getattr(instance, key) for key in _KEPT}
    plain["state"] = instance.state.value
    plain["early"] = instance.early
    plain["stop"] = list(instance.plan) if instance.plan else None
    plain["streams"] = list(instance.streams.names) if instance.streams else []
    plain["folder"] = os.path.basename(instance.streams.folder) if instance.streams else None
    return plain


def from_plain(plain: dict[str, Any]) -> Instance:
    """
    The instance that to_plain told of.

    Raises KeyError or ValueError when the entry is not whole.
    """
    instance = Instance(plain["name"], plain["digest"], None)
    for key in _KEPT:
        setattr(instance, key, plain[key])
    instance.restore(State(plain["state"]))
    if plain["stop"]:
        instance.plan = StopPlan(*plain["stop"])
    return instance
