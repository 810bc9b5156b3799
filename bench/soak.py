"""Hours in minutes: deploys, crashes, scales and floods while a client asks 50 times a second.

    python -m bench.soak [MINUTES] [SEED]

What fails outside a declared fault (the router's own death), and what grows after the first five
minutes in descriptors, threads, memory or files, is a finding: exit 1. Twelve's own parts are killed in
those first minutes and at the very end: in between they live, so that a leak has time to show. SOAK.md, soak.json and their
curves are written when it ran for 30 minutes, else in bench/.cache/soak. SIGTERM and Ctrl-C end it with
what was found so far, and leave nothing running.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import costs, programs
from bench.ending import told_to_end
from bench.soak_report import judge, write
from demo.home import Failed, Home, commit, git, make_home

HERE = Path(__file__).parent
HOST = "soaked.localhost"
RATE = 50
WARM_UP = 300.0
EVERY = 5.0
"""Seconds between two samples, and in a span of the client's."""
SETTLED = 60.0
"""Seconds after the warm-up from which growth is counted: the parts are no longer young."""
AT_THE_END = 0.1
"""The share of the time in which the parts are killed again."""
FAULT = 3.0
"""Seconds after a declared fault in which requests may fail."""
SETTINGS = {
    "TWELVE_LOG_BUDGET": "4M",
    "TWELVE_LOG_AGE": "2m",
    "TWELVE_KEEP_RELEASES": "3",
    "TWELVE_WATCH": "5s",
}
"""Budgets so small that what they hold back is full before the counting begins."""
PARTS = ("control", "supervisor", "collector", "router")
FLOOD = 20_000
PATIENCE = 60.0


