"""The drainer as a part of Twelve: started with the first drain, gone with the last."""

import hashlib
import sys
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from twelve.engines.contract import Forwarded
from twelve.engines.local.drains.orders import to_environment
from twelve.engines.local.drains.progress import path_of, read_progress
from twelve.engines.local.logmerge import Merge
from twelve.engines.local.machine import Machine
from twelve.engines.local.supervisor import making
from twelve.factors.logs.drains.drain import Drain
from twelve.factors.logs.filter import Filter

NAME = "twelve/drains"
_PASSED_ON = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def drainer_launch(machine: Machine, drains: Collection[Drain]) -> dict[str, Any]:
    """How the supervisor starts it. Its name says which drains it knows: others need another."""
    module = "twelve.engines.local.drains"
    run, home = str(machine.run), str(machine.home)
    env = {name: machine.environ[name] for name in _PASSED_ON if machine.environ.get(name)}
    keys = "\n".join([*sorted(drain.key for drain in drains), *map("=".join, sorted(env.items()))])
    return {
        "name": f"{NAME}-{hashlib.sha256(keys.encode()).hexdigest()[:8]}@-",
        "argv": [sys.executable, "-I", "-m", module, "--run", run, "--home", home],
        "env": {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **env, **to_environment(drains)},
        "cwd": "/",
        "stdin": "null",
        "logs": {
            "dir": "logs/twelve/platform/drains@-",
            "budget": machine.log_budget,
            "age": machine.log_age,
            "demux": False,
        },
        "restart": {"mode": "always"},
        "grace": 10.0,
        "stop_signal": "SIGTERM",
        "notify": False,
        "version": making.of_drainer(),
        "box": {"tier": "bare", "uid": None, "gid": None, "read": [], "write": []},
    }


def others(seen: Mapping[str, Any], name: str) -> list[str]:
    """The drainers that run and are not the one of that name."""
    return [other for other in seen if other.startswith(f"{NAME}-") and other != name]


def forget_progress(home: Path, drains: Collection[Drain]) -> None:
    """Remove what is kept of drains that are no more."""
    known = {f"{drain.key}.json" for drain in drains}
    for path in (home / "drains").glob("*.json"):
        if path.name not in known:
            path.unlink(missing_ok=True)


def progress_of(home: Path, drain: Drain) -> Forwarded:
    """From its own file, and from what lies behind the places named there. Reads files."""
    known = read_progress(path_of(str(home), drain.key))
    merge = Merge(str(home), drain.app, drain.deploy, Filter(since=drain.since_ns))
    with suppress(OSError):
        if known:
            merge.resume(known.marks, known.graves)
        else:
            merge.begin()
    behind = merge.behind()
    merge.close()
    if known is None:
        return Forwarded(waiting=behind.size, oldest_ns=behind.oldest_ns)
    return Forwarded(
        known.lines,
        behind.size,
        behind.oldest_ns,
        known.missing,
        known.delivered_ns,
        known.error,
        known.error_ns,
    )
