"""The seam to the sandbox: which calls are made where in the life of an instance."""

import os
from collections.abc import Callable
from typing import Any

from twelve.engines.local import sandbox
from twelve.engines.local.sandbox import syscalls

NOBODY = 0xFFFFFFFF
"""In the place of a uid: leave it as it is."""

clone_flags = sandbox.clone_flags
enter = sandbox.enter
confine = sandbox.confine
wrap = sandbox.wrap


def prepare(plan: dict[str, Any], pid: int) -> None:
    """
    What only the parent can do for a cloned init, before it runs. Raises OSError.

    Root may put an app of tier user under another uid: then the map is ours to write.
    """
    owns = plan.get("uid") in {None, os.geteuid()}
    if plan["tier"] == "user" and plan.get("via", "userns") == "userns" and not owns:
        sandbox.map_ids(plan, pid)


def owner(plan: dict[str, Any]) -> tuple[int, int]:
    """The uid and gid that the init of this box has once the app is forked; NOBODY for its own."""
    uid = plan.get("uid")
    if uid is None or plan["tier"] == "user":
        return NOBODY, NOBODY
    gid = plan.get("gid")
    return int(uid), int(uid if gid is None else gid)


def confine_init(prctl: Callable[[int, int, int, int, int], int], uid: int, gid: int) -> None:
    """
    Take from the init what it does not need to reap and to signal. Raises OSError.

    It has the app's uid then, so it is not dumpable: an app of that uid shall not write into it.
    """
    root = os.geteuid() == 0
    if uid != NOBODY and root:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)  # which gives up the capabilities as well
    elif not root:
        syscalls.drop_capabilities()
    prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    prctl(syscalls.PR_SET_DUMPABLE, 0, 0, 0, 0)
