"""How long `twelve up` takes from its exec to the first byte of a process, beside honcho.

Everything is built before the first measure: one `up` has been up, as on every day but the first.

    python bench/up_start.py [HONCHO]

HONCHO is the path of its program; by default the one on PATH.
"""

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 11
MARK = b"first-byte"
PAUSE = 0.2


def first_byte(argv, folder, env, until=b""):
    """Milliseconds until the process's word is on the pipe; the runner is ended afterwards.

    Not before it has said ``until``: what is interrupted while it starts leaves things half done.
    """
    began = time.perf_counter()
    runner = subprocess.Popen(
        argv, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    spent, seen = None, b""
    while spent is None or until not in seen:
        data = os.read(runner.stdout.fileno(), 65536)
        assert data, seen
        seen += data
        if spent is None and MARK in seen:
            spent = time.perf_counter() - began
    time.sleep(PAUSE)
    runner.send_signal(signal.SIGINT)
    runner.communicate(timeout=60)
    return spent * 1000


def measure(honcho=None, rounds=ROUNDS):
    """Milliseconds, one after the other in turn; `ratio` only where there is a honcho."""
    honcho = honcho or shutil.which("honcho")
    twelve = str(Path(sys.executable).parent / "twelve")
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        folder = Path(name, "bench")
        folder.mkdir()
        (folder / "Procfile").write_text(f"talk: sh -c 'echo {MARK.decode()}; exec sleep 100'\n")
        env = os.environ | {"TWELVE_HOME": f"{name}/home", "PYTHONDONTWRITEBYTECODE": ""}
        runners = {"twelve": ([twelve, "up"], b"bench is up")}
        if honcho:
            runners["honcho"] = ([honcho, "start"], MARK)
        for argv, until in runners.values():
            first_byte(argv, folder, env, until)
        times = {runner: [] for runner in runners}
        for _ in range(rounds):
            for runner, (argv, until) in runners.items():
                times[runner].append(first_byte(argv, folder, env, until))
    found = {
        runner: {"median": statistics.median(each), "least": min(each), "all": each}
        for runner, each in times.items()
    }
    if honcho:
        found["ratio"] = found["twelve"]["median"] / found["honcho"]["median"]
    return found | {"load": os.getloadavg()[0]}


if __name__ == "__main__":
    print(json.dumps(measure(*sys.argv[1:]), indent=2))
