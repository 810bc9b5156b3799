"""Giving up power before exec: limits, user, capabilities, Landlock, the filter of kernel calls."""

import errno
import os
import resource
import signal
from collections.abc import Mapping
from typing import Any

from twelve.engines.local.sandbox import landlock, seccomp, syscalls
from twelve.engines.local.sandbox.box import Box, owner, read_box

FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def confine(plain: Mapping[str, Any]) -> None:
    """Confine this process, forked by the one that entered the box; exec comes right after.

    Nothing above descriptor 2 survives the exec. Raises OSError with a sentence; the process must
    then exit without running the app.
    """
    box = read_box(plain)
    set_limits(box)
    syscalls.close_at_exec()
    if box.via == "bwrap":
        # bwrap confines; it would die of the signal that is meant for the app behind it, and
        # take the app along. The app gets its defaults back by the words of ``wrap``.
        for number in FORWARDED:
            signal.signal(number, signal.SIG_IGN)
        return
    if box.tier in ("bare", "none"):
        if box.uid is not None:
            become(box)
        _no_new_privileges()
        return
    abi = landlock.version()
    # Before the uid is dropped: the machine's paths may lie below folders closed to it.
    # Version 1 refuses every move between folders, too dear for a second wall.
    wanted = abi >= 2 or (abi == 1 and box.via == "landlock")
    ruleset = landlock.make_ruleset(landlock.rules(box), abi) if wanted else -1
    if box.via == "landlock" and ruleset < 0:
        raise OSError(errno.ENOSYS, "sandbox: this kernel has no Landlock")
    if box.uid is not None or box.fresh:
        become(box)
    _give_up_capabilities()
    _no_new_privileges()
    if ruleset >= 0:
        landlock.restrict(ruleset)
    # Without a network namespace the filter refuses internet sockets, loopback among them.
    seccomp.install(internet=box.network or box.fresh)


def confine_init(plain: Mapping[str, Any]) -> None:
    """Take from the box's first process what it does not need to reap, signal and note an exit.

    Called after it forked the app. It keeps the app's uid, so that it can signal it; as it is not
    dumpable, the app can neither trace it nor read the memory it has from the supervisor.
    """
    box = read_box(plain)
    if box.fresh or (box.uid is not None and os.geteuid() == 0):
        become(box)
    if box.fresh:
        _give_up_capabilities()
    _no_new_privileges()
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0, "sandbox: hide the init's memory")


def set_limits(box: Box) -> None:
    """Set the box's rlimits by their names (nofile, nproc, fsize …), never above the hard ones."""
    limits = dict(box.limits)
    if box.tier in ("strict", "user"):
        limits.setdefault("core", 0)
    for name, wanted in limits.items():
        kind = getattr(resource, f"RLIMIT_{name.upper()}", None)
        if kind is None:
            raise OSError(errno.EINVAL, f"sandbox limits: {name!r} is not a limit of this system")
        hard = resource.getrlimit(kind)[1]
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        try:
            resource.setrlimit(kind, (value, value))
        except (OSError, ValueError) as error:
            raise OSError(errno.EPERM, f"sandbox limits: {name} = {wanted}: {error}") from None


def become(box: Box) -> None:
    """Change to the box's user for good, with no other groups."""
    uid, gid = owner(box)
    if os.getresuid() == (uid,) * 3 and os.getresgid() == (gid,) * 3 and os.geteuid() != 0:
        return
    try:
        if box.tier != "user" or box.via != "userns":
            os.setgroups([gid])
        if os.geteuid() == 0 and box.tier != "bare":
            syscalls.drop_bounding_set()
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise OSError(error.errno, f"sandbox: cannot become uid {uid}: {reason}") from None


def _give_up_capabilities() -> None:
    """Where a user namespace gave them all; a uid that was dropped has none any more."""
    if os.geteuid() != 0:
        try:
            syscalls.drop_bounding_set()
        except OSError as error:
            if error.errno != errno.EPERM:  # it has none to give up
                raise
    syscalls.drop_capabilities()


def _no_new_privileges() -> None:
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1, "sandbox: no_new_privs")
