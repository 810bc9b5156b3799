"""After a reboot: 20 apps with 60 processes, beside the same 60 started by a bare loop.

    python -m bench.reboot [APPS]

Everything of a home is killed at once; then `twelve serve` is started, and the clock runs until each
app answers through the router and each process lives. The bare loop starts the same commands in the
same layers, each web process on a port of its own, and waits until each answers. In turns, medians;
the bar is 1.3 times the bare loop plus 5 s.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from demo.home import Failed, free_port, make_home, repository
from demo.reboot import reboot

PROBE = Path(__file__).parent.parent / "tests/live/probe"
WEBS, WORKERS = 2, 1
WORKER = "import time\nwhile True: time.sleep(60)\n"
ROUNDS = 3
PATIENCE = 180.0


def main(apps=20):
    home = make_home(TWELVE_PORTS="21200-21399")
    try:
        source = home.folder / "source"
        shutil.copytree(PROBE, source)
        (source / "worker.py").write_text(WORKER)
        with (source / "Procfile").open("a") as procfile:
            procfile.write("worker: python worker.py\n")
        names = [f"app{number}" for number in range(apps)]
        folder = repository(home, source, "shared")
        for name in names:
            home.twelve("deploy", "-a", name, "--no-gate", cwd=folder)
            home.twelve("ps", "scale", f"web={WEBS}", "-a", name)
        found = {"twelve_s": [], "bare_s": []}
        for _ in range(ROUNDS):
            found["bare_s"].append(bare(source, apps))
            found["twelve_s"].append(rebooted(home, names))
    finally:
        home.end()
    twelve, loop = statistics.median(found["twelve_s"]), statistics.median(found["bare_s"])
    bar = 1.3 * loop + 5
    facts = {"apps": apps, "processes": apps * (WEBS + WORKERS), "bar_s": round(bar, 2)}
    facts |= {"held": twelve <= bar, "load_average": os.getloadavg()[0]}
    print(json.dumps({**facts, "twelve": twelve, "bare": loop, **found}, indent=2))
    return 0 if facts["held"] else 1


def rebooted(home, names):
    """Seconds from the start of control until all is as it was before."""
    expected = {name: len(up(home, name)) for name in names}
    assert set(expected.values()) == {WEBS + WORKERS}, expected
    reboot(home)
    began = time.monotonic()
    serving = home.start("serve")
    try:
        waiting = list(names)
        while waiting:
            assert time.monotonic() < began + PATIENCE, f"{len(waiting)} apps do not answer"
            waiting = [name for name in waiting if not answers(home, name)]
        answered = time.monotonic() - began
        for name in names:
            while len(up(home, name)) < expected[name]:
                assert time.monotonic() < began + PATIENCE, name
                time.sleep(0.05)
        return round(answered, 2)
    finally:
        serving.terminate()
        serving.communicate(timeout=60)
        # It is started as a part again, for what comes next.
        home.twelve("run", "-a", names[0], "--", "true")


def answers(home, name):
    try:
        return home.fetch(f"{name}.localhost", within=5).status == 200
    except OSError:
        time.sleep(0.02)
        return False


def up(home, name):
    try:
        rows = home.json("ps", "-a", name)["processes"]
    except Failed:
        # Apps answer before control does: it settles them first.
        return []
    return [row for row in rows if row["state"] in {"up", "adopted"}]


def bare(folder, apps):
    """Seconds until the same processes, started one after the other, all answer."""
    ports = [free_port() for _ in range(apps * WEBS)]
    began = time.monotonic()
    made = []
    try:
        for port in ports:
            environ = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port)}
            made.append(start("server.py", folder, environ))
        made += [start("worker.py", folder, dict(os.environ)) for _ in range(apps * WORKERS)]
        for port in ports:
            while not listening(port):
                assert time.monotonic() < began + PATIENCE, port
                time.sleep(0.01)
        return round(time.monotonic() - began, 2)
    finally:
        for process in made:
            process.kill()
        for process in made:
            process.wait()


def start(program, folder, environ):
    return subprocess.Popen(
        [sys.executable, program],
        cwd=folder,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def listening(port):
    import http.client

    link = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        link.request("GET", "/")
        return link.getresponse().status == 200
    except OSError:
        return False
    finally:
        link.close()


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
