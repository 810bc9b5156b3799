"""How long Tab takes: wall seconds from the call of the shell to the names, beside a bare interpreter.

    python -m bench.completion [ROUNDS]

A home, a control plane and an app of its own, gone at the end. Medians of the rounds, all lines in turn.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 15
BAR_MS = 150
BIN = Path(sys.executable).parent
LINES = {
    "command": "twelve r",
    "app": "twelve ps -a b",
    "type": "twelve -a bench ps scale w",
    "release": "twelve -a bench rollback v",
    "variable": "twelve -a bench config unset C",
}


def tab(line: str, environ: dict[str, str]) -> float:
    """Seconds until the last word of a line is completed."""
    asked = {
        "_TWELVE_COMPLETE": "bash_complete",
        "COMP_WORDS": "\n".join(line.split()),
        "COMP_CWORD": str(len(line.split()) - 1),
    }
    began = time.perf_counter()
    done = subprocess.run([BIN / "twelve"], env=environ | asked, capture_output=True, check=True)
    spent = time.perf_counter() - began
    assert done.stdout, f"{line}: nothing was offered"
    return spent


def bare() -> float:
    """Seconds of an interpreter that does nothing."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True)
    return time.perf_counter() - began


def measure(rounds: int = ROUNDS) -> dict[str, float]:
    """Medians in milliseconds, by what is completed."""
    with tempfile.TemporaryDirectory(prefix="twelve-bench-") as folder:
        environ = {name: text for name, text in os.environ.items() if name[:7] != "TWELVE_"}
        # Without bytecode every start would compile all modules anew.
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        environ |= {"TWELVE_HOME": f"{folder}/home", "TWELVE_HTTP_PORT": "18779"}
        app = Path(folder, "bench")
        app.mkdir()
        (app / "Procfile").write_text("worker: sleep 3600\n")
        quiet = {"env": environ, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        twelve = str(BIN / "twelve")
        try:
            for words in (["deploy", str(app)], ["config", "set", "COLOUR=blue", "-a", "bench"]):
                subprocess.run([twelve, *words], check=True, **quiet)
            spent: dict[str, list[float]] = {name: [] for name in ("bare", *LINES)}
            for number in range(rounds + 1):
                for name, times in spent.items():
                    seconds = tab(LINES[name], environ) if name in LINES else bare()
                    if number:
                        times.append(seconds)
        finally:
            subprocess.run([twelve, "down", "--all"], check=False, **quiet)
    return {name: round(statistics.median(times) * 1000, 1) for name, times in spent.items()}


if __name__ == "__main__":
    found = measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
    load = round(os.getloadavg()[0], 1)
    print(json.dumps({"bar_ms": BAR_MS, "median_ms": found, "load_average": load}))
    sys.exit(any(found[name] > BAR_MS for name in LINES))
