"""How an instance ends: what its init wrote, what is left, what is next, when its name is free."""

import contextlib
import os
import signal
import time
from typing import Any, Protocol

from twelve.engines.local.supervisor import box, capture, loop, proc, streams, zygote
from twelve.engines.local.supervisor.instances import Instance
from twelve.factors.lifecycle.states import State

_SWEEP_AGAIN = 0.1  # seconds
_READ_WITHIN, _LOOK = 0.25, 0.002
"""Seconds that a next life waits for the last words before it, and between two looks."""


class Keeper(Protocol):
    """What an ending needs of the one that keeps the instances."""

    instances: dict[str, Instance]
    zygote: zygote.Zygote
    loop: loop.Loop
    capture: capture.Capture
    memory_kills: int
    groups: box.Groups
    drain_limit: float

    def listen(self, instance: Instance) -> None:
        """Take what its child told last."""

    def emit(self, event: str, instance: Instance, **fields: Any) -> None:
        """Tell an event."""

    def changed(self) -> None:
        """The state file is to be written."""

    def delay(self, instance: Instance, uptime: float) -> float:
        """Seconds until its next start."""

    def again(self, instance: Instance) -> None:
        """Start it now."""


def ended(keeper: Keeper, instance: Instance, status: int | None) -> None:
    """The init is gone; ``status`` is what waitpid said, None when it was not our child."""
    keeper.listen(instance)
    instance.cancel_timer()
    abandon(keeper, instance)
    assert instance.streams is not None
    outcome = streams.read_exit(instance.streams.folder)
    if outcome is None:
        _end_orphans(keeper, instance)
        outcome = _unwritten(status)
    again = pause(keeper, instance, time.monotonic() - instance.began)
    told(keeper, instance, outcome, again)
    _end_group(keeper, instance)
    next_step(keeper, instance, again)


def told(
    keeper: Keeper, instance: Instance, outcome: dict[str, Any], again: float | None = None
) -> None:
    """Remember and tell how it ended, and in how many seconds it is started again, if it is."""
    at = int(outcome["at_ns"])
    uptime = max(0.0, (at - instance.started_ns) / 1e9)
    how = {
        "code": outcome["code"],
        "signal": outcome["signal"],
        "oom": False,
        "at_ns": at,
        "uptime": round(uptime, 3),
        "again": None if again is None else round(again, 3),
        "asked": instance.stopped,
    }
    if "error" in outcome:
        how["error"] = outcome["error"]
    if instance.unread:
        how["unread"], instance.unread = True, False
    how |= _memory(keeper, instance, outcome)
    instance.last_exit = how
    keeper.emit("exited", instance, **how)


def pause(keeper: Keeper, instance: Instance, uptime: float) -> float | None:
    """Seconds until it is to be started again, after one more end; None lets it rest."""
    if instance.state is State.STOPPING or not instance.forever or instance.launch is None:
        return None
    return keeper.delay(instance, uptime)


def next_step(keeper: Keeper, instance: Instance, again: float | None) -> None:
    """Start it again, now or later, or let it rest."""
    if again is None:
        finish(keeper, instance)
        return
    if again <= 0 and not _unread(keeper, instance):
        keeper.again(instance)
        return
    instance.move(State.BACKOFF)
    if again <= 0:
        _again_when_read(keeper, instance, time.monotonic() + _READ_WITHIN)
        return
    instance.timer = keeper.loop.after(again, lambda: keeper.again(instance))
    keeper.emit("backoff", instance, delay=round(again, 3), restarts=instance.restarts)


def _unread(keeper: Keeper, instance: Instance) -> bool:
    """Whether what it said last is still to be read, by a collector that is there."""
    held = instance.streams
    return held is not None and keeper.capture.reachable() and streams.waiting(held) > 0


def _again_when_read(keeper: Keeper, instance: Instance, deadline: float) -> None:
    """Two lives speak into one pipe: only what is read before the next one belongs to this one."""
    if _unread(keeper, instance) and time.monotonic() < deadline:
        instance.timer = keeper.loop.after(
            _LOOK, lambda: _again_when_read(keeper, instance, deadline)
        )
    else:
        keeper.again(instance)


def finish(keeper: Keeper, instance: Instance) -> None:
    """It will not run again: wait until its last bytes are read, then free its name."""
    instance.move(State.EXITED)
    instance.plan = None
    keeper.changed()
    held = instance.streams
    if held is None:
        _gone(keeper, instance)
        return
    if instance.name == capture.NAME:  # it cannot answer for itself
        _gone(keeper, instance)
        return
    if not keeper.capture.reachable() and not streams.waiting(held):
        # Nothing is left to read, and who would say so is dead: its name must not be taken for it.
        _gone(keeper, instance)
        return
    instance.timer = keeper.loop.after(keeper.drain_limit, lambda: _gone(keeper, instance))
    keeper.capture.drain(held.folder, lambda: _gone(keeper, instance))


