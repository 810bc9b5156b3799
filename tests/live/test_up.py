"""``twelve up``: the app of a folder, for development."""

import contextlib
import hashlib
import os
import re
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from tests.live.upping import (
    PROGRAM,
    SERVER,
    WEB,
    Up,
    ended,
    environ_of,
    make_app,
    processes_of,
    until,
    write,
)

pytestmark = pytest.mark.live
Starts = Callable[..., Up]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    tmp_path.chmod(0o755)
    return environ_of(tmp_path / "home", 18100 + os.getpid() % 800)


@pytest.fixture
def up(environ: dict[str, str]) -> Iterator[Starts]:
    """Starts ``up``; all of it is ended afterwards, and nothing may be left."""
    with ExitStack() as stack:
        begun: list[Up] = []

        def start(folder: Path, *words: str, **more: object) -> Up:
            mine = Up(folder, environ | more.pop("environ", {}), *words, **more)  # type: ignore[arg-type,operator]
            begun.append(mine)
            return stack.enter_context(ended(mine))

        yield start
        stack.close()
        for each in begun:
            assert each.leftovers() == []


def test_a_procfile_without_dependencies_runs_until_ctrl_c(up: Starts, tmp_path: Path):
    folder = make_app(
        tmp_path,
        "web: python3 app.py\nclock: while :; do echo tick; sleep 1; done\njob: ./job a b\n",
        job="#!/bin/sh\necho got $*\necho also >&2\nprintf 'no end'\nexec sleep 100\n",
    )

    mine = up(folder)
    mine.is_up()
    page = mine.get()
    until(lambda: "also" in mine.text)
    code = mine.end()

    assert (code, page) == (0, "one")
    assert "job.1   │ got a b" in mine.said
    assert "job.1   │ also" in mine.said
    assert "job.1   │ no end" in mine.said, "a partial line comes when its process has ended"
    assert "clock.1 │ tick" in mine.said
    assert "web.1   │ serving one" in mine.said
    assert "twelve  │ web.1 exited: code 0 after" in mine.text
    assert sum("no dependencies are declared" in line for line in mine.said) == 1
    assert mine.leftovers() == []


def test_a_pipe_gets_plain_lines_and_a_terminal_colours_by_type(up: Starts, tmp_path: Path):
    folder = make_app(tmp_path, "red: printf '\\033[31mapp\\n' && sleep 60\nweb: python3 app.py\n")

    with_tty = up(folder, tty=True)
    with_tty.is_up()
    with_tty.end()
    plain = up(folder)
    plain.is_up()
    plain.end()
    quiet = up(folder, tty=True, environ={"NO_COLOR": "1"})
    quiet.is_up()
    quiet.end()

    heads = set(re.findall(r"\x1b\[(\d+)m\d\d:\d\d:\d\d (red|web|twelve)", with_tty.text))
    assert {name for _, name in heads} == {"red", "web", "twelve"}
    assert len({colour for colour, _ in heads}) == 3
    assert "\x1b[31mapp\n" in plain.text, "what the app colours is its own"
    assert plain.text.count("\x1b") == 1
    assert quiet.text.count("\x1b") == 1


def test_types_without_web_have_no_address(up: Starts, tmp_path: Path):
    folder = make_app(tmp_path, "worker: echo at work && sleep 60\n")

    mine = up(folder)
    mine.is_up()
    mine.end()

    assert "http://" not in mine.text
    assert f"twelve   │ {folder.name} is up" in mine.said


def test_twenty_types_run_side_by_side(up: Starts, tmp_path: Path):
    types = [f"t{number:02}" for number in range(20)]
    procfile = "".join(f"{name}: echo i am {name} && exec sleep 60\n" for name in types)

    mine = up(make_app(tmp_path, procfile))
    mine.is_up()
    code = mine.end()

    assert code == 0
    assert all(f"{name}.1  │ i am {name}" in mine.said for name in types)


def test_quantities_and_another_procfile_are_taken_from_the_call(up: Starts, tmp_path: Path):
    folder = make_app(tmp_path, WEB + "worker: echo never && sleep 60\n")
    write(folder / "Procfile.dev", WEB + "worker: echo w && sleep 60\nextra: echo x && sleep 60\n")

    mine = up(folder, "-f", "Procfile.dev", "-m", "web=2,worker=0")
    mine.is_up()
    mine.end()

    shown = {line.split(" ")[0] for line in mine.said}
    assert {"web.1", "web.2", "extra.1"} <= shown
    assert not {name for name in shown if name.startswith("worker")}


