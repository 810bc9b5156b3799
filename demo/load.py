"""A client outside Twelve: so many requests a second, whatever comes back, a connection for each.

Run as ``python -m demo.load PORT HOST RATE GET-PATH [POST-PATH BODY]`` it asks until its standard
input is closed, then prints what came of it as JSON. Latency counts from the moment at which a
request was due, so a stall of the client's own is not hidden (it is told beside).
"""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple, Self

PATIENCE = 60.0
ROOT = Path(__file__).parent.parent


class Kind(NamedTuple):
    """A request that is sent again and again."""

    method: str
    wanted: range
    bytes: bytes


class Count:
    """What came of all requests."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self.good: Counter[str] = Counter()
        self.versions: Counter[str] = Counter()
        self.first_seen: dict[str, float] = {}
        self.last_seen: dict[str, float] = {}
        self.failures: list[str] = []
        self.latencies: list[float] = []
        self.lag = 0.0

    def saw(self, version: str, at: float) -> None:
        """Note which code answered."""
        self.versions[version] += 1
        self.first_seen.setdefault(version, at)
        self.last_seen[version] = at

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        ordered = sorted(self.latencies) or [0.0]
        rank = [round(1000 * ordered[int(q * (len(ordered) - 1))], 1) for q in (0.5, 0.99, 1)]
        return {
            "requests": sum(self.sent.values()),
            "failed": len(self.failures),
            "failures": self.failures[:5],
            "posts": self.sent["POST"],
            "posts_done": self.good["POST"],
            "p50_ms": rank[0],
            "p99_ms": rank[1],
            "worst_ms": rank[2],
            "client_lag_ms": round(1000 * self.lag, 1),
            "versions": dict(self.versions),
            "first_seen": self.first_seen,
            "last_seen": self.last_seen,
        }


def kinds(host: str, get: str, post: str, body: str) -> list[Kind]:
    """The requests that take turns."""
    head = f"Host: {host}\r\nConnection: close\r\nAccept: application/json\r\n"
    found = [Kind("GET", range(200, 400), f"GET {get} HTTP/1.1\r\n{head}\r\n".encode())]
    if post:
        form = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        text = f"POST {post} HTTP/1.1\r\n{head}{form}\r\n{body}"
        found.append(Kind("POST", range(200, 400), text.encode()))
    return found


async def ask(port: int, kind: Kind, due: float, count: Count) -> None:
    """One request on a connection of its own."""
    loop = asyncio.get_running_loop()
    count.lag = max(count.lag, loop.time() - due)
    count.sent[kind.method] += 1
    try:
        async with asyncio.timeout(PATIENCE):
            answer = await exchange(port, kind.bytes)
    except (OSError, TimeoutError) as error:
        count.failures.append(f"{kind.method}: {type(error).__name__} {error}")
        return
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().split("\r\n")
    status = int(lines[0].split()[1]) if lines[0].startswith("http/1.1 ") else 0
    names = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    count.latencies.append(loop.time() - due)
    if status not in kind.wanted or not whole(names, body):
        count.failures.append(f"{kind.method}: {status}, {len(body)} bytes: {body[:120]!r}")
        return
    count.good[kind.method] += 1
    count.saw(names.get("x-shop-version") or body[:40].decode(errors="replace"), time.time())


def whole(names: dict[str, str], body: bytes) -> bool:
    """Whether the body came to its end."""
    if "content-length" in names:
        return len(body) == int(names["content-length"])
    return "chunked" not in names.get("transfer-encoding", "") or body.endswith(b"0\r\n\r\n")


async def exchange(port: int, data: bytes) -> bytes:
    """Send, and read to the end of the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        return await reader.read(-1)
    finally:
        writer.close()


async def load(port: int, rate: float, requests: list[Kind], enough: asyncio.Event) -> Count:
    """Ask at the rate until it is enough; wait for the last answers."""
    loop = asyncio.get_running_loop()
    count, start, number = Count(), loop.time(), 0
    async with asyncio.TaskGroup() as group:
        while not enough.is_set():
            due = start + number / rate
            if (wait := due - loop.time()) > 0:
                await asyncio.sleep(wait)
            group.create_task(ask(port, requests[number % len(requests)], due, count))
            number += 1
    return count


async def until_stdin_closes(port: int, rate: float, requests: list[Kind]) -> Count:
    """The load that a parent holds on a pipe."""
    enough = asyncio.Event()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    running = asyncio.create_task(load(port, rate, requests, enough))
    await reader.read()
    enough.set()
    return await running


class Load:
    """The client in a process of its own, from ``with`` to ``stop``."""

    def __init__(self, port: int, host: str, rate: float, *paths: str) -> None:
        words = [sys.executable, "-m", "demo.load", str(port), host, str(rate), *paths]
        self.rate = rate
        self.process = subprocess.Popen(
            words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def stop(self) -> dict[str, Any]:
        """Let the last answers come; what came of all."""
        out, _ = self.process.communicate(timeout=PATIENCE + 10)
        return dict(json.loads(out))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


def main(words: list[str]) -> None:
    """Parse, ask, print."""
    port, host, rate, get, post, body, *_ = [*words, "", ""]
    made = kinds(host, get, post, body)
    count = asyncio.run(until_stdin_closes(int(port), float(rate), made))
    print(json.dumps(count.plain()))


if __name__ == "__main__":
    main(sys.argv[1:])
