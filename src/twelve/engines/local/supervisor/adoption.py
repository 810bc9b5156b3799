"""A new supervisor finds its predecessor's children, known again by start time and boot."""

import contextlib
import os
import select
import time

from twelve.engines.local.supervisor import ending, instances, proc, state, streams
from twelve.engines.local.supervisor.instances import Instance
from twelve.engines.local.supervisor.keeper import Keeper
from twelve.engines.local.supervisor.loop import READABLE
from twelve.factors.lifecycle.states import LIVE, RESTARTED, State


def adopt(keeper: Keeper) -> None:
    """Take over what the state file tells of. Nothing is started: control has not spoken yet."""
    boot, entries = state.load(keeper.home)
    found: list[tuple[Instance, bool]] = []
    for entry in entries:
        with contextlib.suppress(KeyError, ValueError, TypeError):
            instance = instances.from_plain(entry)
            keeper.instances[instance.name] = instance
            if not instance.gone:
                _take_streams(keeper, instance, entry)
                found.append((instance, boot == keeper.boot and _take_process(instance)))
    for instance, alive in found:
        # Nobody held its pipes: what lay in them went with the last who did.
        instance.unread = not (alive and _lives(instance)) and not keeper.capture.reachable()
        if alive:
            _look_after(keeper, instance)
        else:
            _bury(keeper, instance, restarted=boot != keeper.boot)
    ending.sweep(keeper)
    _sweep(keeper)
    keeper.changed()


def _take_streams(keeper: Keeper, instance: Instance, entry: dict[str, object]) -> None:
    folder, names = entry["folder"], entry["streams"]
    if not isinstance(folder, str) or not isinstance(names, list):
        return
    with contextlib.suppress(OSError):
        path = os.path.join(keeper.run, "p", folder)
        instance.streams = streams.hold(path, tuple(names))


def _take_process(instance: Instance) -> bool:
    """Whether its init lives: first a handle that cannot change hands, then the proof."""
    if instance.state not in LIVE:
        return False
    try:
        pidfd = os.pidfd_open(instance.pid)
    except OSError:
        return False
    if proc.start_time(instance.pid) != instance.start_time:
        os.close(pidfd)
        return False
    instance.pidfd = pidfd
    return True


def _lives(instance: Instance) -> bool:
    """Whether it does not just wait for a stranger to reap it."""
    told = select.poll()
    told.register(instance.pidfd, select.POLLIN)
    return not told.poll(0)


def _look_after(keeper: Keeper, instance: Instance) -> None:
    if (
        not instance.app_pid and not instance.namespaced
    ):  # our predecessor died before it heard of it
        instance.app_pid = next(iter(proc.children({instance.pid})), 0)
    keeper.loop.watch(instance.pidfd, READABLE, lambda _: ending.ended(keeper, instance, None))
    if instance.streams is not None:
        keeper.capture.open(instance.streams.folder)
        _listen_for_readiness(keeper, instance)
    if instance.plan is not None:
        instance.restore(State.STOPPING)
        instance.send(instance.plan.signal)  # the one before us may have died before it sent it
        keeper.expect_end(instance)
    else:
        instance.restore(State.ADOPTED)


def _listen_for_readiness(keeper: Keeper, instance: Instance) -> None:
    assert instance.streams is not None
    path = os.path.join(instance.streams.folder, streams.NOTIFY)
    if os.path.exists(path):
        with contextlib.suppress(OSError):
            uid = os.stat(path).st_uid
            instance.notify = streams.notify_socket(instance.streams, uid)
            keeper.watch_notify(instance)


def _bury(keeper: Keeper, instance: Instance, *, restarted: bool) -> None:
    """It ended while nobody looked, or never began, or waited for a start that we cannot make."""
    if instance.state in LIVE:
        outcome = streams.read_exit(instance.streams.folder) if instance.streams else None
        lost = {"code": None, "signal": None, "at_ns": time.time_ns()}
        cause = {"error": RESTARTED} if restarted else {}
        ending.told(keeper, instance, outcome or lost | cause)
    if instance.state is State.EXITED:
        instance.restore(State.UP)
    ending.finish(keeper, instance)


def _sweep(keeper: Keeper) -> None:
    """Folders that no instance knows were left by a life whose state is lost; nobody holds them."""
    known = {instance.streams.folder for instance in keeper.instances.values() if instance.streams}
    base = os.path.join(keeper.run, "p")
    for name in os.listdir(base):
        folder = os.path.join(base, name)
        if folder not in known:
            streams.remove(folder)