@pytest.mark.parametrize(
    ("words", "files", "sentence"),
    [
        (("-m", "wob=2"), {}, "'wob' is not a process type of this app: there are web"),
        (("-m", "web"), {}, "'web' is not a quantity"),
        (("-f", "Procfile.no"), {}, "Procfile.no: there is no such file"),
        ((), {".env": "A=1\nB C\n"}, ".env:2: has no '='"),
        ((), {".env": "PORT=1\n"}, "PORT"),
        ((), {"Procfile": "web: a\nweb: b\n"}, "Procfile:2: web is there already"),
        ((), {"twelve.toml": "[proceses]\n"}, "proceses"),
    ],
)
def test_bad_input_is_named_and_nothing_is_started(
    up: Starts, tmp_path: Path, words: tuple[str, ...], files: dict[str, str], sentence: str
):
    folder = make_app(tmp_path, **files)

    mine = up(folder, *words)

    assert mine.wait() == 1
    assert sentence in mine.text
    assert "serving" not in mine.text
    assert not (tmp_path / "home").exists()


def test_a_first_start_that_fails_ends_all_of_it_with_the_cause_last(up: Starts, tmp_path: Path):
    folder = make_app(tmp_path, WEB + "broken: echo what is wrong >&2; exit 3\n")

    mine = up(folder)
    code = mine.wait()

    assert code == 1
    assert "broken.1 │ what is wrong" in mine.said
    assert mine.said[-1].startswith("twelve: broken.1 exited with code 3 before it was up: echo")


def test_a_crash_is_told_after_its_last_lines_and_mended_by_a_restart(up: Starts, tmp_path: Path):
    crash = """#!/bin/sh
        until [ -e go ]; do sleep 0.05; done
        [ -e gone ] || { touch gone; echo last words; exit 7; }
        exec sleep 60
    """
    folder = make_app(tmp_path, WEB + "job: ./job\n", job=crash)
    folder.chmod(0o777)

    mine = up(folder, "--no-reload")
    mine.is_up()
    write(mine.folder / "go", "")
    mine.until(r"job.1  │ last words\n.*twelve │ job.1 exited: code 7 after \d+\.\d s")
    mine.until(r"twelve │ job.1 started, restart 1")
    mine.end()


def test_a_saved_file_starts_new_processes_beside_the_old(up: Starts, tmp_path: Path):
    mine = up(make_app(tmp_path))
    mine.is_up()

    write(mine.folder / "app.py", SERVER.replace('"one"', '"two"'))
    mine.until(r"app.py changed: starting anew")
    mine.until(r"web.1 is up")
    until(lambda: mine.get() == "two")
    write(mine.folder / "app.py", "syntax error\n")
    mine.until(r"SyntaxError")
    mine.until(r"the former processes go on")
    assert mine.get() == "two"
    write(mine.folder / "app.py", SERVER.replace('"one"', '"three"'))
    mine.until(r"web.1 is up")
    until(lambda: mine.get() == "three")

    assert mine.end() == 0
    assert not [line for line in mine.said if "exited: code 0" in line][1:], mine.text


def test_env_and_procfile_count_at_once_and_a_fault_in_them_changes_nothing(
    up: Starts, tmp_path: Path
):
    folder = make_app(tmp_path, **{".env.example": "SECRET_KEY=\n# a number\nLEVEL=3\n"})
    write(folder / ".env", "WORD='from env'\n")
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    write(folder / ".gitignore", ".env\nmade-here\n")

    mine = up(folder)
    mine.is_up()
    assert mine.get("/WORD") == "from env"
    key = mine.get("/SECRET_KEY")
    assert len(key) == 48
    write(folder / ".env", "WORD=changed\n")
    mine.until("web.1 is up")
    until(lambda: mine.get("/WORD") == "changed")
    write(folder / ".env", "WORD=changed\nnonsense\n")
    mine.until(r".env:2: has no '='")
    mine.until("the former processes go on")
    write(folder / "made-here", "ignored by git")
    write(folder / "Procfile", WEB + "more: echo more of it && sleep 60\n")
    write(folder / ".env", "WORD=again\n")
    mine.until(r"more.1 │ more of it")
    mine.until("web.1 is up")
    until(lambda: mine.get("/WORD") == "again")
    assert mine.get("/SECRET_KEY") == key
    mine.end()

    assert sum("made up for development: SECRET_KEY" in line for line in mine.said) == 1
    assert "made-here" not in mine.text


