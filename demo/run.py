"""The demo: the shop, deployed on a control plane of its own, changed under load; nothing is left.

Everything goes through the command line. KEEP=1 keeps the home up and prints where it is.
"""

import os
import re
import secrets
import sys
import time
from pathlib import Path
from typing import Any

from demo.home import EXAMPLES, Failed, Home, edit, make_home, repository
from demo.leftovers import Watch
from demo.load import Load
from demo.story import Broken, Story, clock

HOST = "shop.localhost"
RATE = 100
ORDER = "product=kettle&quantity=1"


def main() -> int:
    """Tell the story; 0 when everything held."""
    story = Story()
    home = make_home()
    but = [home.folder, Path.cwd()]
    watch = Watch([home.folder, home.run], Path.home(), but, [home.temporary])
    story.title("Twelve: a shop from its codebase to two releases, on a home of its own")
    try:
        play(story, home, watch)
        watch.note()
        held = True
    except (Broken, Failed) as fault:
        story.tell("not so", str(fault), mark="✗")
        held = False
    except KeyboardInterrupt:
        held = False
    if os.environ.get("KEEP"):
        keep(story, home)
        return 0 if held else 1
    return 0 if end(story, home, watch) and held else 1


def play(story: Story, home: Home, watch: Watch) -> None:
    """From nothing to a rollback."""
    shop = start(story, home)
    first_deploy(story, home, shop)
    watch.note()
    use(story, home, shop)
    scale(story, home, shop)
    watch.note()
    change_under_load(story, home, shop)
    watch.note()
    look_back(story, home, shop)


def start(story: Story, home: Home) -> Path:
    """A repository, a control plane, a secret."""
    shop = repository(home, EXAMPLES / "shop")
    done = home.twelve("config", "set", "SECRET_KEY=-", cwd=shop, given=secrets.token_hex(20))
    story.tell("control plane", f"started by `twelve config set` in {home.home}", done.seconds)
    return shop


def first_deploy(story: Story, home: Home, shop: Path) -> None:
    """Build, resources, release phase, readiness, URL."""
    done = home.twelve("deploy", "--provision", cwd=shop)
    shown = home.json("releases", "show", "v1", cwd=shop)
    detail = next(e["detail"] for e in shown["events"] if "seconds" in e["detail"])
    steps = detail["seconds"]
    runs_on, build = shown["artifact"]["interpreter"], shown["build"][:12]
    story.tell("deploy", f"shop/production v1, commit {shown['label']}", done.seconds)
    story.tell("  build", f"{build} on {runs_on}, hooks without network or config", steps["build"])
    attached = ", ".join(f"{name} ({url.split(':')[0]})" for name, url in shown["attached"].items())
    story.tell("  resources", f"created {attached}")
    story.tell("  release phase", shown["manifest"]["release_command"], steps["release phase"])
    story.tell("  readiness", "web answers at /healthz, worker stays alive", steps["start"])
    story.tell("  url", f"http://{HOST}:{home.port}")


def use(story: Story, home: Home, shop: Path) -> None:
    """A page, a job, a row, a one-off."""
    with clock() as took:
        page = home.fetch(HOST, accept="text/html")
    title = re.search(r"<title>(.*?)</title>", page.text)
    story.hold(page.status == 200 and title is not None, f"the page: {page.status}")
    story.tell("page", f"200 through the router: {title[1] if title else ''!r}", took.seconds)
    with clock() as took:
        order = queue_job(story, home)
    story.tell("job", f"queued by {order['taken_by']}, done by {order['packed_by']}", took.seconds)
    query = "from store.models import Order; print(Order.objects.get(pk=1))"
    done = home.twelve("run", "--", "python", "manage.py", "shell", "-c", query, cwd=shop)
    row = done.out.strip().splitlines()[-1:]
    story.hold(row == [f"order 1: 1 x kettle, {order['status']}"], f"the row: {done.said}")
    story.tell("one-off", f"the row in Postgres, read by `twelve run`: {row[0]}", done.seconds)


def queue_job(story: Story, home: Home) -> dict[str, Any]:
    """Order something and wait until the worker has packed it."""
    made = home.fetch(HOST, "/orders", data=ORDER)
    story.hold(made.status == 201, f"the order: {made.status} {made.text}")
    found: dict[str, Any] = {}
    for _ in range(200):
        found = json_of(home, "/orders/1")
        if found["packed_by"]:
            return found
        time.sleep(0.05)
    raise Broken(f"the worker did not pack the order: {found}")


def scale(story: Story, home: Home, shop: Path) -> None:
    """Two of web."""
    done = home.twelve("ps", "scale", "web=2", cwd=shop)
    up = [row["process"] for row in processes(home, shop)]
    story.hold(up == ["web.1", "web.2", "worker.1"], f"after scale web=2: {up}")
    story.tell("scale web=2", "web.1 stayed, web.2 beside it", done.seconds)


