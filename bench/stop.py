"""How long it takes until 20 processes that exit at once on TERM are all gone.

    python -m bench.stop [ROUNDS] [TIER]

From the first request to the last `gone`: every group is empty, every last line is in the log, and
every FIFO removed. As root the tier is strict, else user; TIER names a lower one.
"""

import asyncio
import json
import os
import statistics
import sys
import time

from bench.parts import stage

PROCESSES = 20


async def measured(rounds: int, tier: str) -> dict:
    """Milliseconds of each round."""
    async with stage(tier) as made:
        times = []
        for _ in range(rounds):
            made.events.clear()
            names = [await made.start(slot + 1, "sleep", "1000") for slot in range(PROCESSES)]
            await asyncio.sleep(0.3)
            began = time.time_ns()
            await asyncio.gather(*(made.client.stop(name, 5.0) for name in names))
            gone = [await made.event("gone", name) for name in names]
            times.append((max(event["seen_ns"] for event in gone) - began) / 1e6)
        return {
            "tier": made.machine.tier.name,
            "via": made.machine.tier.via,
            "processes": PROCESSES,
            "rounds": rounds,
            "median_ms": round(statistics.median(times), 1),
            "worst_ms": round(max(times), 1),
            "times_ms": [round(each, 1) for each in times],
            "load_average": round(os.getloadavg()[0], 1),
        }


if __name__ == "__main__":
    asked, tier, *_ = [*sys.argv[1:], "", ""]
    print(json.dumps(asyncio.run(measured(int(asked or 7), tier))))