def test_what_the_app_writes_itself_starts_nothing(up: Starts, tmp_path: Path):
    folder = make_app(tmp_path)
    mine = up(folder)
    mine.is_up()

    for name in (
        "db.sqlite3",
        "db.sqlite3-wal",
        "logs/a",
        "x.log",
        "media/u.png",
        "__pycache__/m.pyc",
    ):
        write(folder / name, "x")
    write(folder / "node_modules/a/index.js", "x")
    write(folder / "new/module.py", "x = 1\n")
    mine.until(r"new changed|new/module.py changed")
    mine.until("web.1 is up")
    write(folder / "new/module.py", "x = 2\n")
    mine.until(r"new/module.py changed")
    mine.until("web.1 is up")
    mine.end()

    assert [line for line in mine.said if " changed: " in line and "new" not in line] == []


def test_a_file_that_each_start_writes_is_left_alone_in_the_end(up: Starts, tmp_path: Path):
    folder = make_app(tmp_path, **{"app.py": "open('state', 'a').write('x')\n" + SERVER})
    folder.chmod(0o777)
    write(folder / "state", "")
    (folder / "state").chmod(0o666)

    mine = up(folder)
    mine.is_up()
    write(folder / "other.py", "")
    mine.until(r"state changes at each start: left alone")
    until(lambda: mine.text.count("is up on port") > 1)
    assert mine.get() == "one"
    mine.end()


def test_without_reload_a_change_changes_nothing(up: Starts, tmp_path: Path):
    mine = up(make_app(tmp_path), "--no-reload")
    mine.is_up()

    write(mine.folder / "app.py", SERVER.replace('"one"', '"two"'))
    time.sleep(1)  # what is not done cannot be awaited

    assert mine.get() == "one"
    mine.end()
    assert "changed" not in mine.text


def test_a_hanging_start_is_put_off_by_the_next_save(up: Starts, tmp_path: Path):
    mine = up(make_app(tmp_path))
    mine.is_up()

    write(mine.folder / "app.py", "print('hanging', flush=True)\nimport time; time.sleep(100)\n")
    mine.until("hanging")
    write(mine.folder / "app.py", SERVER.replace('"one"', '"two"'))
    mine.until("web.1 is up", 10)
    until(lambda: mine.get() == "two")
    mine.end()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_end_it_as_well(up: Starts, tmp_path: Path, number: int):
    mine = up(make_app(tmp_path))
    mine.is_up()

    assert mine.end(number) == 0
    assert mine.leftovers() == []


def test_a_second_ctrl_c_does_not_wait_for_the_grace(up: Starts, tmp_path: Path):
    deaf = "deaf: trap '' TERM; echo deaf; while :; do sleep 1; done\n"
    mine = up(make_app(tmp_path, deaf))
    mine.is_up()

    mine.send()
    mine.until("stopping")
    began = time.monotonic()
    time.sleep(0.5)  # what asks twice at once means it once
    assert mine.end() == 0

    assert time.monotonic() - began < 5
    mine.until("not waiting any longer")


def test_a_reader_that_goes_away_ends_it(up: Starts, tmp_path: Path, environ: dict[str, str]):
    folder = make_app(tmp_path, "talk: while :; do echo line; sleep 0.1; done\n")
    watcher = Up(folder, environ)
    watcher.is_up()
    watcher.end()

    done = subprocess.run(
        ["/bin/sh", "-c", f"{PROGRAM} up | head -n 3"],
        cwd=folder, env=environ, capture_output=True, timeout=30, check=False,
    )  # fmt: skip

    assert len(done.stdout.splitlines()) == 3
    until(lambda: watcher.leftovers() == [])


def test_no_line_is_lost_at_the_end(up: Starts, tmp_path: Path):
    many = "#!/bin/sh\ntrap 'seq 20000; exit 0' TERM\necho ready\nwhile :; do sleep 0.05; done\n"
    mine = up(make_app(tmp_path, "many: ./many\n", many=many))
    mine.is_up()
    mine.end()

    numbers = re.findall(r"many.1 │ (\d+)$", mine.text, re.MULTILINE)
    assert numbers == [str(number) for number in range(1, 20001)]


