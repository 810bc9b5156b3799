"""Readers that sleep: a follower and a drain take nothing for a minute while two apps print.

    python -m bench.stalled [SECONDS]

One app stays within what retention keeps, the other prints far beyond. Told are: what each reader
heard afterwards, the slowest write of each app, and the memory (MB, but for that of files) of
control, drainer, collector and the followers: before, how far it went from that while the readers
slept, and later, while they caught up. Nothing is untold: what is neither heard nor said to be
missing, but for a line cut at either end of a gap.
"""

import json
import os
import sys
from contextlib import ExitStack

from demo.home import make_home
from demo.stall import WIDTH, Memory, control_pid, follower, part_pid, receiver, talk, talker, wake

RATES = {"within": 1000, "beyond": 10_000}
BUDGET = "16M"


def main(seconds=60):
    print(json.dumps(measured(seconds), indent=2))


def measured(seconds):
    home = make_home(TWELVE_LOG_BUDGET=BUDGET)
    try:
        with ExitStack() as stack:
            folders = {name: talker(home, name, rate, seconds) for name, rate in RATES.items()}
            readers, pids = {}, {}
            for name, folder in folders.items():
                follows, pid = stack.enter_context(follower(home, folder))
                sent = stack.enter_context(receiver(home, folder))
                readers[name] = {"follower": follows, "drain": sent}
                pids[f"follower of {name}"] = pid
            pids["control"] = control_pid(home)
            pids |= {name: part_pid(home, name) for name in ("drains", "collector")}
            with Memory(pids) as memory:
                talk(home, folders.values(), seconds)
                memory.woken()
                talks = {name: wake(each) for name, each in readers.items()}
        return {
            "seconds": seconds,
            "load": os.getloadavg()[0],
            "memory": {
                name: {
                    "before": round(before, 1),
                    "asleep": round(asleep, 1),
                    "later": round(later, 1),
                }
                for name, (before, asleep, later) in memory.growth().items()
            },
            **{name: told(talked) for name, talked in talks.items()},
        }
    finally:
        home.end()


def told(talked):
    return {
        "printed": talked.printed,
        "worst write s": talked.worst_write,
        "took s": talked.took,
        **{
            name: {
                "lines": heard.lines,
                "twice": heard.twice,
                "missing bytes": sum(heard.gaps),
                "gaps": len(heard.gaps),
                "untold bytes": untold(talked.printed, heard),
                "in order": heard.in_order,
            }
            for name, heard in talked.heard.items()
        },
    }


def untold(printed, heard):
    left = abs(printed * WIDTH - heard.lines * WIDTH - sum(heard.gaps))
    return max(0, left - 2 * WIDTH * len(heard.gaps))


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
