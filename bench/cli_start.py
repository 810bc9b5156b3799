"""CPU seconds of ``twelve --help`` and of ``twelve ps`` with 20 processes, over a bare interpreter.

    python bench/cli_start.py [ROUNDS]

Medians of 21 rounds, the three commands in turn, with a home, a control plane and an app of its own
that are gone at the end. User and system time of the child as the kernel counts it.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

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


def main(rounds: int) -> int:
    """Print the figures; 1 when a bar is missed."""
    with tempfile.TemporaryDirectory(prefix="twelve-bench-") as folder:
        environ = {name: text for name, text in os.environ.items() if name[:7] != "TWELVE_"}
        # Without bytecode every start would compile all modules anew.
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        environ |= {"TWELVE_HOME": f"{folder}/home", "TWELVE_HTTP_PORT": "18777"}
        app = Path(folder, "bench")
        app.mkdir()
        (app / "Procfile").write_text("worker: sleep 3600\n")
        twelve = str(BIN / "twelve")
        quiet = {"env": environ, "stdout": subprocess.DEVNULL}
        try:
            subprocess.run([twelve, "deploy", str(app), "-a", "bench"], check=True, **quiet)
            words = [twelve, "ps", "scale", f"worker={PROCESSES}", "-a", "bench"]
            subprocess.run(words, check=True, **quiet)
            found = measure(environ, rounds)
        finally:
            subprocess.run([twelve, "down", "--all"], env=environ, check=False)
    missed = 0
    print(f"bare  {found['bare'] * 1000:6.1f} ms")
    for name, bar in BARS.items():
        times = found[name] / found["bare"]
        missed |= times > bar
        print(f"{name:5} {found[name] * 1000:6.1f} ms  {times:5.2f} times (bar {bar:.0f})")
    return missed


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
