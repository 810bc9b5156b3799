"""Kills parts of Twelve at random times, at rest and in the middle of changes, under load.

    python -m tests.faults.killing [--kills N] [--minutes N] [--seed N] [--rate N] [KIND …]

Prints what it cost as JSON, and exits 1 when anything was lost, failed or left half-done.
"""

import argparse
import asyncio
import contextlib
import json
import math
import os
import random
import secrets
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from demo.home import Failed, make_home
from demo.leftovers import stat
from tests.faults.customer import Asking
from tests.faults.judging import misdone, misprinted, unexcused
from tests.faults.outside import control_answers, instances, supervisor_pid
from tests.faults.witness import Witness
from tests.faults.worlds import Till, make_till
from tests.live.worlds import until

from twelve.errors import TwelveError

PARTS = ("control", "supervisor", "collector", "router", "init")
KINDS: dict[str, Callable[[random.Random], tuple[str, ...]]] = {
    **{part: lambda _, part=part: (part,) for part in PARTS},  # type: ignore[misc]
    "two": lambda dice: tuple(dice.sample(PARTS, 2)),
    "three": lambda _: ("control", "supervisor", "collector"),
    "five": lambda _: PARTS,
}
"""What dies at once."""
CHANGES = ("deploy", "rollback", "scale", "config")
WHEN = ("rest", *CHANGES, "exit")
"""What goes on meanwhile; ``exit`` is a worker that fails while its keepers are dead."""
CUSTOMERS_MAY_NOTICE = {"router", "init"}


@dataclass
class Round:
    """One kill, and what is known of it."""

    kind: str
    victims: tuple[str, ...]
    during: str
    at: float = 0.0
    """When the signals were sent, in seconds since the epoch."""
    dead: float = 0.0
    """When the last of them was dead, and what its init had with it."""
    over: float = 0.0
    """When everything was well again."""
    accepting: float = 0.0
    """Seconds until the router answered again."""
    adopted: float = 0.0
    """Seconds from the new supervisor's first answer until it had all children."""


@dataclass
class Rampage:
    """Kills, one after the other; after each everything is well again before the next."""

    till: Till
    dice: random.Random
    rounds: list[Round] = field(default_factory=list)
    pids_now: dict[str, tuple[int, int]] = field(default_factory=dict)

    def go(self, kind: str) -> None:
        """One kill of a kind."""
        victims = KINDS[kind](self.dice)
        during = self.dice.choice(WHEN if "supervisor" in victims else WHEN[:-1])
        now = Round(kind, victims, during)
        self.rounds.append(now)
        before = self.till.whole()
        sevens = self.sevens() if during == "exit" else 0
        # One that died a moment ago may be about to be started again.
        pids = until(lambda: p if len(p := self.pids()) == len(before.wanted) else {})
        command = self.begin(during)
        time.sleep(self.dice.uniform(0, 1.5 if command else 0.2))
        # A change may have replaced them meanwhile.
        targets = self.targets(victims, during)
        now.at = time.time()
        for pid in targets:
            # The change under way may have ended it since.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        programs = [program for init, program in self.pids_now.values() if init in targets]
        until(lambda: not any(map(alive, (*targets, *programs))), 30, pause=0.001)
        now.dead = time.time()
        if during == "exit":
            os.kill(pids["worker.1"][1], signal.SIGUSR1)
        if {"control", "supervisor"} <= set(victims):
            # Nobody is left to start either: the next command does, or systemd.
            self.till.app.twelve("run", "--", "true")
        if "router" in victims:
            now.accepting = self.until_accepting(now.at)
        if "supervisor" in victims:
            now.adopted = self.until_adopted()
        if command:
            command.communicate(timeout=60)
        until(lambda: control_answers(self.till.home), 60)
        after = self.till.whole()
        now.over = time.time()
        if during in {"rest", "exit"}:
            assert after.current == before.current
            self.same_processes(pids, now)
        if during == "exit":
            self.worker_exited_with_seven(sevens)

    def dare(self, kind: str) -> str:
        """One kill; what was not as it ought to be afterwards, if anything."""
        try:
            self.go(kind)
        except (AssertionError, Failed, TwelveError) as error:
            return f"{self.rounds[-1]}: {error!r}"
        return ""

    def mended(self) -> bool:
        """Whether the next command makes good what was not made good by itself."""
        try:
            self.till.app.twelve("run", "--", "true")
            self.till.whole()
        except (AssertionError, Failed, TwelveError):
            return False
        return True

    def begin(self, during: str) -> Any:
        """Begin a change, in a process of its own."""
        if during not in CHANGES:
            return None
        return self.till.begin(during)

    def pids(self) -> dict[str, tuple[int, int]]:
        """Init and program of each process, by its name in the formation."""
        rows = asyncio.run(instances(self.till.home))
        prefix = f"{self.till.app.name}/production/"
        return {
            row["name"].removeprefix(prefix).partition("@")[0]: (row["pid"], row["app_pid"])
            for row in rows
            if row["name"].startswith(prefix) and row["state"] in {"up", "adopted"}
        }

    def targets(self, victims: tuple[str, ...], during: str) -> list[int]:
        """The pids to kill; a worker that is to fail by itself is none of them."""

        def own(name: str) -> bool:
            return "web" in name or during != "exit"

        rows = {row["name"]: row for row in asyncio.run(instances(self.till.home))}
        self.pids_now = self.pids()
        inits = sorted(self.pids_now.items())
        found = []
        for victim in victims:
            if victim == "supervisor":
                found.append(supervisor_pid(self.till.home))
            elif victim == "init":
                found.append(self.dice.choice([pid for name, (pid, _) in inits if own(name)]))
            else:
                found.append(rows[f"twelve/{victim}@-"]["app_pid"])
        return [pid for pid in found if pid]

    def until_accepting(self, since: float) -> float:
        """Seconds until the router answers for the app."""

        def answers() -> bool:
            try:
                return self.till.app.get("/").status == 200
            except OSError:
                return False

        until(answers, 20, pause=0.005)
        return time.time() - since

    def until_adopted(self) -> float:
        """Seconds that a new supervisor needs, from its first answer, to have all children."""
        rows: list[dict[str, Any]] = []

        def answers() -> bool:
            try:
                rows[:] = asyncio.run(instances(self.till.home))
            except Exception:  # noqa: BLE001 - it is dead, or about to be there
                return False
            return True

        until(answers, 30, pause=0.005)
        began = time.monotonic()
        until(lambda: answers() and all(settled(row) for row in rows), 30, pause=0.005)
        return time.monotonic() - began

    def same_processes(self, before: dict[str, tuple[int, int]], now: Round) -> None:
        """Whoever was not killed lives on; whoever was, is back."""
        until(lambda: self.pids().keys() == before.keys())
        after = self.pids()
        others = {name for name, pair in before.items() if after[name] != pair}
        allowed = ("init" in now.victims) + (now.during == "exit")
        assert len(others) <= allowed, (others, now)

    def worker_exited_with_seven(self, so_far: int) -> None:
        """Its exit code was kept although nobody waited for it, and it is told."""

        until(lambda: self.sevens() > so_far)
        assert self.till.app.up()["worker.1"]["last_exit"]["code"] == 7

    def sevens(self) -> int:
        """How often the stream tells of a worker that exited with 7."""
        return len(self.till.stream(r"worker\.1@\S+ exited: code 7"))


