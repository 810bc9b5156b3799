"""Process runners side by side in one run: lines of JSON on standard output, the last one has all.

    python -m bench.runners [--quick] [--seconds=N] [RUNNER…]

Speed is measured one runner after the other, in turn; what a runner does to deaf processes,
grandchildren and slow readers is tried on all of them at once.
"""

import concurrent.futures
import contextlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from bench import programs
from bench.ending import told_to_end
from bench.runners import trials
from bench.runners.adapters import RUNNERS
from bench.runners.running import Place, build, sweep

BEHAVIOURS = {
    "deaf": trials.deaf,
    "grandchild": trials.grandchild,
    "killed": trials.killed,
    "burst": trials.burst,
    "slow_reader": trials.slow_reader,
}


LONGEST = 400.0
"""Seconds after which only behaviours are still tried, so that a busy machine does not lose all."""
BEHAVE = 60.0
"""Seconds that behaviours take, which come late."""


class Bench:
    """All runners that are there, and what was found."""

    def __init__(self, names: list[str], seconds: float, *, quick: bool) -> None:
        self.quick = quick
        self.rounds = 3 if quick else 5
        self.end = time.monotonic() + min(seconds - BEHAVE, LONGEST / 4 if quick else LONGEST)
        self.found: dict[str, dict[str, Any]] = {name: {} for name in names}
        self.places = {name: Place(RUNNERS[name]) for name in names}

    def note(self, name: str, trial: str, measure: Callable[[], Any]) -> Any:
        """One measure; a failure is a finding, and stops nobody else."""
        began = time.monotonic()
        try:
            if began > self.end and (trial not in BEHAVIOURS or not self.end):
                raise TimeoutError("the bench's time was over")
            value = measure()
        except (OSError, ValueError, AssertionError, KeyError) as error:
            value = {"error": f"{type(error).__name__}: {error}"}
        self.found[name][trial] = value
        said = f"{time.monotonic() - began:5.1f} s  {name}: {trial} {json.dumps(value)}"
        print(said, file=sys.stderr)
        return value

    def in_turn(self, trial: str, rounds: int, measure: Callable[[Place], Any]) -> None:
        """So many rounds of all of them; rows of what each gave."""
        rows: dict[str, list[Any]] = {name: [] for name in self.places}
        for _ in range(rounds):
            for name, place in self.places.items():
                rows[name].append(self.note(name, trial, lambda place=place: measure(place)))
        for name, found in rows.items():
            good = [row for row in found if row and "error" not in row]
            keys = {key for row in good for key in row if key != "left"}
            table: dict[str, Any] = {
                key: trials.spread([row.get(key) for row in good]) for key in keys
            }
            if any("left" in row for row in good):
                table["left"] = max(row["left"] for row in good)
            self.found[name][trial] = table or (found and found[-1])

    def restart(self, rounds: int) -> None:
        """All of them at rest, then one kill after the other."""
        names = [name for name in self.places if RUNNERS[name].restarts]
        times: dict[str, list[float | None]] = {name: [] for name in names}
        for _ in range(rounds):
            with trials.together([self.places[name] for name in names]) as runs:
                for name in names:
                    if not (run := runs.get(RUNNERS[name].title)):
                        continue
                    took = self.note(name, "restart", lambda run=run: trials.restart(run))
                    times[name].append(took if isinstance(took, float) else None)
        for name, found in times.items():
            self.found[name]["restart"] = trials.spread(found)

    def throughput(self) -> None:
        for writers, chunk in ((1, trials.ALIGNED), (8, trials.ALIGNED), (8, trials.CUT)):
            for name, place in self.places.items():
                lines = RUNNERS[name].lines // (5 if self.quick else 1)
                trial = f"lines_{writers}" + ("_cut" if chunk == trials.CUT else "")
                self.note(
                    name,
                    trial,
                    lambda p=place, w=writers, c=chunk, n=lines: trials.throughput(p, w, c, n),
                )

    def crowds(self) -> None:
        for count in trials.CROWD[: 2 if self.quick else None]:
            for name, place in self.places.items():
                idle = 4.0 if count == trials.CROWD[-1] else 0.0
                self.note(
                    name, f"crowd_{count}", lambda p=place, c=count, s=idle: trials.crowd(p, c, s)
                )

    def at_once(self, trials_of: dict[str, Callable[[Place], Any]]) -> None:
        """For all runners beside each other."""

        def all_of(name: str) -> None:
            for trial, measure in trials_of.items():
                self.note(name, trial, lambda measure=measure: measure(self.places[name]))

        with concurrent.futures.ThreadPoolExecutor(len(self.places)) as pool:
            try:
                list(pool.map(all_of, self.places))
            except KeyboardInterrupt:
                self.end = 0.0
                for place in self.places.values():
                    sweep(place.mark)
                raise

    def run(self, tell: Callable[[], None]) -> None:
        """All trials; after each kind of them what was found so far is told."""
        rounds = (1, 1) if self.quick else (2, 3)
        for kind in (
            lambda: self.at_once({"warm_up": trials.warm_up}),
            lambda: self.in_turn("start", self.rounds, trials.start),
            self.throughput,
            lambda: self.in_turn("stop_20", rounds[0], trials.stop_many),
            lambda: self.restart(rounds[1]),
            lambda: self.at_once(BEHAVIOURS),
            self.crowds,
        ):
            kind()
            tell()

    def close(self) -> None:
        for place in self.places.values():
            with contextlib.suppress(OSError):
                place.remove()


def main(words: list[str]) -> int:
    """Measure, print."""
    asked = [word for word in words if not word.startswith("-")] or list(RUNNERS)
    given = [word.partition("=")[2] for word in words if word.startswith("--seconds=")]
    absent = programs.fill()
    build()
    names = [
        name for name in asked if not RUNNERS[name].program or RUNNERS[name].program not in absent
    ]
    about = {name: {"title": RUNNERS[name].title, "note": RUNNERS[name].note} for name in names}
    told = {"runners": about, "versions": programs.versions(), "absent": absent}
    with told_to_end():
        bench = Bench(
            names, float(given[0]) if given else LONGEST + BEHAVE, quick="--quick" in words
        )

        def tell() -> None:
            print(json.dumps(told | {"found": bench.found}), flush=True)

        try:
            bench.run(tell)
        except KeyboardInterrupt:
            tell()
            return 130
        finally:
            bench.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
