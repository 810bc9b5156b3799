"""One-offs from a terminal, from pipes, detached, and lost."""

import fcntl
import os
import pty
import signal
import struct
import termios
import time

import pytest
from tests.cli.worlds import TWELVE, until

pytestmark = pytest.mark.live


SHELL_TRAP = "trap 'echo caught; exit 9' INT; echo on; while :; do sleep 0.1; done"


class Terminal:
    """A call on a terminal of its own, 33 rows and 101 columns."""

    def __init__(self, home, *words):
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.chdir(home.folder)
            os.execve(TWELVE[0], [*TWELVE, *words], dict(home.environ))
        self.resize(33, 101)
        self.seen = b""

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        try:
            return os.read(self.fd, 65536)
        except OSError:
            return b""

    def until(self, text):
        while text not in self.seen:
            data = self.read()
            assert data, self.seen
            self.seen += data

    def type(self, data):
        os.write(self.fd, data)

    def end(self):
        while data := self.read():
            self.seen += data
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def newest(twelve):
    return twelve("runs", "ls", "-n", "1", "--json").json["runs"][0]


def test_a_run_from_a_terminal_has_one_with_its_size_and_follows_it(twelve):
    call = Terminal(twelve, "run", "--", "sh", "-c",
                    "test -t 0 && stty size; read x; stty size; echo got $x; exit 5")  # fmt: skip
    call.until(b"33 101")
    call.resize(44, 122)
    time.sleep(0.3)  # the size goes another way than what is typed: nothing to wait for
    call.type(b"hello\n")

    assert call.end() == 5
    assert b"44 122" in call.seen
    assert b"got hello" in call.seen


def test_ctrl_c_in_a_terminal_goes_to_the_run(twelve):
    call = Terminal(twelve, "run", "--", "sh", "-c", SHELL_TRAP)
    call.until(b"on")
    call.type(b"\x03")

    assert call.end() == 9
    assert b"caught" in call.seen


def test_a_value_that_is_asked_for_does_not_show(twelve):
    call = Terminal(twelve, "config", "set", "SHY_TOKEN")
    call.until(b"SHY_TOKEN: ")
    time.sleep(0.2)  # until the terminal's echo is off there is nothing to see
    call.type(b"hunter2\n")

    assert call.end() == 0
    assert b"hunter2" not in call.seen
    assert twelve.good("config", "get", "SHY_TOKEN") == "hunter2\n"
    twelve.good("config", "unset", "SHY_TOKEN")


def test_a_question_answered_with_no_does_nothing(twelve):
    call = Terminal(twelve, "apps", "destroy", "shelf")
    call.until(b"[y/N]")
    call.type(b"n\n")

    assert call.end() == 1
    assert b"nothing was done" in call.seen
    assert "shelf/production" in twelve.good("apps")


def test_a_terminal_has_colour_unless_it_is_not_wanted(twelve):
    colourful = Terminal(twelve, "ps")
    colourful.end()
    plain = Terminal(twelve._replace(environ={**twelve.environ, "NO_COLOR": "1"}), "ps")
    plain.end()

    assert b"\x1b[" in colourful.seen
    assert b"\x1b[" not in plain.seen


def test_pipes_carry_bytes_both_ways_and_close_by_halves(twelve):
    data = bytes(range(256)) * 4096
    done = twelve.start("run", "--", "sh", "-c", "cat; echo over >&2; exit 3", stdin=-1)
    out, err = done.communicate(data, timeout=60)

    assert out == data
    assert err == b"over\n"
    assert done.returncode == 3


def test_a_run_exits_as_its_command_does(twelve):
    assert twelve("run", "--", "sh", "-c", "exit 7").code == 7
    assert twelve("run", "--", "sh", "-c", "kill -KILL $$").code == 137
    missing = twelve("run", "--", "no-such-program")
    assert missing.code == 127
    assert "no such program on PATH" in missing.err
    assert twelve("run", "echo", "-n", "a b").out == "a b"


def test_a_run_has_the_release_its_config_and_its_name(twelve):
    out = twelve.good("run", "--", "sh", "-c", "echo $TWELVE_APP/$TWELVE_DEPLOY $TWELVE_RELEASE")

    release = twelve("ps", "--json").json["release"]
    assert out == f"shelf/production {release}\n"


def test_a_signal_without_a_terminal_is_passed_on(twelve):
    call = twelve.start("run", "--", "sh", "-c", SHELL_TRAP)
    assert call.stdout.readline() == b"on\n"
    call.send_signal(signal.SIGINT)

    call.communicate(timeout=20)
    assert call.returncode == 9


def test_a_run_whose_reader_left_ends_as_it_would_here(twelve):
    call = twelve.start("run", "--", "yes")
    assert call.stdout.readline() == b"y\n"
    call.stdout.close()

    assert call.wait(30) == 141
    call.stderr.close()
    assert newest(twelve)["signal"] == "SIGPIPE"


def test_a_lost_caller_does_not_end_a_run(twelve):
    call = twelve.start("run", "--", "sh", "-c", "echo on; sleep 1")
    assert call.stdout.readline() == b"on\n"
    call.kill()
    call.communicate()

    assert newest(twelve)["ended_ns"] is None
    until(lambda: newest(twelve)["code"] == 0)


def test_a_lost_caller_ends_a_run_that_asked_for_it(twelve):
    call = twelve.start("run", "--rm-on-hangup", "--", "sh", "-c", "echo on; exec sleep 60")
    assert call.stdout.readline() == b"on\n"
    call.kill()
    call.communicate()

    until(lambda: newest(twelve)["signal"] == "SIGTERM")


def test_a_detached_run_is_found_in_the_record_with_what_it_printed(twelve):
    name = twelve.good(
        "run", "--detach", "--", "sh", "-c", "echo out; echo err >&2; exit 4"
    ).strip()
    until(lambda: twelve("runs", "show", name, "--json").json["code"] == 4)

    shown = twelve.good("runs", "show", name)
    assert "exit 4" in shown
    assert "| out\n" in shown
    assert "| err\n" in shown
    row = next(line for line in twelve.good("runs").splitlines() if line.startswith(name))
    assert "sh -c 'echo out; echo err >&2; exit 4'" in row


def test_a_run_is_stopped_by_name_and_its_end_is_told(twelve):
    name = twelve.good("run", "--detach", "--", "sleep", "60").strip()

    assert twelve.good("runs", "stop", name) == "SIGTERM\n"
    assert twelve("runs", "show", name, "--json").json["signal"] == "SIGTERM"
