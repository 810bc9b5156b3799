"""``up`` like the last one: its processes run at once, and nothing else is different."""

import marshal
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from tests.live.upping import WEB, Up, ended, environ_of, make_app, until, write

pytestmark = pytest.mark.live
Starts = Callable[..., Up]

TALK = 'talk: echo "$WORD $TWELVE_RELEASE" >>starts.log; echo said $WORD; exec sleep 60\n'


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    tmp_path.chmod(0o755)
    return environ_of(tmp_path / "home", 19100 + os.getpid() % 800)


@pytest.fixture
def up(environ: dict[str, str]) -> Iterator[Starts]:
    """Starts ``up``; all of it is ended afterwards, and nothing may be left."""
    with ExitStack() as stack:
        begun: list[Up] = []

        def start(folder: Path, *words: str) -> Up:
            mine = Up(folder, environ, *words)
            begun.append(mine)
            return stack.enter_context(ended(mine))

        yield start
        stack.close()
        for each in begun:
            assert each.leftovers() == []


def make_talker(parent: Path, **files: str) -> Path:
    own = {"Procfile": TALK, ".env": "WORD=one\nHIDDEN=zq81kx\n", "starts.log": ""}
    folder = make_app(parent, **{**own, **files})
    for path in (folder, folder / "starts.log"):
        path.chmod(0o777 if path.is_dir() else 0o666)
    return folder


def foreseen(environ: dict[str, str]) -> list[Path]:
    return sorted(Path(environ["TWELVE_HOME"], "foreseen").glob("????????"))


def run_once(up: Starts, folder: Path, *words: str) -> Up:
    mine = up(folder, *words).is_up()
    assert mine.end() == 0
    return mine


def starts(folder: Path) -> list[str]:
    return (folder / "starts.log").read_text().splitlines()


def test_the_second_start_shows_its_processes_first_and_starts_them_once(
    up: Starts, tmp_path: Path, environ: dict[str, str]
):
    folder = make_talker(tmp_path)
    run_once(up, folder)

    second = run_once(up, folder)
    third = run_once(up, folder)

    for each in (second, third):
        assert each.said[0] == "talk.1 │ said one"
        assert each.text.count("said one") == 1
        assert each.text.count("talk.1 is up") == 1
        assert "exited: SIGTERM" in each.text
    assert starts(folder) == ["one v1", "one v2", "one v3"]
    assert b"zq81kx" not in foreseen(environ)[0].read_bytes(), "no value of .env is written down"


def test_what_has_changed_never_runs_as_it_was(up: Starts, tmp_path: Path):
    folder = make_talker(tmp_path)
    run_once(up, folder)

    write(folder / ".env", "WORD=two\n")
    run_once(up, folder)
    write(folder / "Procfile", TALK.replace("echo said", "echo cried"))
    changed = run_once(up, folder)

    assert starts(folder) == ["one v1", "two v2", "two v3"]
    assert "cried two" in changed.text
    assert "said" not in changed.text


def test_a_process_that_is_wanted_otherwise_today_is_replaced(
    up: Starts, tmp_path: Path, environ: dict[str, str]
):
    folder = make_talker(tmp_path)
    run_once(up, folder)
    written = foreseen(environ)[0]
    # As if something had been overlooked that the launch follows from.
    written.write_bytes(written.read_bytes().replace(b"echo said", b"echo SAID"))

    second = run_once(up, folder)

    assert "SAID one" in second.text
    assert second.text.count("said one") == 1
    assert second.text.rindex("said one") > second.text.index("SAID one")


def test_a_web_process_keeps_its_port_or_moves_when_a_stranger_has_it(up: Starts, tmp_path: Path):
    folder = make_app(tmp_path, WEB)
    first = up(folder).is_up()
    port = int(first.get("/PORT"))
    first.end()

    second = up(folder).is_up()
    kept = int(second.get("/PORT"))
    page = second.get()
    second.end()
    with closing(socket.socket()) as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", kept))
        stranger.listen()
        third = up(folder).is_up()
        moved = int(third.get("/PORT"))
        third.end()

    assert (kept, page) == (port, "one")
    assert moved != kept


def test_every_line_of_a_burst_at_the_start_is_shown_once_and_in_order(up: Starts, tmp_path: Path):
    folder = make_app(tmp_path, "burst: seq 1 20000; printf 'no end'; sleep 60\n")
    run_once(up, folder)

    second = up(folder).is_up()
    until(lambda: "│ 20000\n" in second.text)
    second.end()

    shown = [line.split("│ ")[1] for line in second.said if line.startswith("burst.1")]
    assert shown == [*map(str, range(1, 20001)), "no end"]


def test_one_that_dies_at_once_ends_up_with_its_cause(up: Starts, tmp_path: Path):
    dies = TALK.replace("exec sleep", "grep -q open gate.md || exit 7; exec sleep")
    folder = make_talker(tmp_path, **{"Procfile": dies, "gate.md": "open"})
    run_once(up, folder)
    write(folder / "gate.md", "shut")

    failing = up(folder)

    assert failing.wait() == 1
    assert failing.said[0] == "talk.1 │ said one"
    assert "exited with code 7" in failing.text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_told_to_leave_after_the_first_line_it_leaves_nothing(
    up: Starts, tmp_path: Path, number: int
):
    folder = make_talker(tmp_path)
    run_once(up, folder)

    second = up(folder)
    second.until("said one")
    code = second.end(number)

    assert code == 0
    assert second.leftovers() == []


def test_killed_after_the_first_line_the_next_one_ends_what_it_left(up: Starts, tmp_path: Path):
    folder = make_talker(tmp_path)
    run_once(up, folder)
    killed = up(folder)
    killed.until("said one")
    killed.send(signal.SIGKILL)
    killed.wait()
    begun = time.monotonic()

    after = run_once(up, folder)

    assert after.text.count("said one") == 1
    assert time.monotonic() - begun < 60


def test_when_the_early_supervisor_cannot_live_the_long_way_is_gone(
    up: Starts, tmp_path: Path, environ: dict[str, str]
):
    folder = make_talker(tmp_path)
    run_once(up, folder)
    run_once(up, folder)
    written = Path(environ["TWELVE_HOME"], "foreseen/modules")
    made_of, signatures, entries = marshal.loads(written.read_bytes())
    name = "twelve.engines.local.supervisor.keeper"
    broken = compile("raise ImportError('torn')", "keeper.py", "exec")
    entries[name] = (*entries[name][:2], marshal.dumps(broken))
    written.write_bytes(marshal.dumps((made_of, signatures, entries)))

    third = run_once(up, folder)

    assert third.text.count("said one") == 1
    assert third.said[0] != "talk.1 │ said one"
    assert starts(folder)[-1].startswith("one v")
