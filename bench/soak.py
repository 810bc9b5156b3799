"""Hours in minutes: deploys, crashes, scales and floods while a client asks 50 times a second.

    python -m bench.soak [MINUTES] [SEED]

What fails outside a declared fault (the router's own death), and what grows after the first five
minutes in descriptors, threads, memory or files, is a finding: exit 1. Twelve's own parts are killed in
those first minutes and at the very end: in between they live, so that a leak has time to show. SOAK.md, soak.json and their
curves are written when it ran for 30 minutes, else in bench/.cache/soak. SIGTERM and Ctrl-C end it with
what was found so far, and leave nothing running.
"""

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import costs, programs
from bench.ending import told_to_end
from bench.soak_acts import HOST, PATIENCE, Acts
from bench.soak_look import PARTS, look
from bench.soak_report import judge, write
from demo.home import Failed, Home, make_home

HERE = Path(__file__).parent
RATE = 50
WARM_UP = 300.0
EVERY = 5.0
"""Seconds between two samples, and in a span of the client's."""
SETTLED = 60.0
"""Seconds after the warm-up from which growth is counted: the parts are no longer young."""
REST = 40.0
"""Seconds from one calm moment to the next: always the same processes, and nothing under way."""
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


class Soak:
    """A home under load, and what was seen of it."""

    def __init__(self, home: Home, seed: int) -> None:
        self.home, self.chance = home, random.Random(seed)
        self.mine = Acts(home, self.chance)
        self.began = time.time()
        self.spans: list[dict[str, Any]] = []
        self.samples: list[dict[str, Any]] = []
        self.acts: list[dict[str, Any]] = []
        self.judged = [0.0, 0.0]
        self.client: subprocess.Popen[str] | None = None
        self.over = threading.Event()

    def open(self) -> None:
        self.mine.begin()
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
            self.samples.append(look(self.home, time.time() - self.began))

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

    def rest(self) -> None:
        """Look at a calm moment."""
        self.mine.rest()
        seen = look(self.home, time.time() - self.began)
        self.samples.append(seen | {"calm": True})

    def act(self, *, on_parts: bool) -> None:
        acts = self.mine.all(on_parts=on_parts)
        names, weights = zip(*((name, often) for name, (_, often) in acts.items()), strict=True)
        (name,) = self.chance.choices(names, weights)
        self.carry_out(name, acts[name][0])

    def carry_out(self, name: str, what: Callable[[], None]) -> None:
        """An act, timed, and what went wrong with it."""
        at, began, wrong = time.time() - self.began, time.monotonic(), ""
        try:
            what()
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
        rested = 0.0
        while time.monotonic() < end:
            at = time.time() - self.began
            if at >= rested + REST:
                self.carry_out("rest", self.rest)
                rested = at
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
            f"{name} {seen[name]['held_mb']:.1f} MB {seen[name]['fds']} fds"
            for name in PARTS
            if name in seen
        )
        at = time.time() - self.began
        print(
            f"{at:6.0f} s  {len(self.acts)} acts, {asked} requests, {failed} failed; {parts}",
            flush=True,
        )


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
        "faults": soak.mine.faults,
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
