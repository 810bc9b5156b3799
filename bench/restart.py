"""How long a killed worker is away: from `kill -9` to the exec of the next one, the first time.

    python -m bench.restart [ROUNDS] [TIER]

Each round kills a worker that was never killed before, as a deploy starts it: boxed, limited,
logged. As root that is tier strict, else user; TIER names a lower one. The exec is when the
supervisor has seen it, so the figure holds its own work too.
"""

import asyncio
import json
import os
import statistics
import sys

from bench.parts import kill, stage


async def measured(rounds: int, tier: str) -> dict:
    """Milliseconds of each round."""
    async with stage(tier) as made:
        times = []
        for slot in range(1, rounds + 1):
            name = await made.start(slot, "sleep", "1000")
            first = await made.event("started", name)
            await asyncio.sleep(0.05)  # the supervisor is at rest, as it is when a worker dies
            at = kill(first["app_pid"])
            again = await made.event("started", name, restarts=1)
            times.append((again["at_ns"] - at) / 1e6)
        return {
            "tier": made.machine.tier.name,
            "via": made.machine.tier.via,
            "rounds": rounds,
            "median_ms": round(statistics.median(times), 1),
            "worst_ms": round(max(times), 1),
            "times_ms": [round(each, 1) for each in times],
            "load_average": round(os.getloadavg()[0], 1),
        }


if __name__ == "__main__":
    asked, tier, *_ = [*sys.argv[1:], "", ""]
    print(json.dumps(asyncio.run(measured(int(asked or 20), tier))))
