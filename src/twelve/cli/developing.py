"""The control plane of ``twelve up``: found by the folder in which it runs."""

import fcntl
import os
import time
import zlib
from pathlib import Path

from twelve.cli.target import Target, app_here
from twelve.client.calls.apps import list_apps
from twelve.client.connection import Client
from twelve.errors import Unreachable, Usage
from twelve.factors.processes.instance import parse_target
from twelve.settings import RUN_FILE, load_settings

DEPLOY = "development"
# twelve: ignore[VIII-2] it guards the `up` of one developer on one machine
LOCK = "up.lock"
PATIENCE = 60.0
"""Seconds that a first start may take."""


def running_up(app: str) -> Target:
    """The app as ``up`` runs it in this folder or in one above. Raises Unreachable."""
    here = Path.cwd()
    settings = load_settings(os.environ, uid=os.geteuid())
    for folder in (here, *here.parents):
        mark = f"{zlib.crc32(str(folder).encode()):08x}"
        for home in Path(settings.home, "up").glob(f"*-{mark}"):
            run = run_of(home)
            if run and is_held(home):
                client = Client(settings._replace(home=str(home), run=run, url="", token=""))
                return Target(client, meant(app or settings.app, folder, client), DEPLOY)
    raise Unreachable(
        f"no `twelve up` runs in {here}", hint="start it in another terminal: twelve up"
    )


def meant(named: str, top: Path, client: Client) -> str:
    """The app that is named, else the only one, else that of this folder. Raises Usage."""
    known = apps_of(client)
    if named:
        return parse_target(named)[0]
    if len(known) == 1:
        return known[0]
    here = Path.cwd()
    for folder in (here, *here.parents):
        if folder == top:
            break
        if (name := app_here(folder)) in known:
            return name
    raise Usage("several apps run in this `twelve up`", hint=f"name one: -a {known[0]}")


def is_held(home: Path) -> bool:
    """Whether an ``up`` lives there: it holds its lock for as long."""
    try:
        with (home / LOCK).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def apps_of(client: Client) -> list[str]:
    """The apps that it runs. It answers after the first processes are up: we wait for that."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return [each["name"] for each in list_apps(client)["apps"]]
        except Unreachable:
            if time.monotonic() > end or not is_held(Path(client.settings.home)):
                raise
            time.sleep(0.02)


def run_of(home: Path) -> str:
    """Where a home has its sockets; empty when it has never run."""
    try:
        return (home / RUN_FILE).read_text().strip()
    except OSError:
        return ""