def alive(pid: int) -> bool:
    """Whether it runs; one that waits to be reaped does not."""
    fields = stat(pid)
    return bool(fields) and fields[0] not in "ZX"


def settled(row: dict[str, Any]) -> bool:
    """Whether it is known what this instance is."""
    return row["state"] in {"up", "adopted", "exited", "backoff"}


class Plan(NamedTuple):
    """So many kills of each kind, in any order, or as many as there is time for."""

    kinds: list[str]
    kills: int
    seed: int
    rate: float = 100.0
    minutes: float = math.inf
    log: Path | None = None
    """Each round is written there as it ends, and the stream beside it at the end."""


def rampage(till: Till, plan: Plan) -> dict[str, Any]:
    """Kill as planned; what was found amiss is told, with the seed."""
    dice, log = random.Random(plan.seed), plan.log
    course = [kind for kind in plan.kinds for _ in range(plan.kills)]
    dice.shuffle(course)
    mine, ends = Rampage(till, dice), time.monotonic() + 60 * plan.minutes
    print(f"seed {plan.seed}", flush=True)
    broken: list[str] = []
    with Asking(till.home.port, till.app.host, plan.rate) as customer:
        for number, kind in enumerate(course, 1):
            if time.monotonic() > ends:
                break
            if told := mine.dare(kind):
                broken.append(f"{number}: {told}")
            if log:
                line = f"{number} {mine.rounds[-1]} {told} {len(customer.failures)}"
                log.open("a").write(f"{line}\n")
            if told and not mine.mended():
                break
        total = customer.stop()
    printed = dict(till.witness.printed)
    logs = till.app.twelve("logs", "-n", "100000000", "--json", within=600).out
    amiss = {
        "broken": broken,
        "failures": unexcused(total["failures"], mine.rounds),
        "orders": misdone(total, till.witness.done),
        "lines": misprinted(logs, printed),
    }
    if log:
        log.with_suffix(".lines").write_text(logs)
        log.with_suffix(".failed").write_text(json.dumps(total["failures"], indent=0))
    return {
        "seed": plan.seed,
        "kills": len(mine.rounds),
        "amiss": {name: what for name, what in amiss.items() if what},
        "sent": total["sent"],
        "failed_in_flight": len(total["failures"]),
        "worst_ms": total["worst_ms"],
        "lag_ms": total["lag_ms"],
        "lines": logs.count("\n"),
        **figures(mine.rounds),
        "load_average": os.getloadavg()[0],
    }


def figures(rounds: list[Round]) -> dict[str, Any]:
    """Medians and worst, in seconds."""
    found: dict[str, list[float]] = defaultdict(list)
    for each in rounds:
        if each.accepting:
            found[f"router_accepting_{each.kind}"].append(each.accepting)
        if each.adopted:
            found["adopted"].append(each.adopted)
        found[f"whole_again_{each.kind}"].append(each.over - each.at)
    return {
        name: {"n": len(all_), "median": round(median(all_), 3), "worst": round(max(all_), 3)}
        for name, all_ in found.items()
    }


def main() -> int:
    """Parse, make a home, kill, print."""
    parser = argparse.ArgumentParser(description=__doc__, usage="%(prog)s [options] [KIND …]")
    parser.add_argument("--kills", type=int, default=200, help="of each kind")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    parser.add_argument("--rate", type=float, default=100, help="requests a second")
    parser.add_argument("--minutes", type=float, default=math.inf, help="then no more kills")
    parser.add_argument("--log", type=Path, help="a file for each round as it ends")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    asked = parser.parse_args()
    home = make_home(TWELVE_KEEP_RELEASES="2", TWELVE_DIE_AT="/dev/null")
    try:
        with Witness() as witness:
            till = make_till(home, witness)
            found = rampage(till, Plan(**vars(asked) | {"kinds": asked.kinds or list(KINDS)}))
    finally:
        home.end()
    print(json.dumps(found, indent=2))
    return 1 if found["amiss"] else 0


if __name__ == "__main__":
    sys.exit(main())
