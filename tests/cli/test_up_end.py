"""The end of ``up``: at once, and nothing that an exit is told is left out."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import atexit
from twelve.cli.up import leave
atexit.register(print, "told")
print("said", end=" ")
{before}
leave(3)
"""


@pytest.mark.parametrize("before", ["", "import threading; threading.Timer(60, print).start()"])
def test_what_was_said_is_out_and_exits_are_told_and_nobody_is_waited_for(before):
    words = [sys.executable, "-c", PROGRAM.format(before=before)]

    ended = subprocess.run(words, capture_output=True, text=True, timeout=50, check=False)

    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "said told\n", "")


def test_a_reader_that_is_gone_does_not_hold_it_up():
    words = [sys.executable, "-c", PROGRAM.format(before="")]
    environ = os.environ | {"PYTHONUNBUFFERED": ""}
    with subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as up:
        up.stdout.close()

        assert up.wait(50) == 3
        assert up.stderr.read() == b""
