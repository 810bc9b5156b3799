"""How long a redeploy and a rollback take: from the command's start to the last answer of the old.

    python -m bench.redeploy [--quick]

The Flask example, one line changed each time, asked 50 times a second meanwhile. `served` is when
the last request was answered by the old release, `command` when the command had ended. `boot` is the
app alone, started from the same layers without Twelve, until it answers. `crash` is from `kill -9` of
the only web process to the next answer.
"""

import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import time

from bench import costs
from bench.ending import told_to_end
from demo.home import EXAMPLES, Home, edit, free_port, make_home, repository
from demo.load import Load

HOST = "flask.localhost"
RATE = 50


def main(rounds=5):
    home = make_home()
    try:
        app = repository(home, EXAMPLES / "flask")
        home.twelve("deploy", cwd=app)
        deploys, rollbacks, failed = [], [], 0
        for number in range(rounds):
            now = f"Hello {number}" if number else "Hello"
            edit(home, app / "app.py", f"'{now}')", f"'Hello {number + 1}')")
            found, bad = measured(home, app, "deploy")
            deploys.append(found)
            failed += bad
        for _ in range(rounds):
            found, bad = measured(home, app, "rollback")
            rollbacks.append(found)
            failed += bad
        boots = [boot(home, app) for _ in range(rounds)]
        crashes = [crash(home, app) for _ in range(rounds)]
        print(
            json.dumps(
                {
                    "redeploy_served_s": median(row["served"] for row in deploys),
                    "redeploy_command_s": median(row["command"] for row in deploys),
                    "rollback_served_s": median(row["served"] for row in rollbacks),
                    "rollback_command_s": median(row["command"] for row in rollbacks),
                    "boot_s": median(boots),
                    "crash_s": median(crashes),
                    "failed_requests": failed,
                    "redeploys": deploys,
                    "rollbacks": rollbacks,
                    "boots": boots,
                    "crashes": crashes,
                    "load_average": os.getloadavg()[0],
                },
                indent=2,
            )
        )
    finally:
        home.end()


def settled(home: Home, app):
    """Wait until one process is up and nothing drains."""
    deadline = time.monotonic() + 60
    while True:
        rows = home.json("ps", cwd=app)["processes"]
        if [row["state"] for row in rows] == ["up"]:
            return rows[0]
        assert time.monotonic() < deadline, rows
        time.sleep(0.05)


def measured(home: Home, app, verb):
    """One command, with the client's view of it."""
    settled(home, app)
    before = home.fetch(HOST).text
    with Load(home.port, HOST, RATE, "/") as client:
        time.sleep(1)
        began = time.time()
        done = home.twelve(verb, cwd=app)
        after = home.fetch(HOST).text
        assert before != after, done.said
        time.sleep(0.5)
        count = client.stop()
    served = count["last_seen"][before] - began
    return {"served": round(served, 3), "command": round(done.seconds, 3)}, count["failed"]


def boot(home: Home, app):
    """Seconds until the app itself answers."""
    release = home.json("releases", cwd=app)["releases"][0]["release"]
    built = home.json("releases", "show", release, cwd=app)["artifact"]["built"]
    layers, port = home.home / "layers", free_port()
    began = time.monotonic()
    python = layers / built["deps_digest"] / "venv/bin/python"
    process = subprocess.Popen(
        [python, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "app:app"],
        cwd=layers / built["app_digest"],
        env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        direct = home._replace(port=port)
        while True:
            try:
                direct.fetch("localhost")
                return time.monotonic() - began
            except OSError:
                assert process.poll() is None, "the app does not start"
                time.sleep(0.005)
    finally:
        process.terminate()
        process.wait()


def crash(home: Home, app):
    """Seconds from a first kill -9 of the process to an answer of the next one."""
    # A process that was killed before is started later: each round has a new one.
    home.twelve("ps", "restart", cwd=app)
    settled(home, app)
    (init,) = costs.parts_of(home.home)["inits"]
    below = costs.below(init)
    (main,) = (pid for pid in below if costs.look(pid).parent == init)
    began = time.monotonic()
    os.kill(main, signal.SIGKILL)
    while True:
        # The main process's children may answer until they are ended, too.
        gone = not any(map(costs.look, below))
        with contextlib.suppress(OSError):
            if home.fetch(HOST).status == 200 and gone:
                return round(time.monotonic() - began, 3)
        time.sleep(0.002)


def median(values):
    return round(statistics.median(values), 3)


if __name__ == "__main__":
    with told_to_end():
        main(2 if "--quick" in sys.argv else 5)
