"""Runs a program of the machine, bounded in time and output, in a process group of its own."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import NamedTuple

from twelve.errors import Missing, TwelveError

QUIET = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "log.showSignature=false",
    "protocol.allow=never",
    "diff.external=",
    "core.pager=cat",
    "gc.auto=0",
)
GIT = ("git", "--no-pager", *(word for setting in QUIET for word in ("-c", setting)))
"""git that runs nothing which the repository's own config names."""


class Ended(NamedTuple):
    """How a program ended, and what it wrote."""

    code: int
    out: bytes
    err: str


def found(program: str) -> bool:
    """Is the program on PATH?"""
    return shutil.which(program) is not None


def run(argv: tuple[str, ...], *, cwd: Path, timeout: float = 120) -> Ended:
    """Run it to its end; past the time its whole group is killed, and that is an error."""
    path = shutil.which(argv[0])
    if path is None:
        raise Missing(f"{argv[0]} is not on PATH", f"install {argv[0]}, or leave it out")
    environ = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
    }
    child = subprocess.Popen(
        (path, *argv[1:]),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=environ,
    )
    try:
        out, err = child.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        raise TwelveError(f"{argv[0]} did not end within {timeout:.0f} s") from None
    except BaseException:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        raise
    return Ended(child.returncode, out, err.decode("utf-8", "replace"))
