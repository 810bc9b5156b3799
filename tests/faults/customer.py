"""A customer outside: so many requests a second, GET and POST in turn, each order with a number.

Run as ``python tests/faults/customer.py PORT HOST RATE`` it asks until its standard input is
closed. A line of JSON tells of each failure when it happens, the last one of everything.
"""

import asyncio
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Self

from demo.load import exchange, whole

PATIENCE = 30.0
LATE = 0.2
"""Seconds of requests that are sent all at once when they are due already."""
ROOT = Path(__file__).parent.parent.parent


class Failure(Exception):
    """An answer that is none."""


async def ask(port: int, host: str, number: int) -> None:
    """One request on a connection of its own. Raises OSError, TimeoutError or Failure."""
    head = f"Host: {host}\r\nConnection: close\r\n"
    text = f"GET /{number} HTTP/1.1\r\n{head}\r\n"
    if number % 2:
        text = f"POST /order/{number} HTTP/1.1\r\n{head}Content-Length: 1\r\n\r\nx"
    async with asyncio.timeout(PATIENCE):
        answer = await exchange(port, text.encode())
    top, _, body = answer.partition(b"\r\n\r\n")
    lines = top.decode("latin-1").lower().split("\r\n")
    names = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    if not lines[0].startswith("http/1.1 200") or not whole(names, body):
        raise Failure(f"{lines[0]!r} {body[:80]!r}")


class Customer:
    """Asks at a rate, and keeps what came of it."""

    def __init__(self, port: int, host: str, rate: float) -> None:
        self.port, self.host, self.rate = port, host, rate
        self.sent = 0
        self.orders: list[int] = []
        self.latencies: list[float] = []
        self.lag = 0.0
        """Seconds that a request was sent late: of the customer's own making."""

    async def one(self, number: int, due: float) -> None:
        """Ask, and tell of a failure at once."""
        loop, sent = asyncio.get_running_loop(), time.time()
        began = loop.time()
        self.lag = max(self.lag, began - due)
        try:
            await ask(self.port, self.host, number)
        except (OSError, TimeoutError, Failure) as error:
            kind = "POST" if number % 2 else "GET"
            text = f"{kind} {number}: {type(error).__name__} {error}"
            told = {"failed": number, "at": sent, "until": time.time(), "text": text}
            print(json.dumps(told), flush=True)
            return
        self.latencies.append(loop.time() - began)
        if number % 2:
            self.orders.append(number)

    async def ask_on(self, enough: asyncio.Event) -> None:
        """Until it is enough; then the last answers are waited for.

        A customer that could not keep up goes on from there: a thousand at once is another test.
        """
        loop = asyncio.get_running_loop()
        due = loop.time()
        async with asyncio.TaskGroup() as group:
            while not enough.is_set():
                await asyncio.sleep(max(0.0, due - loop.time()))
                group.create_task(self.one(self.sent, due))
                self.sent += 1
                due = max(due, loop.time() - LATE) + 1 / self.rate

    async def until_stdin_closes(self) -> None:
        """The customer that a parent holds on a pipe."""
        enough, reader = asyncio.Event(), asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        asking = asyncio.create_task(self.ask_on(enough))
        await reader.read()
        enough.set()
        await asking
        waits = sorted(self.latencies) or [0.0]
        print(
            json.dumps(
                {
                    "sent": self.sent,
                    "orders": self.orders,
                    "p99_ms": round(1000 * waits[int(0.99 * (len(waits) - 1))], 1),
                    "worst_ms": round(1000 * waits[-1], 1),
                    "lag_ms": round(1000 * self.lag, 1),
                }
            )
        )


class Asking:
    """A customer in a process of its own, heard while it asks."""

    def __init__(self, port: int, host: str, rate: float) -> None:
        words = [sys.executable, "-m", "tests.faults.customer", str(port), host, str(rate)]
        self.process = subprocess.Popen(
            words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.failures: list[dict[str, Any]] = []
        self.total: dict[str, Any] = {}
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()

    def listen(self) -> None:
        """Take in its lines."""
        assert self.process.stdout
        for line in self.process.stdout:
            told = json.loads(line)
            if "failed" in told:
                self.failures.append(told)
            else:
                self.total = told

    def stop(self) -> dict[str, Any]:
        """What came of all, when the last answer is there."""
        assert self.process.stdin
        self.process.stdin.close()
        self.listener.join(PATIENCE + 10)
        if self.process.stdout:
            self.process.stdout.close()
        self.process.wait(10)
        return self.total | {"failures": self.failures}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


if __name__ == "__main__":
    port, host, rate = sys.argv[1:]
    asyncio.run(Customer(int(port), host, float(rate)).until_stdin_closes())
