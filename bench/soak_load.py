"""The client of the soak: so many requests a second, a connection each; a line of JSON every few seconds.

    python -m bench.soak_load PORT HOST RATE SECONDS

It ends when its standard input is closed. A failure is told with the moment at which it was seen.
"""

import asyncio
import json
import sys
import time

from demo.load import Count, Kind, ask, kinds


class Failures(list):
    """With when."""

    def append(self, text: str) -> None:
        super().append((round(time.time(), 3), text))


async def ask_for(
    port: int, rate: float, kind: Kind, seconds: float, enough: asyncio.Event
) -> None:
    """Ask, and tell of what was asked in each span once all of it is answered."""
    loop = asyncio.get_running_loop()
    start, number = loop.time(), 0
    tellers = set()
    while not enough.is_set():
        count, tasks = Count(), []
        count.failures = Failures()
        began = time.time()
        for _ in range(max(1, round(rate * seconds))):
            due = start + number / rate
            if (wait := due - loop.time()) > 0:
                await asyncio.sleep(wait)
            tasks.append(asyncio.create_task(ask(port, kind, due, count)))
            number += 1
            if enough.is_set():
                break
        tellers.add(asyncio.create_task(tell(began, count, tasks)))
    await asyncio.gather(*tellers)


async def tell(began: float, count: Count, tasks: list[asyncio.Task[None]]) -> None:
    await asyncio.gather(*tasks)
    plain = count.plain()
    keys = ("requests", "p50_ms", "p99_ms", "worst_ms", "client_lag_ms")
    told = {"at": began, **{key: plain[key] for key in keys}, "failures": list(count.failures)}
    print(json.dumps(told), flush=True)


async def main(port: int, host: str, rate: float, seconds: float) -> None:
    enough = asyncio.Event()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    (kind,) = kinds(host, "/", "", "")
    asking = asyncio.create_task(ask_for(port, rate, kind, seconds, enough))
    await reader.read()
    enough.set()
    await asking


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), float(sys.argv[4])))
