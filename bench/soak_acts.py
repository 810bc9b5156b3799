"""What is done to an app during the soak, and to Twelve's own parts."""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import costs
from demo.home import Failed, Home, commit, git

SOAKED = Path(__file__).parent / "soaked"
HOST = "soaked.localhost"
AT_REST = 4
"""The processes of the beginning."""
FLOOD = 20_000
PATIENCE = 60.0


class Acts:
    """An app, and all that befalls it."""

    def __init__(self, home: Home, chance: random.Random) -> None:
        self.home, self.chance = home, chance
        self.app = home.folder / "soaked"
        self.number = 0
        self.faults: list[float] = []
        """When a declared fault was, in seconds since the epoch."""

    def begin(self) -> None:
        """Deploy it, twice: there is something to roll back to."""
        shutil.copytree(SOAKED, self.app)
        git(self.home, self.app, "init", "-q")
        commit(self.home, self.app, "First")
        self.call("deploy")
        self.deploy()

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

    def deploy(self) -> None:
        self.number += 1
        text = (SOAKED / "server.py").read_text()
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

    def rest(self) -> None:
        """Come to the formation of the beginning, and let every change end."""
        self.call("ps", "scale", "web=2", "worker=2")
        self.up("web")
        self.until_watched()
        deadline = time.monotonic() + PATIENCE
        while (there := len(costs.parts_of(self.home.home)["inits"])) != AT_REST:
            if time.monotonic() > deadline:
                raise Failed(f"{there} processes at rest instead of {AT_REST} for {PATIENCE:g} s")
            time.sleep(0.2)

    def until_watched(self) -> None:
        """Until nobody looks any more whether the last release has to go back."""
        current = self.home.json("releases", cwd=self.app)["releases"][0]["release"]
        deadline = time.monotonic() + PATIENCE
        while True:
            shown = self.home.json("releases", "show", current, cwd=self.app)
            kinds = [event["kind"] for event in shown["events"]]
            if kinds.count("watched") >= kinds.count("watching"):
                return
            if time.monotonic() > deadline:
                raise Failed(f"{current} is watched for longer than {PATIENCE:g} s")
            time.sleep(0.2)

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

    def all(self, *, on_parts: bool) -> dict[str, tuple[Callable[[], None], int]]:
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