@pytest.mark.parametrize("also", ["nothing else", "the supervisor"])
def test_what_a_killed_up_left_is_ended_by_the_next(up: Starts, tmp_path: Path, also: str):
    folder = make_app(tmp_path)
    first = up(folder)
    first.is_up()
    left = processes_of(folder.name)
    first.send(signal.SIGKILL)
    first.wait()
    if also == "the supervisor":
        # Its zygote bears the same words and ends with it.
        pids = [int(each.split(":")[0]) for each in left if "local.supervisor" in each]
        os.kill(min(pids), signal.SIGKILL)
    assert processes_of(folder.name)

    second = up(folder)
    second.until(r"a former `up` here was killed: ending what it left: web.1")
    second.is_up()
    assert second.get() == "one"
    assert second.address == first.address
    assert second.end() == 0


def test_an_up_that_was_killed_with_all_its_parts_is_followed_by_the_next(
    up: Starts, tmp_path: Path
):
    folder = make_app(tmp_path)
    first = up(folder)
    first.is_up()
    first.send(signal.SIGKILL)
    for each in processes_of(folder.name):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(each.split(":")[0]), signal.SIGKILL)
    first.wait()
    until(lambda: not processes_of(folder.name))

    second = up(folder)
    second.is_up()
    assert second.get() == "one"
    assert second.end() == 0


def test_two_of_one_folder_conflict_and_two_folders_run_side_by_side(up: Starts, tmp_path: Path):
    one = up(make_app(tmp_path))
    one.is_up()
    again = up(one.folder)
    assert again.wait() == 1
    assert f"{one.folder}: another `twelve up` runs there (pid {one.process.pid})" in again.text
    two = up(make_app(tmp_path))
    two.is_up()

    assert two.address[1] == one.address[1] + 1
    assert f"port {one.address[1]} is taken; using {two.address[1]}" in two.text
    assert (one.get(), two.get()) == ("one", "one")
    one.end()
    assert two.get() == "one"
    two.end()


def test_a_port_that_a_stranger_holds_is_passed_over(
    up: Starts, tmp_path: Path, environ: dict[str, str]
):
    taken = int(environ["TWELVE_HTTP_PORT"])
    with closing(socket.create_server(("127.0.0.1", taken))):
        mine = up(make_app(tmp_path))
        mine.is_up()
        assert f"port {taken} is taken; using {taken + 1}" in mine.text
        mine.end()


def test_hooks_run_in_the_folder_when_asked_and_their_failure_ends_it(up: Starts, tmp_path: Path):
    toml = '[build]\nhooks = ["echo building && cp app.py made.py", "echo $KEY > key"]\n'
    folder = make_app(
        tmp_path, "web: python3 made.py\n",
        **{"twelve.toml": toml + '[config.KEY]\nbuild = "for the build"\n'},
    )  # fmt: skip
    write(folder / ".env", "KEY=secret\n")
    if os.geteuid() == 0:
        refused = up(folder, "--build")
        assert refused.wait() == 1
        assert "hooks would have to run as root" in refused.text
        for path in (folder, *folder.iterdir()):
            os.chown(path, 65534, 65534)

    mine = up(folder, "--build")
    mine.is_up()
    assert mine.get("/KEY") == "secret"
    mine.end()
    assert (folder / "key").read_text() == "for the build\n"
    assert "build  │ building" in mine.said
    write(folder / "twelve.toml", toml.replace("echo building", "echo no good; false"))
    failed = up(folder, "--build")
    assert failed.wait() == 1
    assert "build  │ no good" in failed.said
    assert failed.said[-1].startswith("twelve: hook 1 (echo no good; false")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_root_runs_the_processes_as_the_folders_owner(up: Starts, tmp_path: Path):
    show = "who: id -u; touch mine && echo wrote; sleep 60\n"
    others = make_app(tmp_path, show)
    for path in (others, *others.iterdir()):
        os.chown(path, 65534, 65534)
    roots = make_app(tmp_path, show)

    mine = up(others)
    mine.until(r"who.1  │ 65534\n.*who.1  │ wrote")
    mine.end()
    other = up(roots)
    other.is_up()
    other.end()

    assert (others / "mine").stat().st_uid == 65534
    assert not (roots / "mine").exists()
    assert sum("the folder is root's" in line for line in other.said) == 1


