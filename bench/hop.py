"""What a proxy between client and app costs: Twelve's router beside nginx, HAProxy and none at all.

    python -m bench.hop [--quick]

One backend (nginx, which answers two bytes), one client. Latency: a GET on one kept connection, all
ways in turn, so that they meet the same load. Throughput: `wrk` with 16 connections; CPU is the
proxy's own, for a request. nginx writes access lines as the router does, to /dev/null.
"""

import asyncio
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import costs, programs
from bench.ending import told_to_end
from bench.router import ask, table
from demo.home import free_port

from twelve.engines.local.router.envoy import Router
from twelve.engines.local.router.files import Place
from twelve.engines.local.router.launch import Options

CONNECTIONS = 16
COMMON = """\
daemon off; worker_processes 1; pid {folder}/{name}.pid; error_log stderr;
events {{ worker_connections 1024; }}
http {{
  client_body_temp_path {folder}/{name}1; proxy_temp_path {folder}/{name}2;
  fastcgi_temp_path {folder}/{name}3; uwsgi_temp_path {folder}/{name}4; scgi_temp_path {folder}/{name}5;
  keepalive_requests 100000000;
"""
BACKEND = (
    COMMON
    + '  access_log off;\n  server {{ listen 127.0.0.1:{port}; location / {{ return 200 "ok"; }} }}\n}}\n'
)
NGINX = (
    COMMON
    + """  access_log /dev/null;
  upstream app {{ server 127.0.0.1:{backend}; keepalive 64; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{port};
    location / {{ proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr; }} }}
}}
"""
)
HAPROXY = """\
global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option forwardfor
frontend door
  bind 127.0.0.1:{port}
  default_backend app
backend app
  http-reuse always
  server one 127.0.0.1:{backend}
"""


@contextlib.contextmanager
def process(*words: str, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """It runs, and is ended at the end."""
    quiet = subprocess.DEVNULL
    started = subprocess.Popen(words, env=env or programs.environ(), stdout=quiet, stderr=quiet)
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def written(folder: Path, name: str, form: str, **more: object) -> str:
    path = folder / f"{name}.conf"
    path.write_text(form.format(folder=folder, name=name, **more))
    return str(path)


async def latencies(ports: dict[str, int], seconds: float) -> dict[str, float]:
    """Median milliseconds of a round trip, all ways in turn."""
    links = {name: await asyncio.open_connection("127.0.0.1", port) for name, port in ports.items()}
    took: dict[str, list[float]] = {name: [] for name in links}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for name, link in links.items():
            took[name].append(await ask(*link))
    for _, writer in links.values():
        writer.close()
    return {name: round(statistics.median(times) * 1000, 4) for name, times in took.items()}


def pressed(port: int, pid: int | None, seconds: int) -> dict[str, float]:
    """What `wrk` finds, and the CPU of the proxy and its workers."""
    pids = [pid, *costs.below(pid)] if pid else []
    before = costs.cpu(pids)
    words = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-H", "Host: shop.localhost"]
    done = subprocess.run(
        [*programs.command("wrk"), *words, f"http://127.0.0.1:{port}/"],
        check=True,
        capture_output=True,
        text=True,
        env=programs.environ(),
    )
    spent = costs.cpu(pids) - before
    count = int(re.search(r"(\d+) requests in", done.stdout)[1])
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    found = {"requests": count, "failed": int(bad[1]) if bad else 0}
    found["per_second"] = float(re.search(r"Requests/sec: +([\d.]+)", done.stdout)[1])
    for rank in ("50", "99"):
        number, unit = re.search(rf"{rank}% +([\d.]+)(us|ms|s)", done.stdout).groups()
        scale = {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]
        found[f"p{rank}_ms"] = round(float(number) * scale, 3)
    return found | {"cpu_us": round(spent / count * 1e6, 1)}


async def measured(folder: Path, seconds: int) -> dict:
    ports = {name: free_port() for name in ("direct", "twelve", "nginx", "haproxy")}
    to = {"backend": ports["direct"]}
    nginx = [*programs.command("nginx"), "-p", str(folder), "-c"]
    router = Router(Place(folder, folder / "run"), Options(port=ports["twelve"]))
    launch = router.launch()
    pids: dict[str, int | None] = {"direct": None}
    with contextlib.ExitStack() as opened:
        conf = written(folder, "backend", BACKEND, port=ports["direct"])
        opened.enter_context(process(*nginx, conf))
        opened.callback(router.clean_up)
        pids["twelve"] = opened.enter_context(process(*launch["argv"], env=launch["env"])).pid
        conf = written(folder, "nginx", NGINX, port=ports["nginx"], **to)
        pids["nginx"] = opened.enter_context(process(*nginx, conf)).pid
        if programs.find("haproxy"):
            conf = written(folder, "haproxy", HAPROXY, port=ports["haproxy"], **to)
            words = [*programs.command("haproxy"), "-f", conf]
            pids["haproxy"] = opened.enter_context(process(*words)).pid
        await router.ready()
        await router.apply(table(ports["direct"], "v0"))
        there = {name: ports[name] for name in pids}
        for port in there.values():
            await answers(port)
        hop = await latencies(there, seconds)
        rounds: dict[str, list[dict[str, float]]] = {name: [] for name in there}
        for _ in range(3):
            for name, port in there.items():
                found = await asyncio.to_thread(pressed, port, pids[name], max(1, seconds // 2))
                rounds[name].append(found)
    return {"median_ms": hop, "pressed": {name: medians(rows) for name, rows in rounds.items()}}


async def answers(port: int) -> None:
    """Once it does."""
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(OSError, AssertionError, asyncio.IncompleteReadError):
                link = await asyncio.open_connection("127.0.0.1", port)
                await ask(*link)
                return link[1].close()
            await asyncio.sleep(0.05)


def medians(rows: list[dict[str, float]]) -> dict[str, float]:
    found = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
    return found | {"failed": sum(row["failed"] for row in rows)}


def main(*, quick: bool) -> None:
    absent = programs.fill()
    for needed in ("nginx", "wrk"):
        if needed in absent:
            raise SystemExit(f"{needed} is absent: {absent[needed]}")
    with tempfile.TemporaryDirectory(prefix="twb", dir="/tmp") as temporary:
        os.chmod(temporary, 0o755)
        found = asyncio.run(measured(Path(temporary), 2 if quick else 4))
    print(json.dumps(found | {"versions": programs.versions(), "load_average": os.getloadavg()[0]}))


if __name__ == "__main__":
    with told_to_end():
        main(quick="--quick" in sys.argv)
