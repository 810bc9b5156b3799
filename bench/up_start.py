"""How long `twelve up` takes from its exec to the first byte of a process, beside honcho.

Everything is built before the first measure. Run: python bench/up_start.py [HONCHO]
(HONCHO: path of its program; by default the one on PATH).
"""

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


def first_byte(argv, folder, env):
    """Milliseconds until the process's word is on the pipe; the runner is ended afterwards."""
    began = time.perf_counter()
    runner = subprocess.Popen(
        argv, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    seen = b""
    while MARK not in seen:
        data = os.read(runner.stdout.fileno(), 65536)
        assert data, seen
        seen += data
    spent = time.perf_counter() - began
    runner.send_signal(signal.SIGINT)
    runner.communicate(timeout=60)
    return spent * 1000


def main():
    honcho = sys.argv[1] if len(sys.argv) > 1 else shutil.which("honcho")
    twelve = str(Path(sys.executable).parent / "twelve")
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        folder = Path(name, "bench")
        folder.mkdir()
        (folder / "Procfile").write_text(f"talk: sh -c 'echo {MARK.decode()}; exec sleep 100'\n")
        env = os.environ | {"TWELVE_HOME": f"{name}/home", "PYTHONDONTWRITEBYTECODE": ""}
        runners = {"twelve up": [twelve, "up"]} | ({"honcho": [honcho, "start"]} if honcho else {})
        for argv in runners.values():
            first_byte(argv, folder, env)
        times = {runner: [] for runner in runners}
        for _ in range(ROUNDS):
            for runner, argv in runners.items():
                times[runner].append(first_byte(argv, folder, env))
    medians = {runner: statistics.median(found) for runner, found in times.items()}
    for runner, found in times.items():
        print(f"{runner:10} median {medians[runner]:6.0f} ms  {min(found):.0f}-{max(found):.0f}")
    if honcho:
        print(f"ratio {medians['twelve up'] / medians['honcho']:.2f}")


if __name__ == "__main__":
    main()
