"""Stand-ins: what the supervisor uses of some modules, as those modules have it."""

import ctypes
import errno
import json
import os
import signal
import subprocess
import sys
from typing import NamedTuple

import pytest

from twelve.engines.local.early import standins

DATA = {"b": [1, 2.5, None, True], "a": {"text": 'é "\n\x00', "empty": []}, "n": -3}


@pytest.mark.parametrize(
    "how",
    [{}, {"sort_keys": True, "separators": (",", ":"), "ensure_ascii": False}],
)
def test_json_reads_and_writes_as_the_module_does(how):
    stand_in = standins.json()

    text = stand_in.dumps(DATA, **how)

    assert text == json.dumps(DATA, **how)
    assert stand_in.loads(f" {text}\n") == DATA
    assert stand_in.loads(text.encode()) == DATA


@pytest.mark.parametrize("text", ["", "{", "nonsense"])
def test_json_refuses_what_is_none(text):
    with pytest.raises(ValueError, match=r".*"):
        standins.json().loads(text)


def test_a_tuple_has_names_defaults_and_its_own_methods():
    class Real(NamedTuple):
        a: int
        b: str = "x"

        def both(self):
            return f"{self.a}{self.b}"

    class Mine(standins.NamedTuple):
        a: int
        b: str = "x"

        def both(self):
            return f"{self.a}{self.b}"

    for kind in (Real, Mine):
        one = kind(1)
        assert (one, one.a, one.b, one.both()) == ((1, "x"), 1, "x", "1x")
        assert one._replace(b="y") == kind(a=1, b="y")
        assert one._asdict() == {"a": 1, "b": "x"}
        for words, named in (((), {}), ((1, "x", 2), {}), ((1,), {"a": 2}), ((1,), {"c": 2})):
            with pytest.raises(TypeError):
                kind(*words, **named)


def test_signals_have_names_and_numbers():
    stand_in = standins.signal()

    assert stand_in.Signals(15).name == "SIGTERM"
    assert stand_in.Signals.__members__["SIGKILL"] == signal.SIGKILL
    assert stand_in.SIGRTMIN == signal.SIGRTMIN
    assert stand_in.valid_signals() == {int(one) for one in signal.valid_signals()}
    with pytest.raises(ValueError, match="not a valid"):
        stand_in.Signals(4711)


def test_calls_of_c_are_made_as_the_module_makes_them():
    stand_in = standins.ctypes()
    libc = stand_in.CDLL(None, use_errno=True)

    assert libc.getpid() == os.getpid()
    assert libc.close(-1) == -1
    assert stand_in.get_errno() == errno.EBADF
    libc.getenv.argtypes = (stand_in.c_char_p,)
    libc.getenv.restype = stand_in.c_char_p
    assert libc.getenv(b"PATH") == os.environb[b"PATH"]
    for asked in ((b"ab",), (b"a\0b", 3), (5,)):
        mine, real = stand_in.create_string_buffer(*asked), ctypes.create_string_buffer(*asked)
        assert mine.raw == real.raw
    assert stand_in.c_size_t(-1).value == ctypes.c_size_t(-1).value
    with pytest.raises(AttributeError):
        libc.no_such_call  # noqa: B018 - that is what is asked


def test_an_enumeration_finds_its_members_by_value():
    class State(standins.Enum):
        UP = "up"
        GONE = "gone"
        """A note."""

    assert State("up") is State.UP
    assert {State.UP: 1}[State("up")] == 1
    assert State.GONE.value == "gone"
    with pytest.raises(ValueError, match="not a valid"):
        State("other")


def test_sockets_carry_descriptors():
    stand_in = standins.socket()
    ours, theirs = stand_in.socketpair()

    stand_in.send_fds(ours, [b"x"], [0, 1])
    data, fds, _, _ = stand_in.recv_fds(theirs, 10, 4)

    assert (data, len(fds)) == (b"x", 2)
    for fd in fds:
        os.close(fd)
    ours.close()
    theirs.close()


def test_the_supervisor_imports_none_of_what_they_stand_for():
    program = (
        "import sys\n"
        "from twelve.engines.local.early import standins\n"
        "standins.install()\n"
        "import twelve.engines.local.supervisor.life\n"
        "print(*sys.modules)\n"
    )
    words = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        f"sys=__import__('sys');sys.path={sys.path!r};{''}\n{program}",
    ]

    found = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()

    assert not {"re", "_typing", "operator", "selectors", "json.decoder", "hashlib"} & set(found)


def test_what_is_missing_is_taken_from_the_module_itself():
    program = (
        "import sys\n"
        "from twelve.engines.local.early import standins\n"
        "standins.install()\n"
        "import collections, functools, typing\n"
        "print(collections.namedtuple('N', 'a')(1).a, functools.wraps(print), typing.Optional)\n"
    )
    words = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path = {sys.path!r}\n{program}"]

    found = subprocess.run(words, capture_output=True, text=True, check=True).stdout

    assert found.startswith("1 functools.partial(")


def test_what_is_computed_once_is_remembered():
    calls = []
    double = standins.functools().cache(lambda number: calls.append(number) or number * 2)

    assert (double(2), double(2), double(3)) == (4, 4, 6)
    assert calls == [2, 3]
