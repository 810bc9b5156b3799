"""The keeper: starts what it is told to, keeps it running, and ends it when told to."""

import os
import sys
import time
from collections.abc import Callable
from typing import Any

from twelve.engines.local.supervisor import (
    box,
    capture,
    ending,
    init,
    instances,
    launches,
    proc,
    starting,
    state,
    streams,
    zygote,
)
from twelve.engines.local.supervisor.instances import Instance
from twelve.engines.local.supervisor.loop import READABLE, Loop
from twelve.errors import Conflict, NotFound
from twelve.factors.lifecycle import backoff, stopping
from twelve.factors.lifecycle.states import LIVE, State

_DRAIN_LIMIT = 30.0
"""Seconds for the last bytes to be read: a broken collector must not keep a name for ever."""
_FORCE_AGAIN = 1.0  # seconds after which an init that does not obey is killed itself
_RECORDS = 1000  # ended one-offs that are remembered


class Keeper:
    """All instances of a home. Every change is told to ``tell`` as an event."""

    def __init__(
        self,
        turns: Loop,
        folders: tuple[str, str],
        tell: Callable[[str, dict[str, Any]], None],
        nofile: tuple[int, int],
        *,
        hasty: bool = False,
    ) -> None:
        self.run, self.home = folders
        self.boot = proc.boot_id()
        self.instances: dict[str, Instance] = {}
        self.nofile = nofile
        self.zygote = zygote.Zygote(zygote.NONE, None, nofile) if hasty else zygote.start(nofile)
        self.loop = turns
        self.capture = capture.Capture(turns, self.run, self._collector_is_wanted)
        self._tell = tell
        self._changed = False
        self.groups = box.find_groups(launches.short(self.home)[:8])
        self.memory_kills = proc.out_of_memory_kills()
        self.drain_limit = _DRAIN_LIMIT
        self.made = ""
        """What the program is made of; empty for one that runs itself anew soon."""

    # What control asks for.

    def start(self, plain: Any, *, early: bool = False) -> int:
        """
        The pid of the init. With ``early`` control has yet to say that it is what it wants.

        Raises Invalid, Conflict when the name is in use, OSError when it cannot be started.
        """
        launch = launches.checked(plain)
        digest = launches.digest(launch)
        known = self.instances.get(launch["name"])
        waits = known is not None and (known.early or known.state is State.ADOPTED)
        if known is not None and waits and known.digest == digest:
            return self._claim(known, launch)
        if known is not None and not known.gone:
            raise Conflict(
                f"{known.name} is in use ({known.state.value})",
                hint="stop it, and wait until it is gone",
            )
        instance = Instance(launch["name"], digest, launch)
        instance.early = early
        if known is not None:
            instance.last_exit = known.last_exit
        instance.forever = backoff.from_plain(launch["restart"]) is not None
        instance.streams = streams.make(self.run, launch)
        self.instances[instance.name] = instance
        try:
            self._begin(instance)
        except OSError:
            del self.instances[instance.name]
            ending.let_go(self, instance)
            self.changed()
            raise
        self.capture.open(instance.streams.folder)
        return instance.pid

    def replace(self, plain: Any) -> None:
        """
        End it as a stop does, but keep its name and pipes, and start it anew from these words.

        Raises Invalid, NotFound, Conflict when it is on its way out.
        """
        launch = launches.checked(plain)
        digest = launches.digest(launch)
        instance = self.find(launch["name"])
        if instance.gone or instance.state not in LIVE | {State.BACKOFF} or instance.plan:
            raise Conflict(f"{instance.name} is ending", hint="wait until it is gone, and start it")
        if instance.digest == digest:
            return
        instance.digest = digest
        instance.failures = 0
        self._claim(instance, launch)
        if instance.state is State.BACKOFF:
            self.again(instance)
            return
        instance.send(launches.signal_number(launch["stop_signal"]))
        instance.timer = self.loop.after(launch["grace"], lambda: self._force(instance))

    def stop(self, name: str, grace: float, number: int) -> None:
        """Begin to end it. A second stop can only come earlier. Raises NotFound."""
        instance = self.find(name)
        instance.stopped = True
        if instance.state is State.BACKOFF:
            instance.cancel_timer()
            ending.finish(self, instance)
            return
        if instance.state not in LIVE:
            return
        now = time.monotonic()
        plan = stopping.plan_stop(now, number, grace)
        instance.plan = stopping.hasten(instance.plan, plan) if instance.plan else plan
        if instance.state is not State.STOPPING:
            instance.move(State.STOPPING)
        instance.send(number)
        self.expect_end(instance)
        self.changed()

    def signal(self, name: str, number: int) -> None:
        """A signal to the app's group. Raises NotFound, Conflict when it is not running."""
        if not self.find(name).send(number):
            raise Conflict(f"{name} is not running")

    def take_input(self, name: str) -> tuple[int, bool]:
        """
        The write end of its stdin, or its terminal, and whether the caller is to close it.

        Raises NotFound, Conflict when there is none or it was handed over already.
        """
        instance = self.find(name)
        if instance.input < 0:
            raise Conflict(
                f"{name} has no input to hand over",
                hint="it has none, or somebody holds it already",
            )
        fd = instance.input
        if instance.launch is not None and instance.launch["stdin"] == "pty":
            return fd, False
        instance.input = -1
        return fd, True

    def forget(self, name: str) -> None:
        """Drop the record of one that has ended. Raises NotFound, Conflict while it lives."""
        if not self.find(name).gone:
            raise Conflict(f"{name} has not ended", hint="stop it, and wait until it is gone")
        del self.instances[name]
        self.changed()

    def find(self, name: str) -> Instance:
        """Raises NotFound."""
        if name not in self.instances:
            raise NotFound(f"there is no process {name!r}")
        return self.instances[name]

    def is_idle(self) -> bool:
        """Whether nothing lives or waits to be started again."""
        return all(instance.gone for instance in self.instances.values())

    def is_starting(self) -> bool:
        """Whether the program of one has yet to run."""
        return any(each.state is State.STARTING for each in self.instances.values())

    # What goes on by itself.

    def expect_end(self, instance: Instance) -> None:
        """Use force at the deadline of its stop."""
        assert instance.plan is not None
        instance.cancel_timer()
        left = stopping.seconds_left(instance.plan, time.monotonic())
        instance.timer = self.loop.after(left, lambda: self._force(instance))

    def again(self, instance: Instance) -> None:
        """Start it once more; a refusal of the kernel counts as one more failure."""
        instance.cancel_timer()
        instance.restarts += 1
        if instance.state is not State.STARTING:  # it may have ended before its program ran
            instance.move(State.STARTING)
        try:
            self._begin(instance)
        except OSError as error:
            outcome = {"code": 126, "signal": None, "at_ns": time.time_ns(), "error": str(error)}
            pause = ending.pause(self, instance, 0.0)
            ending.told(self, instance, outcome, pause)
            ending.next_step(self, instance, pause)

    def delay(self, instance: Instance, uptime: float) -> float:
        """Seconds until its next start, after one more failure."""
        policy = _policy(instance)
        instance.failures = backoff.failures_after(policy, instance.failures, uptime)
        return self.patience(instance)

    def patience(self, instance: Instance) -> float:
        """Seconds until its next start, as its failures stand."""
        return backoff.delay(_policy(instance), instance.failures, _chance())

    def died(self, pid: int, status: int) -> None:
        """A child of ours is gone and reaped."""
        if pid == self.zygote.pid:
            if self.zygote.socket:
                self.zygote.socket.close()
            self.zygote = zygote.start(self.nofile)
            return
        for instance in list(self.instances.values()):
            if instance.ours and instance.pid == pid and instance.pidfd >= 0:
                ending.ended(self, instance, status)
                return

    def emit(self, event: str, instance: Instance, **fields: Any) -> None:
        """Tell what happened to it; the state file follows at the end of the turn."""
        self._tell(event, {"name": instance.name, **fields})
        self.changed()

    def changed(self) -> None:
        """The state file is to be written before the loop waits again."""
        self._changed = True

    def settle(self) -> None:
        """Write the state file when something changed in this turn."""
        if self._changed:
            self.save(sync=False)

    def save(self, *, sync: bool) -> None:
        """Write the state file now."""
        self._changed = False
        ended = [name for name, instance in self.instances.items() if instance.gone]
        for name in ended[: max(0, len(ended) - _RECORDS)]:
            del self.instances[name]
        plain = [instances.to_plain(instance) for instance in self.instances.values()]
        try:
            state.save(self.home, self.boot, plain, sync=sync)
        except OSError as error:  # a full disk must not keep a dead worker from coming back
            print(f"twelve: cannot write the supervisor's state: {error}", file=sys.stderr)

    def watch_channel(self, instance: Instance) -> None:
        """Hear when the program runs."""
        assert instance.channel is not None
        self.loop.watch(instance.channel.fileno(), READABLE, lambda _: self.listen(instance))

    def watch_notify(self, instance: Instance) -> None:
        """Hear when it says that it is ready."""
        assert instance.notify is not None
        self.loop.watch(instance.notify.fileno(), READABLE, lambda _: self._notified(instance))

    def listen(self, instance: Instance) -> None:
        """Take what the child told. The end of the channel means that exec has happened."""
        if instance.channel is None or not starting.heard(instance):
            return
        self.loop.unwatch(instance.channel.fileno())
        instance.channel.close()
        instance.channel = None
        if instance.state is State.STARTING and instance.app_pid:
            instance.move(State.UP)
        if instance.app_pid:
            self.emit(
                "started",
                instance,
                pid=instance.pid,
                app_pid=instance.app_pid,
                restarts=instance.restarts,
                at_ns=time.time_ns(),
            )

    def _begin(self, instance: Instance) -> None:
        launch, held = instance.launch, instance.streams
        assert launch is not None
        assert held is not None
        instance.ready = False
        if launch["notify"] and instance.notify is None:
            instance.notify = streams.notify_socket(held, launch["box"].get("uid"))
            self.watch_notify(instance)
        box.make_group(self.groups, instance.group, launch["box"])
        own = starting.clone(instance, self.zygote)
        # For one that somebody waits for the rename is enough: it outlives us, and no state
        # outlives the machine, whose next boot has another name.
        self.save(sync=not instance.early)
        self.watch_channel(instance)
        try:
            starting.release(instance, own, self.groups)
        except OSError:
            # It sees the end of its channels and goes; its pid means nothing to us any more.
            ending.abandon(self, instance)
            raise

    def _claim(self, instance: Instance, launch: dict[str, Any]) -> int:
        """Control has spoken: what we found is what it wants, so from now on we keep it running."""
        instance.launch = launch
        instance.forever = backoff.from_plain(launch["restart"]) is not None
        instance.early = False
        if instance.state is State.ADOPTED:
            instance.move(State.UP)
        self.changed()
        return instance.pid

    def _force(self, instance: Instance) -> None:
        """
        The grace is over.

        The init kills the group and all that left it; when it does not, it is killed itself.
        """
        instance.timer = None
        if instance.pidfd < 0:
            return
        if not instance.forced:
            instance.forced = True
            instance.send(init.END_ALL)
            instance.timer = self.loop.after(_FORCE_AGAIN, lambda: self._force(instance))
            return
        ending.kill(self, instance)

    def _notified(self, instance: Instance) -> None:
        if instance.notify is None:
            return
        words = instance.notify.recv(4096).split(b"\n")
        if b"READY=1" in words and not instance.ready:
            instance.ready = True
            self.emit("ready", instance)

    def _collector_is_wanted(self) -> bool:
        """Whether one is there or to come back: control starts one that was adopted and ended."""
        collector = self.instances.get(capture.NAME)
        return collector is not None and collector.forever and not collector.stopped

    def close(self) -> None:
        """Let the zygote go; the instances stay."""
        if self.zygote.socket:
            self.zygote.socket.close()
            os.waitpid(self.zygote.pid, 0)


def _policy(instance: Instance) -> backoff.Backoff:
    policy = backoff.from_plain(instance.launch["restart"]) if instance.launch else None
    assert policy is not None, f"{instance.name} is not to be kept running"
    return policy


def _chance() -> float:
    """A number in -1..1, from the kernel: the random module would be half a megabyte for this."""
    return int.from_bytes(os.urandom(2), "little") / 32767.5 - 1.0
