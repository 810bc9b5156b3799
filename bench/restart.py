"""How long a killed worker is away: from `kill -9` to the exec of the next one, the first time.

    python -m bench.restart [ROUNDS] [TIER]

Each round kills a worker that was never killed before, as a deploy starts it: boxed, limited,
logged. As root that is tier strict, else user; TIER names a lower one. The exec is when the
supervisor has seen it, so the figure holds its own work too. `cpu_ms` is what the supervisor, the
init and the app's process up to its first breath have computed: other work on the machine does not
lengthen it.
"""

import asyncio
import json
import os
import statistics
import sys

from bench.parts import kill, stage


def ran(pid: int) -> float:
    """Milliseconds that a process has computed."""
    with open(f"/proc/{pid}/schedstat") as file:
        return int(file.read().split()[0]) / 1e6


async def measured(rounds: int, tier: str) -> dict:
    """Milliseconds of each round."""
    async with stage(tier) as made:
        times, computed = [], []
        supervisor = (await made.client.hello())["pid"]
        for slot in range(1, rounds + 1):
            name = await made.start(slot, "sleep", "1000")
            first = await made.event("started", name)
            await asyncio.sleep(0.05)  # the supervisor is at rest, as it is when a worker dies
            before, at = ran(supervisor), kill(first["app_pid"])
            again = await made.event("started", name, restarts=1)
            after = ran(supervisor) - before + ran(again["pid"]) + ran(again["app_pid"])
            computed.append(after)
            times.append((again["at_ns"] - at) / 1e6)
        return {
            "tier": made.machine.tier.name,
            "via": made.machine.tier.via,
            "rounds": rounds,
            "median_ms": round(statistics.median(times), 1),
            "best_ms": round(min(times), 1),
            "worst_ms": round(max(times), 1),
            "cpu_ms": round(statistics.median(computed), 1),
            "times_ms": [round(each, 1) for each in times],
            "load_average": round(os.getloadavg()[0], 1),
        }


if __name__ == "__main__":
    asked, tier, *_ = [*sys.argv[1:], "", ""]
    print(json.dumps(asyncio.run(measured(int(asked or 20), tier))))
