"""The same box by bubblewrap, for machines that give user namespaces to that program alone."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from twelve.engines.local.sandbox import seccomp, syscalls
from twelve.engines.local.sandbox.box import HOME, Box, read_box
from twelve.engines.local.sandbox.confine import FORWARDED
from twelve.engines.local.sandbox.contents import Bind, below, contents


def wrap(plain: Mapping[str, Any], argv: Sequence[str]) -> list[str]:
    """The words to exec for ``argv`` in its box: its own ones unless the box is made by bwrap.

    Called after ``confine``, in the process that execs: it opens descriptors for bwrap to read.
    """
    box = read_box(plain)
    if box.via != "bwrap":
        return list(argv)
    # Deaf to the signals that the group gets, so that bwrap outlives the app's grace; ``env``
    # gives the app its defaults back.
    names = ",".join(number.name.removeprefix("SIG") for number in FORWARDED)
    reset = ["/usr/bin/env", f"--default-signal={names}", "--"]
    return [box.program, *_words(box), "--", *reset, *argv]


def _words(box: Box) -> list[str]:
    inside = contents(box)
    words = ["--unshare-user-try", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    words += [] if box.network else ["--unshare-net"]
    words += ["--die-with-parent", "--cap-drop", "ALL", "--proc", "/proc", "--dev", "/dev"]
    # Two file systems: bwrap cannot share the budget between them as our own root does.
    for target in ("/tmp", "/dev/shm"):  # noqa: S108 - the private ones
        words += ["--perms", "1777", "--size", str(box.tmp // 2), "--tmpfs", target]
    words += ["--perms", "0700", "--dir", HOME, "--dir", "/run"]
    for path, target in inside.links:
        words += ["--symlink", target, path]
    for bind in inside.system:
        words += _bind(bind)
    seen = [*inside.system]
    for bind in inside.paths:
        # An alias below what is bound comes with it, as the link that it is on the machine.
        if bind.source == bind.target or not any(below(bind.target, at.target) for at in seen):
            words += _bind(bind)
            seen.append(bind)
    for path, data in inside.files:
        words += ["--perms", "0644", "--ro-bind-data", str(_memory_file(data)), path]
    words += ["--remount-ro", "/dev", "--remount-ro", "/"]
    machine = syscalls.machine()
    if machine:
        program = seccomp.filter_program(machine, internet=True)
        words += ["--seccomp", str(_memory_file(program))]
    return words


def _bind(bind: Bind) -> list[str]:
    return ["--bind" if bind.writable else "--ro-bind", bind.source, bind.target]


def _memory_file(data: bytes) -> int:
    number = os.memfd_create("twelve")
    os.write(number, data)
    os.lseek(number, 0, os.SEEK_SET)
    os.set_inheritable(number, True)
    return number
