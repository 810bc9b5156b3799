"""The look for orphans sees them, and takes nobody else for one."""

import subprocess
import sys

import pytest
from demo.home import make_home
from demo.leftovers import command
from tests.live.worlds import probe, until
from tests.orphans import orphans_now

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

DOUBLE = (
    "import os,sys,time\n"
    "if os.fork(): os._exit(0)\n"
    "os.setsid()\n"
    "print(os.getpid(), flush=True)\n"
    "os.close(1); time.sleep(60)\n"
)


def test_a_home_at_work_has_none_and_one_that_left_its_parents_is_one():
    home = make_home()
    try:
        app = probe(home, "calm")
        app.deploy()
        until(lambda: not orphans_now(home))
        words = [sys.executable, "-c", DOUBLE]
        started = subprocess.run(words, cwd=home.folder, stdout=subprocess.PIPE, check=True)
        pid = int(started.stdout)

        assert orphans_now(home) == [f"{pid}: {command(pid)}"]

        subprocess.run(["kill", "-9", str(pid)], check=True)
        until(lambda: not orphans_now(home))
    finally:
        home.end()