def change_under_load(story: Story, home: Home, shop: Path) -> None:
    """A new version and back, while a client asks 100 times a second."""
    before = json_of(home, "/counters")["orders"]
    with Load(home.port, HOST, RATE, "/", "/orders", ORDER) as client:
        time.sleep(1)
        edit(home, shop / "shop/version.py", 'VERSION = "1"', 'VERSION = "2"')
        deployed = home.twelve("deploy", cwd=shop)
        version = home.fetch(HOST, "/version").headers["x-shop-version"]
        story.hold(version == "2", f"after the deploy version {version} answers")
        story.tell("deploy", "version 2, under load", deployed.seconds)
        time.sleep(1)
        back = home.twelve("rollback", cwd=shop)
        version = home.fetch(HOST, "/version").headers["x-shop-version"]
        story.hold(version == "1", f"after the rollback version {version} answers")
        story.tell("rollback", "to version 1 as a new release, under load", back.seconds)
        time.sleep(1)
        count = client.stop()
    executed = json_of(home, "/counters")["orders"] - before
    judge(story, count, executed)


def judge(story: Story, count: dict[str, Any], executed: int) -> None:
    """What the client outside counted, beside what the app counted."""
    worst = f"worst {count['worst_ms']:.0f} ms, median {count['p50_ms']:.0f} ms"
    text = f"{count['requests']} requests at {RATE}/s, {count['failed']} failed; {worst}"
    story.tell("load", text, mark="✗" if count["failed"] else "✓")
    same = executed == count["posts"]
    text = f"{count['posts']} sent by the client, {executed} executed by the app"
    story.tell("orders", text, mark="✓" if same else "✗")
    story.hold(not count["failed"], "; ".join(count["failures"]))
    story.hold(same, "an order was lost or executed twice")


def look_back(story: Story, home: Home, shop: Path) -> None:
    """The log stream of all releases, and the record of one-offs."""
    told = []
    for release in ("v1", "v3", "v4"):
        want = ["--type", "web", "--release", release, "--grep", "store", "-n", "1"]
        told.append(home.twelve("logs", *want, cwd=shop).out.strip())
    story.hold(all(told), f"logs by release: {told}")
    story.tell("logs", "a line each of web in v1 and v3; v4 is the rollback")
    for line in told:
        story.quote(shorten(line))
    runs = home.json("runs", cwd=shop)["runs"]
    kinds = [f"{run['command'][2]} exit {run['code']}" for run in runs[::-1]]
    story.hold(all(run["code"] == 0 for run in runs), f"runs: {kinds}")
    story.tell("runs", f"recorded, those of the release phase too: {', '.join(kinds)}")


def keep(story: Story, home: Home) -> None:
    """Leave it up, and say how to go on."""
    home.keep()
    ways = {name: home.environ[name] for name in ("TWELVE_HOME", "TWELVE_HTTP_PORT")}
    ways["XDG_RUNTIME_DIR"] = home.environ["XDG_RUNTIME_DIR"]
    story.tell("kept", f"http://{HOST}:{home.port}")
    words = " ".join(f"{name}={value}" for name, value in ways.items())
    program = Path(sys.executable).parent / "twelve"
    story.quote(f"export {words}\n{program} ps -a shop\n{program} down --all")


def end(story: Story, home: Home, watch: Watch) -> bool:
    """Stop everything and look what is left."""
    with clock() as took:
        done = home.twelve("down", "--all", good=False)
    left = watch.left()
    home.end()
    if done.code:
        left.append(f"twelve down --all: exit {done.code}: {done.said}")
    noted = f"{len(watch.mine)} processes, {len(watch.sockets)} listening sockets"
    text = f"{noted} gone; nothing in HOME, /tmp, /dev/shm, /run/twelve" if not left else "left:"
    story.tell("down --all", text, took.seconds, mark="✗" if left else "✓")
    story.quote("\n".join(left))
    story.write(f"\n  {story.seconds:.0f} s in all\n")
    return not left


def processes(home: Home, shop: Path) -> list[dict[str, Any]]:
    """What ``ps`` says is up."""
    return [row for row in home.json("ps", cwd=shop)["processes"] if row["state"] == "up"]


def json_of(home: Home, path: str) -> dict[str, Any]:
    """The app's JSON."""
    import json

    return dict(json.loads(home.fetch(HOST, path).text))


def shorten(line: str) -> str:
    """At most what a line of a terminal holds."""
    return line if len(line) <= 78 else f"{line[:77]}…"


if __name__ == "__main__":
    sys.exit(main())
