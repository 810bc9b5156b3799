"""One app that wants everything, and the answers of another beside it.

    python -m bench.neighbours [--quick]

The Flask example is asked 50 times a second, in turn while its neighbour rests and while it forks, eats
memory, opens files, fills its disk or prints, each as far as its limits go. Medians of the rounds; `ps`
is how long the command takes meanwhile.
"""

import json
import os
import re
import statistics
import sys
import time

from bench.ending import told_to_end
from demo.home import EXAMPLES, make_home, repository
from demo.load import Load
from demo.noise import NOISES, noisy

HOST = "flask.localhost"
RATE = 50
PATIENCE = 30.0


def main(*, quick):
    rounds, seconds = (1, 2.0) if quick else (3, 5.0)
    home = make_home()
    try:
        home.twelve("deploy", cwd=repository(home, EXAMPLES / "flask"))
        folder = noisy(home)
        limits = home.json("doctor")["limits"]
        rows = {"rests": [], **{name: [] for name in NOISES}}
        for _ in range(rounds):
            for name, row in rows.items():
                if name == "rests":
                    row.append(asked(home, folder, seconds))
                    continue
                home.twelve("ps", "scale", f"{name}=1", cwd=folder)
                at_its_limit(home, folder, NOISES[name].said)
                row.append(asked(home, folder, seconds))
                home.twelve("ps", "scale", f"{name}=0", cwd=folder)
                gone(home, folder)
        medians = {
            name: {key: statistics.median(each[key] for each in row) for key in row[0]}
            for name, row in rows.items()
        }
        print(json.dumps({
            "limits": limits, "rows": medians, "rate": RATE, "rounds": rounds,
            "load_average": os.getloadavg()[0],
        }))  # fmt: skip
    finally:
        home.end()


def asked(home, folder, seconds):
    with Load(home.port, HOST, RATE, "/") as client:
        began = time.monotonic()
        times = []
        while time.monotonic() < began + seconds:
            times.append(home.twelve("ps", cwd=folder).seconds)
            time.sleep(0.2)
        found = client.stop()
    told = {key: found[key] for key in ("p50_ms", "p99_ms", "worst_ms", "failed")}
    return told | {"ps_ms": round(1000 * statistics.median(times), 1)}


def at_its_limit(home, folder, said):
    wait(lambda: re.search(said, home.twelve("logs", "-n", "100", cwd=folder).out))


def gone(home, folder):
    wait(lambda: not home.json("ps", cwd=folder)["processes"])


def wait(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


if __name__ == "__main__":
    with told_to_end():
        main(quick="--quick" in sys.argv)
