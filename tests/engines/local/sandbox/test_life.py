"""What an app needs works in a box as it does outside."""

import os
import shutil
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest

pytestmark = pytest.mark.live

NEEDS = {
    "its user has a name, and its home is its own": """
import os, pwd, grp
entry = pwd.getpwuid(os.getuid())
assert entry.pw_name == 'shop' and grp.getgrgid(os.getgid()).gr_name == 'shop', entry
assert entry.pw_dir == os.path.expanduser('~shop') == '/tmp/home'
assert pwd.getpwnam('root').pw_uid == 0
""",
    "its home and tmp are writable and its own": """
import os, tempfile
assert os.stat(os.environ['HOME']).st_uid == os.getuid()
with tempfile.NamedTemporaryFile() as file: file.write(b'x')
with tempfile.NamedTemporaryFile(dir='/tmp') as file: file.write(b'x')
""",
    "processes share semaphores, queues and memory": """
import multiprocessing, multiprocessing.shared_memory as shared
lock, queue = multiprocessing.Lock(), multiprocessing.Queue()
def work():
    with lock: queue.put(6 * 7)
child = multiprocessing.get_context('fork').Process(target=work); child.start()
assert queue.get() == 42; child.join()
memory = shared.SharedMemory(create=True, size=4096); memory.buf[0] = 1; memory.unlink()
""",
    "threads and subprocesses run": """
import concurrent.futures, subprocess
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    assert sum(pool.map(abs, range(100))) == 4950
assert subprocess.check_output(['sh', '-c', 'echo $((6*7))']) == b'42\\n'
""",
    "terminals open": """
import os, pty
pid, master = pty.fork()
if pid == 0: os.execvp('sh', ['sh', '-c', 'test -t 0 && tty'])
assert b'/dev/pts/' in os.read(master, 99)
assert os.waitpid(pid, 0)[1] == 0
""",
    "a socket listens on loopback, by name too": """
import socket
with socket.create_server(('127.0.0.1', 0)) as server:
    with socket.create_connection(('localhost', server.getsockname()[1])) as client:
        client.sendall(b'x'); assert server.accept()[0].recv(1) == b'x'
""",
    "an event loop runs": """
import asyncio
async def main():
    child = await asyncio.create_subprocess_exec('true'); assert await child.wait() == 0
asyncio.run(main())
""",
    "devices, randomness and the null device answer": """
import os, secrets
open('/dev/null', 'w').write('x'); secrets.token_bytes(8); open('/dev/urandom', 'rb').read(1)
assert os.cpu_count() and open('/proc/meminfo').read() and open('/proc/self/status').read()
open('/proc/self/comm', 'w').write('renamed')
""",
    "certificates and time zones are readable": """
import os, ssl, zoneinfo
if os.path.exists('/etc/ssl/certs/ca-certificates.crt'):
    assert ssl.create_default_context().get_ca_certs()
zoneinfo.ZoneInfo('Europe/Berlin') if os.path.exists('/usr/share/zoneinfo/Europe') else None
open('/etc/resolv.conf').close() if os.path.lexists('/etc/resolv.conf') else None
""",
    "files move between folders, fifos and links are made": """
import os, sys
os.chdir(sys.argv[1]); os.makedirs('a/b'); os.mkdir('c'); open('a/b/f', 'w').close()
os.rename('a/b/f', 'c/f'); os.mkfifo('p'); os.symlink('c/f', 'l')
os.link('c/f', 'h'); os.truncate('h', 9)
""",
}
# Without a fresh root there is no private home at /tmp/home and no passwd entry of one's own.
NOT_WITHOUT_ROOT = {
    "its user has a name, and its home is its own",
    "its home and tmp are writable and its own",
}


@pytest.mark.parametrize("need", NEEDS)
def test_in_a_box(boxes, need):
    if boxes.kind.name == "landlock" and need in NOT_WITHOUT_ROOT:
        pytest.skip("needs a fresh root")
    env = {"HOME": "/tmp/home", "TMPDIR": "/tmp/home"} if boxes.kind.name != "landlock" else {}
    result = boxes.script(NEEDS[need], boxes.place.data, env=env)
    assert (result.returncode, result.stderr) == (0, "")


def test_loopback_works_when_the_network_is_cut(boxes):
    if boxes.kind.name == "landlock":
        pytest.skip("it has no network of its own: no internet socket at all")
    result = boxes.script(NEEDS["a socket listens on loopback, by name too"], network=False)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.skipif(not shutil.which("node", path="/usr/bin"), reason="no node below /usr")
def test_node_runs_with_workers(boxes):
    code = "new (require('worker_threads').Worker)('console.log(6*7)', {eval: true})"
    result = boxes.run(["/usr/bin/node", "-e", code])
    assert (result.returncode, result.stdout) == (0, "42\n")


def test_a_shell_writes_to_its_streams_by_name(boxes):
    """The streams are FIFOs in a folder that the box does not show."""
    fifo = boxes.place.code / "stdout"
    os.mkfifo(fifo, 0o600)
    if os.geteuid() == 0:
        os.chown(fifo, boxes.kind.uid, boxes.kind.uid)
    number = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    try:
        words = [
            "/bin/sh",
            "-c",
            "echo out > /dev/stdout; echo err > /dev/stderr; echo more >> /dev/fd/1",
        ]
        result = boxes.run(words, options={"stdout": number, "stderr": number})
        assert (result.returncode, os.read(number, 999)) == (0, b"out\nerr\nmore\n")
    finally:
        os.close(number)


