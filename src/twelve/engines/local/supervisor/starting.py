"""How an instance starts: streams, a clone, the state file, and only then its orders."""

import json
import os
import socket
import time
from typing import Any

from twelve.engines.local.supervisor import (
    app,
    box,
    descriptors,
    init,
    proc,
    streams,
    terminal,
    zygote,
)
from twelve.engines.local.supervisor.instances import Instance


class Ends:
    """The descriptors that go to the child. Closed here whatever happens, so that nothing leaks."""

    def __init__(self) -> None:
        self.stdio: list[int] = []
        self.exit_file = -1
        self.job = -1
        self.pump: list[int] = []
        self.doors: list[int] = []

    def close(self) -> None:
        """Close all that were opened."""
        for fd in {*self.stdio, self.exit_file, self.job, *self.pump, *self.doors} - {-1}:
            os.close(fd)


def clone(instance: Instance, source: zygote.Zygote) -> socket.socket:
    """
    The init and the app's process exist and wait. The channel to the init; raises OSError.

    Between this and ``release`` the state file must be written: a supervisor that dies here leaves
    two processes that see their channels end, and go.
    """
    launch = instance.launch
    assert launch is not None
    flags = box.clone_flags(launch["box"])
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    own, own_theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    request = zygote.Request(flags, launch["stdin"] == "pty", bool(launch["leaves"]))
    try:
        pid = zygote.spawn(source, request, ours, [theirs, own_theirs])
    except (OSError, ValueError):
        for channel in (ours, theirs, own, own_theirs):
            channel.close()
        raise
    ours.setblocking(False)
    instance.channel = ours
    instance.pid = pid
    instance.ours = True
    instance.app_pid = 0
    instance.namespaced = bool(flags & init.CLONE_NEWPID)
    instance.pidfd = os.pidfd_open(pid)
    instance.start_time = proc.start_time(pid) or 0
    instance.started_ns = time.time_ns()
    instance.began = time.monotonic()
    return own


def release(instance: Instance, own: socket.socket, groups: box.Groups) -> None:
    """Send the orders, first the init's: from here it runs. Raises OSError."""
    assert instance.launch is not None
    assert instance.streams is not None
    assert instance.channel is not None
    ends = Ends()
    try:
        launch = instance.launch
        _open_ends(instance, instance.streams, ends, box.of_process(launch["box"], groups))
        ends.doors = box.doors(groups, instance.group, launch["box"])
        box.prepare(launch["box"], instance.pid)
        grace = init.ORDERS.pack(float(launch["grace"]))
        socket.send_fds(own, [grace], [ends.exit_file, *ends.pump])
        word = app.TERMINAL if ends.pump else app.PLAIN
        socket.send_fds(instance.channel, [word], [ends.job, *ends.stdio, *ends.doors])
    finally:
        own.close()
        ends.close()


def heard(instance: Instance) -> bool:
    """
    Read what the child tells on its channel; True at its end.

    Then the program runs, or nothing will. The kernel gives the app's pid with its message,
    translated from its own pid namespace.
    """
    while instance.channel is not None:
        try:
            said, pid = zygote.hear(instance.channel)
        except BlockingIOError:
            return False
        except OSError:
            return True
        if not said:
            return True
        instance.app_pid = pid
    return True


def _open_ends(
    instance: Instance, held: streams.Streams, ends: Ends, rlimits: dict[str, int]
) -> None:
    launch = instance.launch
    assert launch is not None
    ends.job = descriptors.memory_file(
        json.dumps(_job(launch, held, rlimits)).encode("utf-8", "surrogateescape")
    )
    ends.exit_file = streams.exit_file(held)
    if launch["stdin"] == "pty":
        master, slave = terminal.open_pair(launch["size"])
        ends.stdio = [slave, slave, slave]
        ends.pump = [os.dup(master), streams.child_end(held, "tty", blocking=False)]
        _keep_input(instance, master)
        if launch["box"].get("uid") is not None and os.geteuid() == 0:
            os.fchown(slave, launch["box"]["uid"], -1)
        return
    if launch["stdin"] == "pipe":
        reader, writer = os.pipe2(os.O_CLOEXEC)
        ends.stdio = [reader]
        _keep_input(instance, writer)
    else:
        ends.stdio = [os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)]
    for name in held.names:
        ends.stdio.append(streams.child_end(held, name))


def _keep_input(instance: Instance, fd: int) -> None:
    if instance.input >= 0:
        os.close(instance.input)
    instance.input = fd


def _job(launch: dict[str, Any], held: streams.Streams, rlimits: dict[str, int]) -> dict[str, Any]:
    """What the app's own process needs to become the program."""
    env, plan = launch["env"], {**launch["box"], "limits": rlimits}
    if launch["notify"]:
        env = {**env, "NOTIFY_SOCKET": os.path.join(held.folder, streams.NOTIFY)}
        plan = {**plan, "read": [*plan.get("read", []), held.folder]}
    return {
        "name": launch["name"],
        "argv": launch["argv"],
        "env": env,
        "cwd": launch["cwd"],
        "box": plan,
        "nice": launch["nice"],
        "module": launch["module"],
    }
