"""Many apps on one home: what a deploy and `ps` take, what the parts hold in memory, what idling costs.

    python -m bench.many [--quick]

With 1, 10, 20 and 100 apps, five processes each; half of the apps have a web among them, which
answers its probes. At the end nobody asks anything, and the parts' CPU is counted.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench import costs
from bench.ending import told_to_end
from demo.home import Home, commit, git, make_home

HERE = Path(__file__).parent
EACH = 5
STEPS = (1, 10, 20, 100)
ROUNDS = 5
TYPE = '[processes.{0}]\ncommand = "./crowd"\nquantity = {1}\nsettle = "100ms"\n'


def main(*, quick: bool) -> None:
    home = make_home()
    try:
        print(json.dumps(measured(home, STEPS[:3] if quick else STEPS, 5 if quick else 20)))
    finally:
        home.end()


def measured(home: Home, steps: tuple[int, ...], seconds: float) -> dict:
    first, rows, firsts = Path(), [], []
    for number in range(1, steps[-1] + 1):
        folder = make_app(home, number, steps[-1])
        first = first if number > 1 else folder
        firsts.append(home.twelve("deploy", cwd=folder).seconds)
        if number in steps:
            rows.append(at(home, first, number))
            print(json.dumps(rows[-1]), file=sys.stderr)
    settled(home, steps[-1] * EACH)
    watched(home, first)
    return {
        "steps": rows,
        "first_deploys_s": [round(each, 3) for each in firsts],
        "idle": idle(home, seconds),
        "load_average": os.getloadavg()[0],
    }


def make_app(home: Home, number: int, of: int) -> Path:
    """The first half has a web and four workers, the others five workers."""
    folder = home.folder / f"a{number}"
    folder.mkdir()
    words = ["cc", "-O2", "-o", str(folder / "crowd"), str(HERE / "crowd.c")]
    if number == 1:
        subprocess.run(words, check=True)
    else:
        (folder / "crowd").write_bytes((home.folder / "a1/crowd").read_bytes())
        (folder / "crowd").chmod(0o755)
    webs = number <= of // 2
    text = f'app = "a{number}"\n' + (TYPE.format("web", 1) if webs else "")
    (folder / "twelve.toml").write_text(text + TYPE.format("worker", EACH - webs))
    git(home, folder, "init", "-q")
    commit(home, folder, "First")
    return folder


def at(home: Home, app: Path, apps: int) -> dict:
    """What it takes with so many apps."""
    settled(home, apps * EACH)
    deploys = []
    for _ in range(3):
        (app / "changed").write_text(f"{time.time()}\n")
        commit(home, app, "Change a line")
        deploys.append(home.twelve("deploy", cwd=app).seconds)
    settled(home, apps * EACH)
    listings = {
        "ps": ("ps",),
        "ps_all": ("ps", "--all"),
        "apps": ("apps",),
        "releases": ("releases",),
    }
    took: dict[str, list[float]] = {name: [] for name in listings}
    spent, asked = dict.fromkeys(listings, 0.0), dict.fromkeys(listings, 0.0)
    control = costs.parts_of(home.home)["control"]
    for _ in range(ROUNDS):
        for name, words in listings.items():
            answering = costs.fine_cpu(control)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            took[name].append(home.twelve(*words, cwd=app).seconds)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent[name] += after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            asked[name] += costs.fine_cpu(control) - answering
    parts = costs.parts_of(home.home)
    inits = [costs.pss(pid) for pid in parts["inits"]]
    return {
        "apps": apps,
        "processes": len(inits),
        **{f"{name}_cpu_ms": round(spent[name] / ROUNDS * 1000) for name in listings},
        **{f"{name}_control_cpu_ms": round(asked[name] / ROUNDS * 1000, 1) for name in listings},
        "redeploy_s": round(statistics.median(deploys), 3),
        **{f"{name}_ms": round(statistics.median(each) * 1000) for name, each in took.items()},
        **{f"{name}_pss_mb": round(sum(map(costs.pss, parts[name])), 1) for name in costs.PARTS},
        "init_pss_mb": round(statistics.mean(inits), 2),
    }


def settled(home: Home, processes: int) -> None:
    """Wait until what was replaced is gone."""
    deadline = time.monotonic() + 120
    while (there := len(costs.parts_of(home.home)["inits"])) != processes:
        assert time.monotonic() < deadline, f"{there} processes instead of {processes}"
        time.sleep(0.1)


def watched(home: Home, app: Path) -> None:
    """Wait until nobody looks at its last release any more, to see whether it goes back."""
    deadline = time.monotonic() + 120
    current = home.json("releases", cwd=app)["releases"][0]["release"]
    while "watched" not in {
        event["kind"] for event in home.json("releases", "show", current, cwd=app)["events"]
    }:
        assert time.monotonic() < deadline, f"{current} is watched for longer than 120 s"
        time.sleep(0.5)


def idle(home: Home, seconds: float) -> dict:
    """Per cent of one core of each part while nobody asks."""
    time.sleep(3)
    parts = costs.parts_of(home.home)
    before = {name: costs.fine_cpu(pids) for name, pids in parts.items()}
    began = time.monotonic()
    time.sleep(seconds)
    passed = time.monotonic() - began
    busy = {
        name: round((costs.fine_cpu(pids) - before[name]) / passed * 100, 3)
        for name, pids in parts.items()
    }
    return busy | {
        "own": round(sum(busy[name] for name in ("control", "supervisor", "collector")), 3)
    }


if __name__ == "__main__":
    with told_to_end():
        main(quick="--quick" in sys.argv)