def test_a_terminal_that_was_opened_outside_is_one_inside(boxes):
    master, slave = os.openpty()
    try:
        termios.tcsetwinsize(slave, (33, 99))
        if os.geteuid() == 0:
            os.fchown(slave, boxes.kind.uid, -1)
        words = ["/bin/sh", "-c", "test -t 0 && stty size && echo by name > /dev/stdout"]
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), slave)
        assert boxes.run(words, options=streams).returncode == 0
        assert os.read(master, 999) == b"33 99\r\nby name\r\n"
    finally:
        os.close(master)
        os.close(slave)


def test_exit_code_and_folder_are_those_of_the_app(boxes):
    result = boxes.run(["/bin/sh", "-c", "pwd; exit 42"], cwd=str(boxes.place.layer))
    assert (result.returncode, result.stdout) == (42, f"{boxes.place.layer}\n")


def test_a_program_that_is_not_there_is_told(boxes):
    result = boxes.run(["no-such-program"])
    assert result.returncode in {126, 127}
    assert "no-such-program" in result.stderr or "No such file" in result.stderr


def test_the_app_has_its_grace_when_the_group_is_told_to_end(boxes):
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n    time.sleep(0.3); print('ended well'); sys.exit(3)\n"
        "signal.signal(signal.SIGTERM, end); print('up', flush=True)\n"
        "while True: signal.pause()\n"
    )
    with boxes.start([boxes.python, "-I", "-c", code]) as process:
        assert process.stdout.readline() == b"up\n"
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (3, b"ended well\n", b"")


def test_an_app_without_a_handler_ends_by_the_signal(boxes):
    with boxes.start(["/bin/sh", "-c", "echo up; exec sleep 60"]) as process:
        assert process.stdout.readline() == b"up\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 128 + signal.SIGTERM


def test_limits_hold_in_the_app(boxes):
    code = "import resource as r; print(r.getrlimit(r.RLIMIT_NOFILE), r.getrlimit(r.RLIMIT_CORE))"
    result = boxes.script(code, limits={"nofile": 256})
    assert result.stdout == "(256, 256) (0, 0)\n"


def test_an_interpreter_below_a_closed_folder_runs_under_the_apps_uid(strict):
    """Its venv too: prefix and an import, as a dropped uid without the binds finds neither."""
    interpreter = Path(sys.base_prefix)
    with_own_folder = Path(strict.place.code / "closed")
    with_own_folder.mkdir(mode=0o700)
    venv = with_own_folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    os.chmod(with_own_folder, 0o700)
    code = "import sys, os, json; print(sys.prefix, os.getuid(), json.dumps([1]))"
    words = [str(venv / "bin/python"), "-c", code]
    free = strict._replace(python="/usr/bin/python3").run(words, plain=True)
    assert free.returncode != 0
    boxed = strict.run(words, read=[str(venv), str(interpreter)])
    assert boxed.stdout == f"{venv} {strict.kind.uid} [1]\n", boxed


def test_root_gives_a_box_of_tier_user_another_uid_and_no_groups(strict):
    code = (
        "import os; print(os.getresuid(), os.getgroups())\n"
        "print(open('/proc/self/uid_map').read().split())\n"
        "lines = [line.split() for line in open('/proc/self/status')]\n"
        "print([words[1:] for words in lines if words[0] == 'Groups:'])"
    )
    uid = strict.kind.uid
    result = strict._replace(python="/usr/bin/python3").script(code, tier="user", via="userns")
    assert result.stdout == f"({uid}, {uid}, {uid}) []\n['{uid}', '0', '1']\n[[]]\n", result
    strict.place.data.joinpath("file").unlink()
    made = strict.run(
        ["/bin/sh", "-c", f"echo > {strict.place.data}/file"], tier="user", via="userns"
    )
    assert made.returncode == 0
    assert strict.place.data.joinpath("file").stat().st_uid == uid


def test_a_part_of_twelve_with_its_own_uid_runs_from_below_a_closed_folder(strict):
    closed = strict.place.code / "closed"
    (closed / "deep").mkdir(parents=True)
    (closed / "secret").write_text("x")
    venv = closed / "deep/venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    (closed / "data").mkdir()
    (closed / "data").chmod(0o777)
    os.chmod(closed / "deep", 0o700)
    os.chmod(closed, 0o700)
    code = (
        "import os, sys, json\n"
        f"open('{closed}/data/made', 'w').close()\n"
        f"print(sys.prefix, os.getuid(), sorted(os.listdir('{closed}')), "
        f"os.access('{venv}', os.W_OK))"
    )
    result = strict.run(
        [str(venv / "bin/python"), "-c", code],
        tier="bare",
        read=[str(venv), sys.base_prefix],
        write=[str(closed / "data")],
    )
    assert result.stdout == f"{venv} {strict.kind.uid} ['data', 'deep'] False\n", result
    assert (closed / "data/made").exists()
    assert (closed / "secret").exists()
