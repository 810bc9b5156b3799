"""The ledger tells the truth: what it claims of each process, the kernel says too."""

import os
from pathlib import Path

import pytest
from tests.live.worlds import App

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

OF_TWELVE = {"TWELVE_APP", "TWELVE_DEPLOY", "TWELVE_RELEASE", "TWELVE_PROCESS"}
OF_THE_MACHINE = {"PORT", "HOST", "HOME", "TMPDIR", "PATH", "LANG", "NOTIFY_SOCKET"}
OF_PYTHON = {"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "PYTHONPATH"}


def family(pid: int) -> list[int]:
    """A process and all below it."""
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in below for each in family(int(child)))]


def environ_of(pid: int) -> dict[str, str]:
    pairs = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return dict(pair.decode().split("=", 1) for pair in pairs if b"=" in pair)


def apps_of(shop: App) -> list[tuple[dict, int]]:
    """Each process that ps claims, with the pids that do the app's work."""
    found = []
    for row in shop.up().values():
        inner = [pid for pid in family(row["pid"]) if "TWELVE_PROCESS" in environ_of(pid)]
        assert inner, f"{row['process']}: none below pid {row['pid']} has an app's environment"
        found.extend((row, pid) for pid in inner)
    return found


def test_each_process_has_the_environment_of_its_release(shop):
    shop.settled()
    config = dict(
        line.split("=", 1) for line in shop.twelve("config", "ls", "--reveal").out.splitlines()
    )
    attached = {"DATABASE_URL", "REDIS_URL"}
    ledger = shop.json("releases", "show", shop.current)
    defaults = {
        name: row["default"]
        for name, row in ledger["manifest"]["contract"].items()
        if row["default"] is not None
    }
    for row, pid in apps_of(shop):
        environ = environ_of(pid)
        own = {n: environ[n] for n in environ if n in config | defaults}
        assert own == defaults | config, row["process"]
        assert environ["TWELVE_RELEASE"] == row["release"] == ledger["runtimes"][row["type"]]
        assert environ["TWELVE_PROCESS"] == row["process"]
        assert (environ["TWELVE_APP"], environ["TWELVE_DEPLOY"]) == ("shop", "production")
        assert environ.get("PORT") == (str(row["port"]) if row["port"] else None)
        added = set(environ) - set(config) - set(defaults) - attached
        # The shell that fills in $PORT adds some, gunicorn and celery some for their children.
        grown = {n for n in added if n.startswith(("CELERY", "FORKED", "GUNICORN", "SERVER_"))}
        grown |= {
            "PWD",
            "OLDPWD",
            "SHLVL",
            "_",
            "DJANGO_SETTINGS_MODULE",
            "LC_CTYPE",
            "_MP_FORK_LOGLEVEL_",
            "_MP_FORK_LOGFILE_",
        }
        assert added - grown <= OF_TWELVE | OF_THE_MACHINE | OF_PYTHON


def test_each_process_runs_in_the_layer_of_its_release_and_cannot_write_it(shop):
    ledger = shop.json("releases", "show", shop.current)
    layers = shop.home.home / "layers"
    built = ledger["artifact"]["built"]
    for row, pid in apps_of(shop):
        cwd = Path(os.readlink(f"/proc/{pid}/cwd"))
        assert cwd == layers / built["app_digest"], row["process"]
        mounts = Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
        mine = {line.split()[4]: line.split()[5].split(",") for line in mounts}
        below = {place: options for place, options in mine.items() if place.startswith(str(layers))}
        if below:
            assert str(layers / built["deps_digest"]) in below
            assert all("ro" in options for options in below.values()), below


def test_each_process_has_the_uid_of_its_deploy_and_no_other_has(shop, calm):
    shop.settled()
    calm.settled()

    def uids(app: App) -> set[int]:
        return {os.stat(f"/proc/{pid}").st_uid for _, pid in apps_of(app)}

    assert len(uids(shop)) == 1
    if os.geteuid() == 0:
        assert uids(shop) != uids(calm)
        assert 0 not in uids(shop) | uids(calm)


def test_what_ps_claims_is_alive_and_listens(shop):
    from demo.leftovers import inodes, listeners

    listening = listeners()
    for row in shop.up().values():
        assert row["last_exit"] is None or row["restarts"], row
        if row["port"]:
            owned = {listening.get(i) for pid in family(row["pid"]) for i in inodes(pid)}
            assert f"port {row['port']}" in owned
