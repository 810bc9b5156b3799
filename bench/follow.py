"""Lines of 100 bytes per CPU second from a process to the file of `twelve logs -f`, all of Twelve counted.

    python -m bench.follow [--quick]

A worker waits for a signal, then prints. Counted is what control, supervisor, collector and `twelve
logs -f` itself take from then on until the last line is in the file; the writer is not Twelve's.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from bench import costs
from bench.ending import told_to_end
from demo.home import PROGRAM, commit, git, make_home

HERE = Path(__file__).parent
LINES = 4_000_000
WIDTH = 100
TYPE = '[processes.{0}]\ncommand = "sh writer.sh"\nsettle = "100ms"\ngrace = 1\n'
PARTS = ("control", "supervisor", "collector")


def measure(lines=LINES, chunk=65536):
    """What it took, by part, and the lines that came."""
    home = make_home(TWELVE_LOG_BUDGET="1G")
    try:
        app = make_app(home, lines, chunk)
        home.twelve("deploy", "--no-gate", cwd=app)
        said = home.folder / "followed"
        words = [PROGRAM, "logs", "-f", "-n", "0", "-a", "flood", "--type", "worker"]
        with said.open("wb") as out:
            following = subprocess.Popen(words, env=dict(home.environ), stdout=out)
        try:
            return followed(home, following, said, lines)
        finally:
            following.terminate()
            following.wait(10)
    finally:
        home.end()


def make_app(home, lines, chunk):
    """Its worker prints when it gets USR1."""
    folder = home.folder / "flood"
    folder.mkdir()
    subprocess.run(["cc", "-O2", "-o", str(folder / "lines"), str(HERE / "lines.c")], check=True)
    script = f"trap 'exec ./lines 0 {lines} {chunk}' USR1\nwhile :; do sleep 0.05; done\n"
    (folder / "writer.sh").write_text(script)
    (folder / "twelve.toml").write_text('app = "flood"\n' + TYPE.format("worker"))
    git(home, folder, "init", "-q")
    commit(home, folder, "First")
    return folder


def followed(home, following, said, lines):
    time.sleep(2)
    parts = costs.parts_of(home.home)
    counted = {name: parts[name] for name in PARTS} | {"logs": [following.pid]}
    before = {name: costs.fine_cpu(pids) for name, pids in counted.items()}
    began = time.monotonic()
    for pid in writers(parts["inits"]):
        os.kill(pid, 10)
    deadline = began + 120
    while said.stat().st_size < lines * WIDTH or not whole(said, lines):
        assert time.monotonic() < deadline, f"{said.stat().st_size} bytes came"
        time.sleep(0.05)
    wall = time.monotonic() - began
    spent = {name: costs.fine_cpu(pids) - before[name] for name, pids in counted.items()}
    together = sum(spent.values())
    return {
        "lines": lines,
        "cpu_s": {name: round(each, 3) for name, each in spent.items()},
        "lines_per_cpu_second": round(lines / together),
        "wall_s": round(wall, 2),
        **judged(said, lines),
        "load_average": os.getloadavg()[0],
    }


def writers(inits):
    """The shells that wait: the one process below each init."""
    return [
        int(child) for pid in inits for child in costs.read(pid, f"task/{pid}/children").split()
    ]


def whole(said, lines):
    """Whether the last line is there."""
    with said.open("rb") as file:
        file.seek(max(0, said.stat().st_size - 2 * WIDTH - 200))
        return f" {lines - 1:010d} ".encode() in file.read()


def judged(said, lines):
    found = {"lost": 0, "torn": 0, "twice": 0}
    seen = bytearray(lines)
    with said.open("rb") as file:
        for line in file:
            at = line.find(b"@@")
            if at < 0 or len(line) - at != WIDTH or not line.endswith(b"##\n"):
                found["torn"] += 1
                continue
            number = int(line[at + 6 : at + 16])
            found["twice"] += seen[number]
            seen[number] = 1
    return found | {"lost": lines - sum(seen)}


if __name__ == "__main__":
    with told_to_end():
        print(json.dumps(measure(LINES // 10 if "--quick" in sys.argv else LINES), indent=2))
