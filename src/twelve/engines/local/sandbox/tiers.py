"""Which tier this machine gives: found by making a box of each, in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from twelve.engines.local.sandbox import landlock, syscalls
from twelve.engines.local.sandbox.box import TIERS, VIAS, clone_flags
from twelve.engines.local.sandbox.bwrap import wrap
from twelve.engines.local.sandbox.confine import confine
from twelve.engines.local.sandbox.mounts import enter
from twelve.errors import Invalid

PROBE_UID = 65534
PROBE_SECONDS = 20
REASONS = {
    "userns": "user namespaces",
    "bwrap": "bubblewrap",
    "landlock": "Landlock",
}


class Tier(NamedTuple):
    """What confines the processes here, and why it is no more."""

    name: str
    """strict, user or none."""
    via: str
    """userns, bwrap or landlock in tier user; empty in the others. It goes into each box."""
    program: str
    """Path of bwrap, where it is used. It goes into each box."""
    network: bool
    """Whether a box without network is cut off in truth."""
    pids: bool
    """Whether a box sees its own processes only."""
    tmp: bool
    """Whether a box has a private /tmp; else it needs a folder of its own under ``write``."""
    landlock: int
    """Landlock's version, 0 for none."""
    seccomp: bool
    missing: tuple[str, ...]
    """Sentences: what is not here, and what would bring it."""


def detect(environ: Mapping[str, str]) -> Tier:
    """Find the best tier of this machine for this user; TWELVE_TIER may lower it.

    Takes about a tenth of a second: ask once. Raises Invalid for a TWELVE_TIER that is no tier.
    """
    asked = environ.get("TWELVE_TIER", "")
    if asked and asked not in TIERS:
        raise Invalid(
            f"TWELVE_TIER: {asked!r} is not a tier",
            f"use one of {', '.join(reversed(TIERS))}, or leave it unset",
        )
    words = [sys.executable, "-I", "-m", __name__, asked, find_program("bwrap", environ)]
    try:
        # In a program of its own: a fork of a threaded process may hang, and namespaces stick.
        done = subprocess.run(
            words, capture_output=True, timeout=PROBE_SECONDS, check=True, stdin=subprocess.DEVNULL
        )
        plain = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return _none((f"the probe of the sandbox failed: {error}",))
    return Tier(**{**plain, "missing": tuple(plain["missing"])})


def choose(asked: str, bwrap: str, vias: Sequence[str] = VIAS) -> Tier:
    """Try the tiers from the best down, those above ``asked`` left out; forks for each."""
    missing: list[str] = []
    if asked == "none":
        return _none(("TWELVE_TIER=none asks for no confinement",))
    if asked != "user":
        if os.geteuid() == 0:
            found = _try({"tier": "strict", "uid": PROBE_UID}, missing, "tier strict")
            if found:
                return found
        else:
            missing.append("tier strict: needs root, which gives each deploy a uid of its own")
    else:
        missing.append("tier strict: left out by TWELVE_TIER=user")
    for via in vias:
        box: dict[str, Any] = {"tier": "user", "via": via, "program": bwrap}
        if via == "bwrap" and not bwrap:
            missing.append("bubblewrap: no bwrap on PATH (Debian: apt install bubblewrap)")
            continue
        found = _try(box, missing, REASONS[via])
        if found:
            return found
    return _none(tuple(missing))


def probe(box: Mapping[str, Any]) -> str:
    """Make the box and leave it: empty when it held, else the reason why not."""
    reader, writer = os.pipe()
    try:
        pid = syscalls.clone(clone_flags(box))
    except OSError as error:
        os.close(reader)
        os.close(writer)
        return _reason(error)
    if pid == 0:
        _probe_inside(box, writer)
    os.close(writer)
    said = b""
    while block := os.read(reader, 4096):
        said += block
    os.close(reader)
    _, status = os.waitpid(pid, 0)
    if status == 0:
        return ""
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"exit {os.waitstatus_to_exitcode(status)}"


def find_program(name: str, environ: Mapping[str, str]) -> str:
    """The path of a program on PATH, or nothing."""
    for folder in environ.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(folder or ".", name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return os.path.abspath(path)
    return ""


def _probe_inside(box: Mapping[str, Any], writer: int) -> None:
    try:
        enter(box)
        pid = os.fork()
        if pid == 0:
            os.dup2(writer, 2)
            confine(box)
            words = wrap(box, ["true"])
            if len(words) > 1:
                os.execv(words[0], words)  # noqa: S606 - argv is a list, there is no shell
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        os._exit(1 if status else 0)
    except OSError as error:
        os.write(writer, _reason(error).encode())
    finally:
        os._exit(1)


def _try(box: dict[str, Any], missing: list[str], name: str) -> Tier | None:
    """The tier when the box can be made, cut from the network if that is possible at all."""
    first = probe({**box, "network": False})
    reason = first and probe(box)
    if reason:
        missing.append(f"{name}: {reason}")
        return None
    if first:
        missing.append(f"network cut: {first}")
    via = box.get("via", "")
    abi = landlock.version() if via != "bwrap" else 0
    known = bool(syscalls.machine())
    if not known:
        missing.append(f"seccomp: no list of calls for {os.uname().machine}")
    if not abi and via != "bwrap":
        missing.append("Landlock: this kernel has none, or it is not in its lsm= list")
    if via == "landlock":
        missing.append("own pids, own /tmp: only namespaces give them")
    return Tier(
        name=box["tier"],
        via=via,
        program=box.get("program", "") if via == "bwrap" else "",
        network=not first and (via != "landlock" or known),
        pids=via != "landlock",
        tmp=via != "landlock",
        landlock=abi,
        seccomp=known,
        missing=tuple(missing),
    )


def _none(missing: tuple[str, ...]) -> Tier:
    return Tier("none", "", "", False, False, False, 0, seccomp=False, missing=missing)


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def main(words: Sequence[str]) -> None:
    """Answer as JSON on stdout: ``detect``'s other half."""
    asked, bwrap = words
    print(json.dumps(choose(asked, bwrap)._asdict()))


if __name__ == "__main__":
    main(sys.argv[1:])
