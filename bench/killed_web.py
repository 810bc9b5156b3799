"""`kill -9` of a web process, two running, under 100 requests a second: what users notice.

    python -m bench.killed_web [GETS] [POSTS]

First GETs alone, then POSTs alone, each with a number of its own and on a connection of its own;
every eight seconds one of the two processes is killed. A POST counts as executed when the app has
printed its number. `back` is from the first answer of the new process on its own port to its first
answer through the router.
"""

import asyncio
import json
import os
import signal
import statistics
import sys
import threading
import time
from collections import Counter

from demo.home import Home, commit, git, make_home
from demo.load import exchange

RATE = 100
EVERY = 8.0
"""Seconds: one that is killed again and again is started later and later."""
PATIENCE = 5.0
"""Seconds that a process may take from its first answer into the rotation, before the next kill."""
HOST = "killed.localhost"
SERVER = """
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server(ThreadingHTTPServer):
    request_queue_size = 256


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.say()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        os.write(1, f"executed {body}\\n".encode())
        self.say()

    def say(self):
        text = str(os.getpid()).encode() + b" " + START
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, form, *words):
        pass


START = os.urandom(6).hex().encode()
server = Server(("127.0.0.1", int(os.environ["PORT"])), Answer)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
"""


class Client:
    """Asks at a rate; knows what failed, what was under way when, and who answered first when."""

    def __init__(self, port, method, number):
        self.port, self.method, self.number = port, method, number
        self.failed, self.sent, self.open = [], 0, set()
        self.first = {}
        self.lag = 0.0

    def run(self):
        asyncio.run(self.ask_all())

    async def ask_all(self):
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as group:
            for number in range(self.number):
                due = began + number / RATE
                await asyncio.sleep(max(0.0, due - loop.time()))
                self.lag = max(self.lag, loop.time() - due)
                group.create_task(self.ask(number))

    async def ask(self, number):
        text = f"{self.method} /{number} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n"
        body = f"n{number}." if self.method == "POST" else ""
        text += f"Content-Length: {len(body)}\r\n\r\n{body}" if body else "\r\n"
        self.sent += 1
        self.open.add(number)
        try:
            async with asyncio.timeout(30):
                answer = await exchange(self.port, text.encode())
        except (OSError, TimeoutError) as error:
            self.failed.append((number, repr(error)))
            return
        finally:
            self.open.discard(number)
        head, _, said = answer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            self.failed.append((number, head[:40].decode(errors="replace")))
            return
        self.first.setdefault(said.decode().split()[-1], time.time())


def web_app(home: Home, name="killed"):
    """A deploy with two processes that count what they execute."""
    folder = home.folder / name
    folder.mkdir()
    (folder / "server.py").write_text(SERVER)
    (folder / "Procfile").write_text("web: python server.py\n")
    git(home, folder, "init", "-q")
    commit(home, folder, "First")
    home.twelve("deploy", cwd=folder)
    home.twelve("ps", "scale", "web=2", cwd=folder)
    return folder


def processes(home, folder):
    rows = home.json("ps", cwd=folder)["processes"]
    return {row["process"]: row for row in rows if row["state"] == "up"}


def answers_itself(port):
    """Wait for the process on a port; which life of it answers, and since when."""
    text = f"GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode()
    while True:
        try:
            answer = asyncio.run(exchange(port, text))
            if b" 200 " in answer[:20]:
                return answer.decode().split()[-1], time.time()
        except OSError:
            pass
        time.sleep(0.005)


def under_kills(home, folder, method, number):
    """One load, with a kill each few seconds, taking turns."""
    client = Client(home.port, method, number)
    thread = threading.Thread(target=client.run)
    before = processes(home, folder)
    turns, lives, in_flight = 0, [], 0
    thread.start()
    time.sleep(1)
    while thread.is_alive() and number / RATE - 1.5 > turns * EVERY:
        name = ("web.1", "web.2")[turns % 2]
        row = processes(home, folder)[name]
        in_flight += len(client.open)
        killed = time.time()
        os.kill(row["pid"], signal.SIGKILL)
        life, ready = answers_itself(row["port"])
        lives.append((life, killed, ready))
        turns += 1
        # One that is started later and later may have answered only now: two are to be in rotation.
        while life not in client.first and thread.is_alive() and time.time() < ready + PATIENCE:
            time.sleep(0.005)
        time.sleep(max(0.0, EVERY - (time.time() - killed)))
    thread.join()
    assert processes(home, folder).keys() == before.keys()
    back = [(client.first[life] - ready) for life, _, ready in lives if life in client.first]
    return client, {
        "sent": client.sent,
        "kills": turns,
        "failed": len(client.failed),
        "failures": client.failed[:5],
        "in_flight_at_kills": in_flight,
        "boot_ms": round(1000 * statistics.median(ready - at for _, at, ready in lives)),
        "back_ms": round(1000 * statistics.median(back)),
        "slowest_back_ms": round(1000 * max(back)),
        "never_back": len(lives) - len(back),
        "client_lag_ms": round(1000 * client.lag),
    }


def executed(home, folder):
    """How often each POST was executed, by what the app has printed."""
    out = home.twelve("logs", "--type", "web", "-n", "1000000", cwd=folder).out
    return Counter(word for word in out.split() if word.startswith("n") and word.endswith("."))


def main(gets=5000, posts=2000):
    home = make_home()
    try:
        folder = web_app(home)
        time.sleep(2)
        _, get = under_kills(home, folder, "GET", gets)
        client, post = under_kills(home, folder, "POST", posts)
        counts = executed(home, folder)
        failed = {f"n{number}." for number, _ in client.failed}
        found = {
            "get": get,
            "post": post,
            "posts_executed_twice": sum(count > 1 for count in counts.values()),
            "posts_lost": len({f"n{n}." for n in range(posts)} - counts.keys() - failed),
            "load_average": round(os.getloadavg()[0], 1),
        }
    finally:
        home.end()
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