def abandon(keeper: Keeper, instance: Instance) -> None:
    """Close what belongs to one run of it."""
    if instance.pidfd >= 0:
        keeper.loop.unwatch(instance.pidfd)
        os.close(instance.pidfd)
        instance.pidfd = -1
    if instance.channel is not None:
        keeper.loop.unwatch(instance.channel.fileno())
        instance.channel.close()
        instance.channel = None
    instance.forced = False


def let_go(keeper: Keeper, instance: Instance) -> None:
    """Close what belongs to its name, and remove its folder."""
    abandon(keeper, instance)
    instance.cancel_timer()
    if instance.notify is not None:
        keeper.loop.unwatch(instance.notify.fileno())
        instance.notify.close()
        instance.notify = None
    if instance.input >= 0:
        os.close(instance.input)
        instance.input = -1
    if instance.streams is not None:
        keeper.capture.forget(instance.streams.folder)
        streams.close(instance.streams)
        instance.streams = None
    _end_group(keeper, instance)


def sweep(keeper: Keeper) -> None:
    """End the control groups of all that do not run; one that has dying members goes soon."""
    living = {one.group for one in keeper.instances.values() if one.pidfd >= 0}
    if not box.sweep_groups(keeper.groups, living):
        keeper.loop.after(_SWEEP_AGAIN, lambda: sweep(keeper))


def _end_group(keeper: Keeper, instance: Instance) -> None:
    if not box.end_group(keeper.groups, instance.group):
        keeper.loop.after(_SWEEP_AGAIN, lambda: sweep(keeper))


def kill(keeper: Keeper, instance: Instance) -> None:
    """No more patience: the init itself, with its namespace, and the group where there is none."""
    box.kill_group(keeper.groups, instance.group)
    if instance.app_pid and not instance.namespaced:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(instance.app_pid, signal.SIGKILL)
    instance.send(signal.SIGKILL)


def _gone(keeper: Keeper, instance: Instance) -> None:
    if instance.gone:
        return
    let_go(keeper, instance)
    instance.gone = True
    if instance.forever and (instance.stopped or instance.launch is not None):
        del keeper.instances[instance.name]
    instance.launch = None  # its environment is nobody's business any more
    keeper.emit("gone", instance)


def _end_orphans(keeper: Keeper, instance: Instance) -> None:
    """
    The init was killed: end what it had.

    Its namespace died with it; without one, the app is killed by the kernel
    with its parent, and what it had started has become our child, or is in its session still.
    """
    if instance.namespaced:
        return
    known = {other.pid for other in keeper.instances.values() if other.pidfd >= 0} | {
        keeper.zygote.pid
    }
    for _ in range(100):
        left = set(proc.session(instance.app_pid)) if instance.app_pid else set()
        left |= set(proc.children({os.getpid()})) - known
        if not left:
            return
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)


def _unwritten(status: int | None) -> dict[str, Any]:
    """An init that wrote nothing was killed: nothing else ends it before it has written."""
    code = os.waitstatus_to_exitcode(status) if status is not None else -int(signal.SIGKILL)
    name = signal.Signals(-code).name if code < 0 else None
    return {"code": code if code >= 0 else None, "signal": name, "at_ns": time.time_ns()}


def _memory(keeper: Keeper, instance: Instance, outcome: dict[str, Any]) -> dict[str, Any]:
    """Whether it ended for want of memory: its control group knows, and which limit it met."""
    told = box.memory_kills(keeper.groups, instance.group)
    if told is None:
        return {"oom": _was_out_of_memory(keeper, instance, outcome["signal"])}
    # A shell says of its killed program that it ended with 137; what we killed, we killed.
    killed = outcome["signal"] == "SIGKILL" or outcome["code"] == 128 + signal.SIGKILL
    if not (told.killed and killed and instance.plan is None):
        return {"oom": False}
    return {"oom": True, "memory": told.limit}


def _was_out_of_memory(keeper: Keeper, instance: Instance, name: str | None) -> bool:
    """Whether the kernel says that it killed this very process for want of memory."""
    kills = proc.out_of_memory_kills() if name == "SIGKILL" else keeper.memory_kills
    grew, keeper.memory_kills = kills > keeper.memory_kills, kills
    return grew and bool(instance.app_pid) and proc.killed_for_memory(instance.app_pid)