class Soak:
    """A home under load, and what was seen of it."""

    def __init__(self, home: Home, seed: int) -> None:
        self.home, self.chance = home, random.Random(seed)
        self.app = home.folder / "soaked"
        self.began = time.time()
        self.number = 0
        self.spans: list[dict[str, Any]] = []
        self.samples: list[dict[str, Any]] = []
        self.acts: list[dict[str, Any]] = []
        self.faults: list[float] = []
        self.judged = [0.0, 0.0]
        self.client: subprocess.Popen[str] | None = None
        self.over = threading.Event()

    # The stage.

    def open(self) -> None:
        shutil.copytree(HERE / "soaked", self.app)
        git(self.home, self.app, "init", "-q")
        commit(self.home, self.app, "First")
        # There is something to roll back to from the beginning.
        self.call("deploy")
        self.deploy()
        words = [
            sys.executable,
            "-m",
            "bench.soak_load",
            str(self.home.port),
            HOST,
            str(RATE),
            str(EVERY),
        ]
        self.client = subprocess.Popen(
            words,
            cwd=HERE.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.began = time.time()
        self.reader = threading.Thread(target=self.listen)
        self.sampler = threading.Thread(target=self.look_again_and_again)
        self.reader.start()
        self.sampler.start()

    def listen(self) -> None:
        assert self.client
        assert self.client.stdout
        for line in self.client.stdout:
            self.spans.append(json.loads(line))

    def look_again_and_again(self) -> None:
        while not self.over.wait(EVERY):
            self.samples.append(sample(self.home, time.time() - self.began))

    def close(self) -> None:
        """The client's last answers, then nothing more."""
        self.over.set()
        if self.client:
            assert self.client.stdin
            self.client.stdin.close()
            try:
                self.client.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.client.kill()
                self.client.wait()
            self.reader.join()
            self.sampler.join()

    def call(self, *words: str) -> str:
        return self.home.twelve(*words, cwd=self.app).out

    def processes(self) -> dict[str, dict[str, Any]]:
        return {row["process"]: row for row in self.home.json("ps", cwd=self.app)["processes"]}

    def up(self, kind: str) -> list[dict[str, Any]]:
        """Those of a type, once they are all up and nothing leaves."""
        deadline = time.monotonic() + PATIENCE
        while True:
            rows = self.home.json("ps", cwd=self.app)["processes"]
            mine = [row for row in rows if row["process"].startswith(f"{kind}.")]
            if mine and all(row["state"] == "up" for row in rows):
                return mine
            if time.monotonic() > deadline:
                raise Failed(
                    f"not up in {PATIENCE:g} s: {[(r['process'], r['state']) for r in rows]}"
                )
            time.sleep(0.2)

    # The acts.

    def deploy(self) -> None:
        self.number += 1
        text = (HERE / "soaked/server.py").read_text()
        (self.app / "server.py").write_text(text.replace('"one"', f'"number {self.number}"'))
        commit(self.home, self.app, f"Number {self.number}")
        self.call("deploy")

    def rollback(self) -> None:
        self.call("rollback")

    def config(self) -> None:
        self.number += 1
        self.call("config", "set", f"NUMBER={self.number}")

    def scale(self) -> None:
        self.call(
            "ps",
            "scale",
            f"web={self.chance.choice((2, 3))}",
            f"worker={self.chance.choice((1, 2, 3))}",
        )

    def run_once(self) -> None:
        self.call("run", "--", "python", "-c", "print('once')")

    def read_logs(self) -> None:
        self.call("logs", "-n", "100")

    def flood(self) -> None:
        self.home.fetch(HOST, f"/flood?{FLOOD}")

    def crash_web(self) -> None:
        # One of several: the others answer.
        if len(rows := self.up("web")) > 1:
            self.kill_process(self.chance.choice(rows)["process"])

    def crash_worker(self) -> None:
        self.kill_process(self.chance.choice(self.up("worker"))["process"])

    def kill_process(self, name: str) -> None:
        """Its main process, by kill -9."""
        row = self.processes()[name]
        os.kill(row["pid"], signal.SIGKILL)

    def kill_control(self) -> None:
        self.kill_part("control")

    def kill_supervisor(self) -> None:
        self.kill_part("supervisor")

    def kill_collector(self) -> None:
        self.kill_part("collector")

    def kill_router(self) -> None:
        self.faults.append(time.time())
        self.kill_part("router")

    def kill_part(self, name: str) -> None:
        pids = costs.parts_of(self.home.home)[name]
        if not pids:
            return
        # The supervisor's helper comes after it.
        os.kill(pids[0], signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE
        while True:
            there = costs.parts_of(self.home.home)[name]
            if there and pids[0] not in there:
                break
            # A supervisor comes back with the next one who asks.
            self.home.twelve("doctor", good=False)
            if time.monotonic() > deadline:
                raise Failed(f"{name} did not come back in {PATIENCE:g} s")
            time.sleep(0.1)

    def repertoire(self, *, on_parts: bool) -> dict[str, tuple[Callable[[], None], int]]:
        """The acts, and how often each comes."""
        kills = {
            "kill control": (self.kill_control, 2),
            "kill supervisor": (self.kill_supervisor, 2),
            "kill collector": (self.kill_collector, 2),
            "kill router": (self.kill_router, 1),
        }
        return (kills if on_parts else {}) | {
            "deploy": (self.deploy, 6),
            "rollback": (self.rollback, 2),
            "config": (self.config, 2),
            "scale": (self.scale, 4),
            "run": (self.run_once, 3),
            "logs": (self.read_logs, 2),
            "flood": (self.flood, 5),
            "crash web": (self.crash_web, 4),
            "crash worker": (self.crash_worker, 4),
        }

    def act(self, *, on_parts: bool) -> None:
        acts = self.repertoire(on_parts=on_parts)
        names, weights = zip(*((name, often) for name, (_, often) in acts.items()), strict=True)
        (name,) = self.chance.choices(names, weights)
        at, began, wrong = time.time() - self.began, time.monotonic(), ""
        try:
            acts[name][0]()
        except (Failed, OSError, KeyError, ValueError) as error:
            wrong = f"{type(error).__name__}: {error}"[:500]
        took = round(time.monotonic() - began, 2)
        self.acts.append({"at": round(at, 1), "act": name, "seconds": took, "wrong": wrong})
        if wrong:
            print(f"{at:6.0f} s  {name}: {wrong}", flush=True)

    def play(self, minutes: float) -> None:
        """Until the time is over; a line a minute."""
        self.open()
        end, told = time.monotonic() + minutes * 60, time.monotonic()
        print(f"soak: {minutes:g} minutes at {RATE}/s, home {self.home.home}", flush=True)
        calm = [WARM_UP, minutes * 60 * (1 - AT_THE_END)]
        self.judged = [WARM_UP + SETTLED, calm[1]]
        while time.monotonic() < end:
            at = time.time() - self.began
            self.act(on_parts=not calm[0] <= at <= calm[1])
            if time.monotonic() > told + 60:
                told = time.monotonic()
                self.tell()
            time.sleep(self.chance.uniform(0.5, 4))

    def tell(self) -> None:
        spans, seen = list(self.spans), self.samples[-1] if self.samples else {}
        asked = sum(span["requests"] for span in spans)
        failed = sum(len(span["failures"]) for span in spans)
        parts = ", ".join(
            f"{name} {seen[name]['pss_mb']:.1f} MB {seen[name]['fds']} fds"
            for name in PARTS
            if name in seen
        )
        at = time.time() - self.began
        print(
            f"{at:6.0f} s  {len(self.acts)} acts, {asked} requests, {failed} failed; {parts}",
            flush=True,
        )


def sample(home: Home, at: float) -> dict[str, Any]:
    """The parts, and the home's files, at a moment."""
    found: dict[str, Any] = {"at": round(at, 1), "load": round(os.getloadavg()[0], 1)}
    parts = costs.parts_of(home.home)
    for name in PARTS:
        pids = parts[name]
        found[name] = {
            "pids": pids,
            "pss_mb": round(sum(map(costs.pss, pids)), 2),
            "fds": sum(map(costs.descriptors, pids)),
            "threads": sum(map(costs.threads, pids)),
        }
    found["processes"] = len(parts["inits"])
    for name, folder in (("home", home.home), ("run", home.run), ("tmp", home.temporary)):
        found[f"files in {name}"], found[f"mb in {name}"] = weigh(folder)
    # Where a growth of the home is, if there is one.
    found["by folder"] = {
        path.name: weigh(path)[0] for path in sorted(home.home.iterdir()) if path.is_dir()
    }
    return found


def weigh(folder: Path) -> tuple[int, float]:
    """How many files, how many MB."""
    count = size = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                size += os.lstat(f"{path}/{name}").st_size
            except OSError:
                continue
            count += 1
    return count, round(size / 1e6, 2)


def main(words: list[str]) -> int:
    minutes = float(words[0]) if words else 30.0
    seed = int(words[1]) if len(words) > 1 else random.SystemRandom().randrange(10**6)
    home = make_home(**SETTINGS)
    soak = Soak(home, seed)
    cut = False
    try:
        print(f"seed {seed}", flush=True)
        soak.play(minutes)
    except KeyboardInterrupt:
        cut = True
    finally:
        soak.close()
        home.end()
    left = sorted(seen.name for seen in costs.marked(str(home.folder)).values())
    found = {
        "minutes": minutes,
        "seed": seed,
        "cut": cut,
        "began": soak.began,
        "spans": soak.spans,
        "samples": soak.samples,
        "acts": soak.acts,
        "faults": soak.faults,
        "judged": soak.judged,
        "left": left,
    }
    outcome = judge(found, FAULT)
    whole = minutes >= 30 and not cut
    print(f"\nwritten: {write(HERE if whole else programs.CACHE / 'soak', found, outcome)}")
    for line in outcome.lines:
        print(line)
    if cut:
        return 130
    return 0 if outcome.held else 1


if __name__ == "__main__":
    with told_to_end():
        sys.exit(main(sys.argv[1:]))
