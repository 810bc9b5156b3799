"""An upgrade in place: the same process runs its program anew, so children and descriptors stay."""

import json
import os
import signal
import socket
from typing import Any

from twelve.engines.local.supervisor import descriptors, ending, events, instances, streams
from twelve.engines.local.supervisor.instances import Instance
from twelve.engines.local.supervisor.keeper import Keeper
from twelve.engines.local.supervisor.loop import READABLE
from twelve.factors.lifecycle.states import State

MODULE = "twelve.engines.local.supervisor"
_HELD_BACK = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGCHLD})


def hand_over(
    keeper: Keeper,
    ring: events.Ring,
    words: list[str],
    keep: dict[str, int],
    more: dict[str, Any],
) -> None:
    """
    Become the new program.

    ``words`` are the interpreter and what follows, ``keep`` names further descriptors that it
    takes over, ``more`` is more of the will.

    Environments go through unnamed memory, never through a file. Raises OSError when the program
    cannot be run: nothing is lost then.
    """
    will: dict[str, Any] = {
        "instances": [_bequeath(instance) for instance in keeper.instances.values()],
        "first": ring.newest + 1,
        "keep": keep,
        "nofile": keeper.nofile,
        **more,
    }
    memory = descriptors.memory_file(json.dumps(will).encode("utf-8", "surrogateescape"))
    for fd in [memory, *keep.values(), *_inherited(will["instances"])]:
        os.set_inheritable(fd, True)
    signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_BACK)  # until the new program listens
    try:
        program, *rest = words
        argv = [program, "-I", "-m", MODULE, *rest, "--resume", str(memory)]
        os.execv(program, argv)  # noqa: S606 - argv is a list, there is no shell
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD_BACK)


def read_will(memory: int) -> dict[str, Any]:
    """What the program before us left; its descriptors close at exec again."""
    will: dict[str, Any] = json.loads(os.pread(memory, os.fstat(memory).st_size, 0))
    os.close(memory)
    for fd in [*will["keep"].values(), *_inherited(will["instances"])]:
        os.set_inheritable(fd, False)
    return will


def take_over(keeper: Keeper, heirlooms: list[dict[str, Any]]) -> None:
    """Go on with the instances as they were; signals that were held back may come now."""
    for plain in heirlooms:
        instance = instances.from_plain(plain)
        instance.launch = plain["launch"]
        instance.ours = plain["ours"]
        instance.early = plain.get("early", False)
        instance.input = plain["input"]
        if plain["folder"]:
            folder = os.path.join(keeper.run, "p", plain["folder"])
            held = tuple(plain["holders"])
            instance.streams = streams.Streams(folder, tuple(plain["streams"]), held)
        if plain["notify"] >= 0:
            instance.notify = socket.socket(fileno=plain["notify"])
            keeper.watch_notify(instance)
        if plain["channel"] >= 0:
            instance.channel = socket.socket(fileno=plain["channel"])
            keeper.watch_channel(instance)
        keeper.instances[instance.name] = instance
        _go_on(keeper, instance)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD_BACK)


def _go_on(keeper: Keeper, instance: Instance) -> None:
    if instance.gone:
        return
    if instance.state is State.BACKOFF:
        instance.timer = keeper.loop.after(
            keeper.patience(instance), lambda: keeper.again(instance)
        )
        return
    if instance.state is State.EXITED:
        instance.restore(State.STOPPING)
        ending.finish(keeper, instance)
        return
    try:
        instance.pidfd = os.pidfd_open(instance.pid)
    except ProcessLookupError:  # not ours, and gone in between
        ending.ended(keeper, instance, None)
        return
    if not instance.ours:
        keeper.loop.watch(instance.pidfd, READABLE, lambda _: ending.ended(keeper, instance, None))
    if instance.streams is not None:
        keeper.capture.open(instance.streams.folder)
    if instance.plan is not None:
        keeper.expect_end(instance)


def _bequeath(instance: Instance) -> dict[str, Any]:
    return {
        **instances.to_plain(instance),
        "launch": instance.launch,
        "ours": instance.ours,
        "input": instance.input,
        "holders": list(instance.streams.holders) if instance.streams else [],
        "notify": instance.notify.fileno() if instance.notify else -1,
        "channel": instance.channel.fileno() if instance.channel else -1,
    }


def _inherited(heirlooms: list[dict[str, Any]]) -> list[int]:
    fds = [fd for plain in heirlooms for fd in plain["holders"]]
    fds += [plain[key] for plain in heirlooms for key in ("input", "notify", "channel")]
    return [fd for fd in fds if fd >= 0]