def test_resources_of_the_manifest_keep_their_data_between_runs(up: Starts, tmp_path: Path):
    toml = '[resources]\nREDIS_URL = "redis"\n'
    folder = make_app(tmp_path, **{"twelve.toml": toml})

    first = up(folder)
    first.is_up()
    url = first.get("/REDIS_URL")
    first.end()
    second = up(folder)
    second.is_up()
    assert second.get("/REDIS_URL") == url
    write(folder / ".env", "REDIS_URL=redis://elsewhere:6379/0\n")
    second.until("web.1 is up")
    until(lambda: "elsewhere" in second.get("/REDIS_URL"))
    second.end()

    assert url.startswith("redis://")
    assert "created redis" in first.text
    assert "created redis" not in second.text


def test_the_developers_own_programs_are_found(up: Starts, tmp_path: Path, environ: dict[str, str]):
    tools = tmp_path / "tools/bin"
    write(tools / "mytool", '#!/bin/sh\necho tool $(cat "$(dirname "$0")/../lib/word")\nsleep 60\n')
    write(tmp_path / "tools/lib/word", "works")

    mine = up(make_app(tmp_path, "tool: mytool\n"), environ={"PATH": f"{tools}:{environ['PATH']}"})
    mine.until(r"tool.1 │ tool works")
    mine.is_up()
    mine.end()


def test_the_ledger_of_many_starts_stays_small(up: Starts, tmp_path: Path):
    mine = up(make_app(tmp_path, "quick: echo started && exec sleep 60\n"))
    mine.is_up()
    for number in range(12):
        write(mine.folder / f"module{number}.py", "x = 1\n")
        mine.until("quick.1 is up")
    mine.end()

    home = next((tmp_path / "home/up").iterdir())
    import apsw

    rows = apsw.Connection(str(home / "twelve.db")).execute("SELECT count(*) FROM releases")
    assert next(iter(rows))[0] <= 11


def test_a_type_starts_anew_for_its_own_files_and_a_run_shares_the_environment_of_up(
    up: Starts, tmp_path: Path, environ: dict[str, str]
):
    canary = f"canary{secrets.token_hex(12)}"
    folder = make_app(
        tmp_path,
        "web: python3 app.py\nworker: sh worker.sh\nstill: echo still && exec sleep 100\n",
        **{"worker.sh": "cat mail/text; exec sleep 100\n", "mail/text": "first mail\n"},
    )
    rules = "[processes.worker]\nreload = ['mail/']\n[processes.still]\nreload = false\n"
    write(folder / "twelve.toml", rules + "[processes.web]\nreload = ['*.py']\n")
    write(folder / ".env", f"CANARY={canary}\n")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        call = [PROGRAM, "run", "--up", "--", *words]
        return subprocess.run(
            call, cwd=folder / "mail", env=environ, capture_output=True, text=True, check=False
        )

    without = run("true")
    mine = up(folder)
    mine.is_up()
    # Its sum: what a run prints is kept in the log.
    shared = run("sh", "-c", "printf $CANARY | sha256sum; ls; exit 3")
    write(folder / "mail/text", "second mail\n")
    mine.until("mail/text changed: starting worker anew")
    mine.until(r"worker\.1 +│ second mail")
    until(lambda: run("printenv", "TWELVE_RELEASE").stdout == "v2\n")
    write(folder / "notes.md", "of no type\n")
    write(folder / "app.py", SERVER.replace('"one"', '"two"'))
    mine.until("starting web anew")
    until(lambda: mine.get() == "two")
    kept = [path for path in Path(environ["TWELVE_HOME"]).rglob("*") if holds(path, canary)]
    mine.end()

    assert (without.returncode, "no `twelve up` runs" in without.stderr) == (69, True)
    assert shared.stdout.startswith(hashlib.sha256(canary.encode()).hexdigest()), shared
    assert "worker.sh" in shared.stdout
    assert shared.returncode == 3
    assert len(re.findall("still$", mine.text, re.MULTILINE)) == 1
    assert mine.text.count("second mail") == 1
    assert kept == []
    assert canary not in mine.text


def holds(path: Path, text: str) -> bool:
    """Whether a file holds it; what goes while we look does not."""
    try:
        return path.is_file() and text.encode() in path.read_bytes()
    except FileNotFoundError:
        return False
