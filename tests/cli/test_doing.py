"""The last line of a terminal says what is being done; elsewhere there is none."""

import os
import pty
import re
import subprocess
import sys

from twelve.cli.doing import WORDS
from twelve.factors.releases.journal import Step

SCRIPT = """
import sys, threading
from twelve.cli.doing import now_doing
with now_doing(shown=sys.stdout.isatty()) as doing:
    doing.begin("build")
    while sys.stdout.isatty() and not doing.drawn:
        threading.Event().wait(0.01)
    with doing.aside():
        print("a line of the build")
    doing.begin("drain")
print("end")
"""


def test_every_step_before_the_answer_has_its_words():
    # What follows the switch goes on without whoever called.
    assert set(WORDS) == set(Step) - {Step.DRAIN, Step.DONE}


def test_a_terminal_shows_the_step_and_no_trace_of_it_is_left():
    ours, theirs = pty.openpty()
    subprocess.run([sys.executable, "-c", SCRIPT], stdout=theirs, check=True, timeout=60)
    os.close(theirs)
    seen = b""
    while not seen.endswith(b"end\r\n"):
        seen += os.read(ours, 65536)
    os.close(ours)
    text = seen.decode()

    assert re.search(r". building  0\.\d s", text)
    left = [line.rsplit("\r\x1b[K", 1)[-1] for line in text.split("\r\n")]
    assert left == ["a line of the build", "end", ""]


def test_a_pipe_gets_the_lines_alone():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, check=True, timeout=60, text=True
    )

    assert done.stdout == "a line of the build\nend\n"
