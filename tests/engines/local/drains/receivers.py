"""Receivers of log streams, which can sleep, refuse and go away."""

import json
import os
import select
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.engines.local.collector.worlds import World

from twelve.engines.local.drains.orders import to_environment
from twelve.factors.logs.drains.drain import Drain


class Syslog:
    """Takes messages over TCP; while ``awake`` is not set it reads nothing."""

    def __init__(self, wrap: Callable[[socket.socket], socket.socket] = lambda link: link) -> None:
        self.awake = threading.Event()
        self.awake.set()
        self.found: list[bytes] = []
        self.links: list[socket.socket] = []
        self._wrap = wrap
        self.port = 0
        self.listen()

    def listen(self) -> None:
        self.server = socket.create_server(("127.0.0.1", self.port))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.server,), daemon=True).start()

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                link = self._wrap(server.accept()[0])
            except OSError:
                if server.fileno() < 0:
                    return
                continue
            self.links.append(link)
            threading.Thread(target=self._read, args=(link,), daemon=True).start()

    def _read(self, link: socket.socket) -> None:
        # A message that a connection's end has torn counts for nothing.
        begun = b""
        while True:
            try:
                ready, _, _ = select.select([link], [], [], 0.05)
                if not self.awake.is_set() or not (ready or pending(link)):
                    continue
                data = link.recv(1 << 16)
            except (OSError, ValueError):
                return
            if not data:
                return
            begun = self._take_apart(begun + data)

    def messages(self) -> list[bytes]:
        """The texts of the messages that came whole, in order."""
        return list(self.found)

    def _take_apart(self, data: bytes) -> bytes:
        at = 0
        while (blank := data.find(b" ", at)) > 0:
            end = blank + 1 + int(data[at:blank])
            if end > len(data):
                break
            self.found.append(data[blank + 1 : end].partition(b"] ")[2])
            at = end
        return data[at:]

    def leave(self) -> None:
        """Go away, with whatever was not read."""
        # Who waits in accept() would keep the port.
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        for link in self.links:
            link.close()
        self.links.clear()


def pending(link: socket.socket) -> int:
    """Bytes that TLS has taken already."""
    return link.pending() if isinstance(link, ssl.SSLSocket) else 0


class Web:
    """Takes posts; ``answers`` are the statuses of the next ones, then 204."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.posts: list[tuple[dict[str, str], bytes]] = []
        self.taken: list[dict[str, object]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers["Content-Length"]))
                status = outer.answers.pop(0) if outer.answers else 204
                outer.posts.append(({"path": self.path, **dict(self.headers)}, data))
                if status < 300:
                    outer.taken += map(json.loads, data.splitlines())
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def lines(self) -> list[object]:
        return [line["line"] for line in self.taken]

    def leave(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Drainer:
    """The process, on the home of a collector's world."""

    def __init__(self, world: World, *drains: Drain, **env: str) -> None:
        self.world = world
        words = ["-I", "-m", "twelve.engines.local.drains"]
        words += ["--run", str(world.run), "--home", str(world.home)]
        self.said = world.home / "said"
        with self.said.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, *words],
                env={**env, **to_environment(drains)},
                stdout=out,
                stderr=out,
            )

    def kill(self, number: int = signal.SIGKILL) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)

    def pss(self) -> int:
        """In kB."""
        lines = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))

    def files(self) -> list[str]:
        """What it holds open below the logs."""
        folder = f"/proc/{self.process.pid}/fd"
        links = [os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder)]
        return [link for link in links if "/logs/" in link]


def drain(url: str, since_ns: int = 0, key: str = "k1") -> Drain:
    return Drain(key, "shop", "production", "far", url, since_ns)
