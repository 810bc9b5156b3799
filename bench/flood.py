"""One app's flood of lines against another's answers.

    python -m bench.flood [--quick]

The Flask example is asked 50 times a second, in turn while its neighbour rests and while the neighbour
prints as much as its pipe takes. Medians of the rounds; the neighbour's lines are counted by itself.
"""

import json
import os
import re
import statistics
import sys
import time

from bench import costs
from bench.ending import told_to_end
from demo.home import EXAMPLES, Home, commit, git, make_home, repository
from demo.load import Load

HOST = "flask.localhost"
RATE = 50
NOISE = """\
import os, time
line = b"x" * 99 + b"\\n"
block = line * 600
end, count = time.monotonic() + float(os.environ["SECONDS"]), 0
while time.monotonic() < end:
    os.write(1, block)
    count += 600
print("printed", count, flush=True)
"""


def main(*, quick: bool) -> None:
    rounds, seconds = (1, 4.0) if quick else (3, 8.0)
    home = make_home()
    try:
        app = repository(home, EXAMPLES / "flask")
        home.twelve("deploy", cwd=app)
        noisy = neighbour(home, seconds)
        rows = {"quiet": [], "flood": []}
        printed, spent = [], []
        for _ in range(rounds):
            rows["quiet"].append(asked(home, seconds))
            collector = costs.parts_of(home.home)["collector"]
            before = costs.cpu(collector)
            home.twelve("run", "--detach", "--", "python3", "noise.py", cwd=noisy)
            rows["flood"].append(asked(home, seconds))
            printed.append(count_of(home, noisy) / seconds)
            spent.append(costs.cpu(collector) - before)
        print(json.dumps({
            name: {key: statistics.median(row[key] for row in each) for key in each[0]}
            for name, each in rows.items()
        } | {
            "lines_per_second": round(statistics.median(printed)),
            "collector_cpu_s": round(statistics.median(spent), 2),
            "seconds": seconds,
            "load_average": os.getloadavg()[0],
        }))  # fmt: skip
    finally:
        home.end()


def count_of(home: Home, noisy) -> int:
    """What the last flood says of itself, once it is over."""
    deadline = time.monotonic() + 60
    while True:
        (last, *_) = home.json("runs", cwd=noisy)["runs"]
        if last["code"] is not None:
            assert last["code"] == 0, last
            said = home.twelve("logs", "-n", "20", cwd=noisy).out
            return int(re.findall(r"printed (\d+)", said)[-1])
        assert time.monotonic() < deadline, last
        time.sleep(0.1)


def neighbour(home: Home, seconds: float):
    """An app whose worker floods on demand, as a one-off of it does."""
    folder = home.folder / "noisy"
    folder.mkdir()
    (folder / "Procfile").write_text("worker: sleep 100000\n")
    (folder / "noise.py").write_text(NOISE)
    git(home, folder, "init", "-q")
    commit(home, folder, "First")
    home.twelve("deploy", cwd=folder)
    home.twelve("config", "set", f"SECONDS={seconds}", cwd=folder)
    return folder


def asked(home: Home, seconds: float) -> dict[str, float]:
    with Load(home.port, HOST, RATE, "/") as client:
        time.sleep(seconds)
        found = client.stop()
    return {key: found[key] for key in ("p50_ms", "p99_ms", "worst_ms", "failed")}


if __name__ == "__main__":
    with told_to_end():
        main(quick="--quick" in sys.argv)
