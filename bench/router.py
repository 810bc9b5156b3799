"""What the router costs and how fast it turns: medians, in milliseconds.

    python bench/router.py [SECONDS] [--json]

The hop: one keep-alive connection, GET, direct and through the router in turn. The switch: 20 of
them, each with both clusters, until it is acknowledged. The restart: kill -9 until a request is
answered again, and whether what the release has answered goes on. The hand-over: the next life takes
over three times while eight connections are kept and a ninth customer opens one for each request.
"""

import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from twelve.engines.local.router.envoy import Router
from twelve.engines.local.router.files import Place
from twelve.engines.local.router.launch import Options
from twelve.factors.ports.routes import Backend, Route, Table, cluster_name

SERVER = """
import asyncio, sys
class Talk(asyncio.Protocol):
    def connection_made(self, transport): self.transport = transport
    def data_received(self, data):
        self.transport.write(b"HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\n\\r\\nok")
async def main():
    server = await asyncio.get_running_loop().create_server(Talk, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""
QUESTION = b"GET / HTTP/1.1\r\nHost: shop.localhost\r\n\r\n"


def server():
    process = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE)
    return process, int(process.stdout.readline())


def table(port, release):
    cluster = cluster_name("shop", "production", "web", release, (port,))
    route = Route("shop", "production", ("shop.localhost",), cluster, 60.0)
    return Table((route,), (Backend(cluster, (port,)),))


async def ask(reader, writer):
    began = time.perf_counter()
    writer.write(QUESTION)
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(2)
    assert head.startswith(b"HTTP/1.1 200"), head
    return time.perf_counter() - began


async def hop(direct, routed, seconds):
    """Round trips on two connections in turn, so that both meet the same load."""
    links = [await asyncio.open_connection("127.0.0.1", port) for port in (direct, routed)]
    took = ([], [])
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for link, times in zip(links, took, strict=True):
            times.append(await ask(*link))
    for _, writer in links:
        writer.close()
    return took


async def switches(router, ports):
    took, former = [], table(ports[0], "v0")
    await router.apply(former)
    for number in range(1, 21):
        new = table(ports[number % 2], f"v{number}")
        began = time.perf_counter()
        await router.apply(Table(new.routes, new.backends + former.backends))
        took.append(time.perf_counter() - began)
        await router.apply(new)
        former = new
    return took


FAMILY = "shop/production/"
HANDOVER = 2


async def restarts(router, process, start):
    took, lost = [], 0
    for _ in range(5):
        answered = (await router.totals(FAMILY)).answers
        process.send_signal(signal.SIGKILL)
        began = time.perf_counter()
        process.wait()
        process = start()
        while True:
            try:
                link = await asyncio.open_connection("127.0.0.1", router.options.port)
                await ask(*link)
                break
            except OSError:
                await asyncio.sleep(0.002)
        took.append(time.perf_counter() - began)
        link[1].close()
        await router.ready()
        lost += answered + 1 - (await router.totals(FAMILY)).answers
    return took, lost, process


class Customers:
    """Who asks while a life of the router takes over from another."""

    def __init__(self, port):
        self.port, self.asked, self.failed, self.opened = port, 0, 0, 0
        self.enough = asyncio.Event()

    async def one(self, link):
        """Ask on a connection, or on one of its own; what is to be used next."""
        self.asked += 1
        try:
            if link is None:
                self.opened += 1
                link = await asyncio.open_connection("127.0.0.1", self.port)
            link[1].write(QUESTION)
            head = await link[0].readuntil(b"\r\n\r\n")
            await link[0].readexactly(2)
            self.failed += not head.startswith(b"HTTP/1.1 200")
            if b"connection: close" not in head:
                return link
        except (OSError, asyncio.IncompleteReadError):
            self.failed += 1
        if link:
            link[1].close()
        return None

    async def keep(self):
        """On one connection, as long as it lasts."""
        link = None
        while not self.enough.is_set():
            link = await self.one(link)
            await asyncio.sleep(0.005)
        if link:
            link[1].close()

    async def open(self):
        """A connection for each request."""
        while not self.enough.is_set():
            if link := await self.one(None):
                link[1].close()
            await asyncio.sleep(0.002)


async def handovers(router, process, start):
    customers = Customers(router.options.port)
    tasks = [asyncio.create_task(customers.keep()) for _ in range(8)]
    tasks.append(asyncio.create_task(customers.open()))
    tasks.append(asyncio.create_task(router.keep_counting()))
    before, left, took, children = (await router.totals(FAMILY)).answers, 0, [], []

    async def begin(launch):
        children.append(start(launch))

    for _ in range(3):
        began = time.perf_counter()
        await router.hand_over(begin)
        took.append(time.perf_counter() - began)
        try:
            await asyncio.to_thread(process.wait, 4 * HANDOVER)
        except subprocess.TimeoutExpired:
            left += 1
            process.kill()
        process = children[-1]
    customers.enough.set()
    counting = tasks.pop()
    counting.cancel()
    await asyncio.gather(*tasks)
    told = (await router.totals(FAMILY)).answers - before
    figures = {
        "handover": statistics.median(took) * 1000,
        "handover_asked": customers.asked,
        "handover_failed": customers.failed,
        "handover_connections": customers.opened,
        "handover_lives_left": left,
        "handover_counted": 100 * told / customers.asked,
    }
    return figures, process


def memory(pid):
    rows = dict(
        line.split(":", 1)
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    )
    return int(rows["Pss"].split()[0]) / 1024


async def measure(folder, seconds):
    router = Router(Place(folder, folder / "run"), Options(port=18099, handover=HANDOVER))
    first = router.launch()

    def start(launch=first):
        quiet = subprocess.DEVNULL
        return subprocess.Popen(launch["argv"], env=launch["env"], stdout=quiet, stderr=quiet)

    servers = [server(), server()]
    ports = [port for _, port in servers]
    process = start()
    try:
        began = time.perf_counter()
        await router.ready()
        boot = time.perf_counter() - began
        await router.apply(table(ports[0], "v0"))
        direct, routed = await hop(ports[0], router.options.port, seconds)
        acks = await switches(router, ports)
        killed, lost, process = await restarts(router, process, start)
        handed, process = await handovers(router, process, start)
        return {
            "boot": boot * 1000,
            "pss_mib": memory(process.pid),
            "direct": statistics.median(direct) * 1000,
            "routed": statistics.median(routed) * 1000,
            "hop": (statistics.median(routed) - statistics.median(direct)) * 1000,
            "switch": statistics.median(acks) * 1000,
            "switch_worst": max(acks) * 1000,
            "kill_to_answer": statistics.median(killed) * 1000,
            "kill_to_answer_worst": max(killed) * 1000,
            "answers_uncounted_after_kills": lost,
            **handed,
            "load": os.getloadavg()[0],
        }
    finally:
        process.terminate()
        process.wait()
        router.clean_up()
        for running, _ in servers:
            running.kill()
            running.wait()


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    with tempfile.TemporaryDirectory(prefix="twelve-bench-") as temporary:
        found = asyncio.run(measure(Path(temporary), float(words[0]) if words else 3.0))
    if "--json" in sys.argv:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:22} {value:9.2f}")
