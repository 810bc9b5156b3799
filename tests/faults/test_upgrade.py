"""Twelve is upgraded under load: all its parts are replaced, and nobody notices."""

import asyncio
import os
import shutil
import subprocess
import sys
import sysconfig
from collections import Counter
from pathlib import Path

import pytest
from demo.home import Home, make_home
from tests.faults.customer import Asking
from tests.faults.judging import misdone, misprinted
from tests.faults.keeping import Keeping
from tests.faults.outside import instances, supervisor_pid
from tests.faults.witness import Witness
from tests.faults.worlds import make_till
from tests.live.worlds import until

import twelve
from twelve.engines.local.router.files import installed

pytestmark = [pytest.mark.live, pytest.mark.slow]


def install_another(folder: Path) -> str:
    """The same Twelve under another version, in an environment of its own; its interpreter."""
    ours = Path(twelve.__file__).parent
    new = shutil.copytree(ours, folder / "code/twelve") / "__init__.py"
    new.write_text(new.read_text().replace(twelve.__version__, "99.0"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv/bin/python"
    site = next((folder / "venv/lib").glob("python*/site-packages"))
    paths = (folder / "code", sysconfig.get_path("purelib"))
    (site / "another.pth").write_text("".join(f"{path}\n" for path in paths))
    # As root the parts run under uids of their own.
    for path in (folder / "code", folder / "venv"):
        subprocess.run(["chmod", "-R", "a+rX", path], check=True)
    envoy = folder / "envoy"
    shutil.copy2(installed(), envoy)
    return str(python)


def renew(home: Home, python: str, **settings: str) -> str:
    done = subprocess.run(
        [python, "-m", "twelve", "renew"],
        env={**home.environ, **settings},
        cwd=home.folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def living(home: Home) -> dict[str, tuple[int, int]]:
    """Init and program of all that runs, by name."""
    rows = asyncio.run(instances(home))
    return {row["name"]: (row["pid"], row["app_pid"]) for row in rows if row["pid"]}


def words(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")


def test_an_upgrade_replaces_every_part_and_nobody_notices():
    home = make_home(TWELVE_HANDOVER="2s", TWELVE_DIE_AT="/dev/null")
    try:
        with Witness() as witness:
            till = make_till(home, witness)
            till.whole()
            python = install_another(home.folder)
            before, supervisor = living(home), supervisor_pid(home)
            with (
                Asking(home.port, till.app.host, 50) as asking,
                Keeping(home.port, till.app.host, 4) as keeping,
            ):
                until(lambda: keeping.asked > 100)
                told = renew(home, python, TWELVE_ENVOY_BIN=str(home.folder / "envoy"))
                until(lambda: not os.path.exists(f"/proc/{before['twelve/router@-'][0]}"))
                asked = keeping.asked
                until(lambda: keeping.asked > asked + 100)
                keeping.enough.set()
                total = asking.stop()
            after = living(home)

            assert total["failures"] == []
            assert keeping.failures == []
            assert total["sent"] > 50
            # The kept connections were closed in good order, each about once.
            assert len(keeping.threads) < keeping.opened <= 3 * len(keeping.threads)
            assert misdone(total, Counter(witness.done)) == []
            assert told == "renewed: collector, control, router\ngoes on as it is: redis\n"

            apps = {name: pids for name, pids in before.items() if name.startswith("till/")}
            assert len(apps) >= 3
            assert {name: after.get(name) for name in apps} == apps
            assert supervisor_pid(home) == supervisor
            assert words(supervisor)[0] == python
            assert words(after["twelve/collector@-"][1])[0].startswith(python)
            assert set(after) - set(apps) == {
                "twelve/control@-",
                "twelve/collector@-",
                "twelve/router.1@-",
                "twelve/redis@-",
            }
            assert after["twelve/redis@-"] == before["twelve/redis@-"]
            printed = dict(witness.printed)
            lines = till.app.twelve("logs", "-n", "1000000", "--json").out
            assert misprinted(lines, printed) == []

            # The same once more is no upgrade: only control starts anew.
            told = renew(home, python, TWELVE_ENVOY_BIN=str(home.folder / "envoy"))
            assert told == "renewed: control\ngoes on as it is: collector, redis, router\n"
            assert till.app.get("/").status == 200
    finally:
        home.end()
