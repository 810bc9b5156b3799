"""How the router is started: its options, its words, and the files that it reads once."""

import hashlib
import os
from pathlib import Path
from typing import Any, NamedTuple

from twelve.engines.local.router import listener, resources
from twelve.engines.local.router.files import Place

NAME = "twelve/router@-"
"""The router's name among the supervisor's instances; ``twelve/router.2@-`` in its third life."""


class Options(NamedTuple):
    """How the router is set up: where it listens, and what it may use.

    ``program``: an Envoy other than the installed one; ``connections``: clients at once;
    ``log_budget`` in bytes and ``log_age`` in seconds: of its own log stream; ``handover``: seconds
    that connections have to end in a life that was replaced by the next.
    """

    address: str = "127.0.0.1"
    port: int = 8080
    program: str = ""
    connections: int = 20_000
    log_budget: int = 64 * 1024 * 1024
    log_age: float = 14 * 86400.0
    handover: int = 30


def name_of(epoch: int) -> str:
    """The name of a life."""
    return NAME if epoch == 0 else f"twelve/router.{epoch}@-"


def is_life(name: str) -> bool:
    """Whether an instance is a life of the router."""
    return name == NAME or (name.startswith("twelve/router.") and name.endswith("@-"))


def epoch_of(name: str) -> int:
    """Which life of the router an instance's name is, to adopt the one that runs."""
    life = name.removesuffix("@-").rpartition(".")[2]
    return int(life) if life.isdigit() else 0


def texts(place: Place, options: Options, epoch: int) -> dict[Path, str]:
    """The files that a life reads for itself: bootstrap and listener."""
    files = place.files(epoch)
    listeners = listener.listeners(files, options.address, options.port)
    return {
        place.bootstrap(epoch): listener.bootstrap(files, options.connections),
        Path(files.lds): resources.document(listeners),
    }


def launch_of(place: Place, options: Options, epoch: int) -> dict[str, Any]:
    """The words for the supervisor; another version, other words. Raises Missing."""
    name = name_of(epoch)
    program = place.program(options.program)
    return {
        "name": name,
        "argv": argv_of(place, options, epoch, program),
        "env": {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        "cwd": "/",
        "stdin": "null",
        "logs": {
            "dir": f"logs/twelve/platform/{name.partition('/')[2]}",
            "budget": options.log_budget,
            "age": options.log_age,
            "demux": True,
        },
        # Every app waits for it: it comes back faster than an app would.
        "restart": {"mode": "always", "base": 0.05, "cap": 2.0, "stable": 2.0},
        "grace": 10.0,
        "stop_signal": "SIGTERM",
        "notify": False,
        "version": version_of(program, texts(place, options, epoch)),
        "box": {
            "tier": "bare",
            "uid": place.uid,
            "gid": place.uid if place.gid is None else place.gid,
            # A home may lie below a folder closed to the router's user, as mktemp -d makes.
            "read": [str(place.config)],
            "write": [str(place.sockets)],
            "tmp": 0,
            "network": True,
            "limits": {},
            "user": "twelve-router",
        },
    }


def version_of(program: str, read: dict[Path, str]) -> str:
    """What a life is made of: Envoy as it is on the disk, and what it reads once."""
    facts = Path(program).stat()
    made = [program, str(facts.st_size), str(facts.st_mtime_ns), *read.values()]
    return hashlib.sha256("\0".join(made).encode()).hexdigest()[:16]


def argv_of(place: Place, options: Options, epoch: int, program: str) -> list[str]:
    """Envoy's command line."""
    # Apps share the cores with the router, and a second worker on two cores only adds jitter.
    workers = max(1, min(4, (os.cpu_count() or 1) // 2))
    words = {
        "-c": str(place.bootstrap(epoch)),
        "--concurrency": str(workers),
        "-l": "warning",
        "--base-id": str(place.base_id),
        "--restart-epoch": str(epoch),
        # In a folder of its own: by default any process of the machine could talk to it.
        "--socket-path": str(place.sockets / "hot"),
        "--socket-mode": "600",
        "--drain-time-s": str(options.handover),
        "--parent-shutdown-time-s": str(options.handover + options.handover // 2),
        "--file-flush-interval-msec": "100",
    }
    flags = ["--reject-unknown-dynamic-fields"]
    if epoch:
        # Restarted by the supervisor after a crash, it has no parent any more.
        flags.append("--skip-hot-restart-on-no-parent")
    return [program, *(word for pair in words.items() for word in pair), *flags]
