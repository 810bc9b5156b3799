"""CPU seconds of ``twelve --help`` and of ``twelve ps`` with 20 processes, over a bare interpreter.

    python -m bench.cli_start [--quick]

Medians of 21 rounds, the three commands in turn, with a home, a control plane and an app of its own
that are gone at the end. User and system time of the child as the kernel counts it.
"""

import json
import os
import statistics
import sys
from pathlib import Path

from bench.ending import told_to_end
from demo.home import make_home

ROUNDS = 21
PROCESSES = 20
BARS = {"help": 8.0, "ps": 12.0}
BIN = Path(sys.executable).parent
COMMANDS = {
    "bare": [sys.executable, "-I", "-S", "-c", "pass"],
    "help": [str(BIN / "twelve"), "--help"],
    "ps": [str(BIN / "twelve"), "ps", "-a", "bench"],
}


def cpu_seconds(argv: list[str], environ: dict[str, str]) -> float:
    """User and system time of one run."""
    child = os.posix_spawn(
        argv[0],
        argv,
        environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, used = os.wait4(child, 0)
    if status:
        sys.exit(f"{argv}: status {status}")
    return used.ru_utime + used.ru_stime


def measure(environ: dict[str, str], rounds: int) -> dict[str, float]:
    """Medians in seconds; the first round only warms the caches."""
    spent: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for number in range(rounds + 1):
        for name, argv in COMMANDS.items():
            seconds = cpu_seconds(argv, environ)
            if number:
                spent[name].append(seconds)
    return {name: statistics.median(values) for name, values in spent.items()}


def main(rounds: int) -> None:
    home = make_home()
    try:
        app = Path(home.folder, "bench")
        app.mkdir()
        (app / "Procfile").write_text("worker: sleep 3600\n")
        home.twelve("deploy", str(app), "-a", "bench")
        home.twelve("ps", "scale", f"worker={PROCESSES}", "-a", "bench")
        found = measure(dict(home.environ), rounds)
    finally:
        home.end()
    times = {name: found[name] / found["bare"] for name in BARS}
    print(json.dumps({"seconds": found, "times": times, "bars": BARS}))


if __name__ == "__main__":
    with told_to_end():
        main(7 if "--quick" in sys.argv else ROUNDS)
