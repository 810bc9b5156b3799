"""What an app tries against others and its own code: stopped in its box, and done without one."""

import os
import platform
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from twelve.engines.local.sandbox import landlock

pytestmark = pytest.mark.live

CLASSES = """
import ctypes, os, signal, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def done(condition, why=""):
    print("DONE" if condition else f"STOPPED {why}")
    raise SystemExit
def everything(name):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            yield open(f"/proc/{pid}/{name}", "rb").read()
        except OSError:
            continue
"""

WRITE_OWN_CODE = "open(sys.argv[1] + '/file', 'a').write('changed'); done(True)"
ADD_TO_OWN_CODE = "open(sys.argv[1] + '/new', 'w').write('x'); done(True)"
READ_FOREIGN_FILE = "done('canary' in open(sys.argv[2] + '/file').read())"
LIST_FOREIGN_FOLDER = "done(os.listdir(sys.argv[2]))"
WRITE_FOREIGN_FILE = "open(sys.argv[2] + '/file', 'a').write('changed'); done(True)"
READ_FOREIGN_ENVIRON = (
    "done(any(b'canary-of' + b'-victim' in data for data in everything('environ')))"
)
SEE_FOREIGN_PROCESS = "done(any(b'mark-of' + b'-victim' in data for data in everything('cmdline')))"
SIGNAL_FOREIGN_PROCESS = "os.kill(int(sys.argv[3]), signal.SIGUSR1); done(True)"
TRACE_FOREIGN_PROCESS = "done(libc.ptrace(0x4206, int(sys.argv[3]), 0, 0) == 0)"
TRACE_OWN_CHILD = """
pid = os.fork()
if not pid: signal.pause()
failed = libc.ptrace(0x4206, pid, 0, 0)
os.kill(pid, signal.SIGKILL)
done(failed == 0)
"""
MOUNT_IN_OWN_NAMESPACE = """
done(libc.unshare(0x10020000) == 0 and libc.mount(b'x', b'/proc', b'tmpfs', 0, None) == 0)
"""
CLONE_A_USER_NAMESPACE = """
pid = libc.syscall({'x86_64': 56, 'aarch64': 220}[os.uname().machine], 0x10000000 | 17, 0, 0, 0, 0)
if pid == 0: os._exit(0)
done(pid > 0)
"""
FILL_MEMORY_DISK = """
made = []
try:
    for folder in ('/tmp', '/dev/shm'):
        with open(f'{folder}/fill-{os.getpid()}', 'wb', buffering=0) as file:
            made.append(file.name)
            for _ in range(5): assert file.write(bytes(1 << 20)) == 1 << 20
finally:
    for path in made: os.unlink(path)
done(True)
"""
FILL_INODES = """
os.makedirs(folder := f'/tmp/many-{os.getpid()}')
try:
    for number in range(9000): os.close(os.open(f'{folder}/{number}', os.O_CREAT))
finally:
    import shutil; shutil.rmtree(folder)
done(True)
"""
READ_A_FILE_IN_SHARED_TMP = """
done('canary' in open(f'/tmp/twelve-test-left-by-{sys.argv[3]}').read())
"""
REACH_THE_MACHINE = """
socket.create_connection(('127.0.0.1', int(sys.argv[4])), timeout=5); done(True)
"""
REACH_AN_ABSTRACT_SOCKET = """
with socket.socket(socket.AF_UNIX) as s: s.connect('\\0twelve-test-' + sys.argv[3]); done(True)
"""
OPEN_A_VSOCK = "socket.socket(40, socket.SOCK_STREAM); done(True)"
ATTACH_FOREIGN_MEMORY = "done(libc.shmget(int(sys.argv[3]), 0, 0) >= 0)"
ADD_A_KEY = """
number = {'x86_64': 248, 'aarch64': 217}[os.uname().machine]
done(libc.syscall(number, b'user', b'twelve-test', b'x', 1, -3) > 0)
"""
KEEP_SETUID = """
import subprocess
from pathlib import Path
done(subprocess.check_output([sys.argv[1] + '/setuid-id', '-u']).strip() == b'0')
"""
USE_A_LEFT_DESCRIPTOR = """
for number in range(3, 4096):
    try: done('canary' in open(os.open('file', os.O_RDONLY, dir_fd=number)).read())
    except OSError: continue
done(False)
"""
WRITE_THE_ROOT = "open('/twelve-test', 'w'); os.unlink('/twelve-test'); done(True)"

ATTACKS = {
    name: code for name, code in list(globals().items()) if name.isupper() and name != "CLASSES"
}

# What a kind of box does not stop; the manual says the same.
OPEN = {
    "landlock": {"SEE_FOREIGN_PROCESS", "ATTACH_FOREIGN_MEMORY"},
    "bwrap": {"REACH_AN_ABSTRACT_SOCKET", "FILL_INODES"},
}
BY_LANDLOCK_6 = {"REACH_AN_ABSTRACT_SOCKET"}


def is_open(kind, name):
    if landlock.version() < 6 and name in BY_LANDLOCK_6:
        return True
    if landlock.version() < 6 and (kind.name, name) == ("landlock", "SIGNAL_FOREIGN_PROCESS"):
        return True
    return name in OPEN.get(kind.name, ())


# These need more than a uid when nothing confines them, so the control runs as root.
AS_ROOT = {"WRITE_THE_ROOT"}
NEEDS_ROOT_TO_PREPARE = {"KEEP_SETUID", "WRITE_THE_ROOT"}


@pytest.fixture
def victim(kind):
    """Another deploy's process, even with the same uid."""
    code = (
        "import ctypes, socket, os, signal, sys\n"
        "signal.signal(signal.SIGUSR1, lambda *_: os._exit(7))\n"
        "made = ctypes.CDLL(None).shmget(os.getpid(), 4096, 0o1666)\n"
        "s = socket.socket(socket.AF_UNIX); s.bind(f'\\0twelve-test-{os.getpid()}'); s.listen()\n"
        "print('up', flush=True); sys.stdin.read()\n"
        "ctypes.CDLL(None).shmctl(made, 0, None)\n"
    )
    drop = {} if os.geteuid() else {"user": kind.uid, "group": kind.uid, "extra_groups": []}
    with subprocess.Popen(
        ["/usr/bin/python3", "-I", "-c", code, "mark-of-victim"],
        env={"SECRET": "canary-of-victim"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        **drop,
    ) as process:
        assert process.stdout.readline() == b"up\n"
        left = Path(f"/tmp/twelve-test-left-by-{process.pid}")
        left.write_text("canary")
        left.chmod(0o666)
        yield process
        left.unlink()
        process.stdin.close()
        try:
            process.wait(10)
        finally:
            process.kill()


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def attempt(boxes, name, victim, listener, *, plain, **box):
    place = boxes.place
    words = (place.layer, place.other, victim.pid, listener)
    left = os.open(place.other, os.O_RDONLY)
    os.set_inheritable(left, True)
    if name in AS_ROOT and plain:
        boxes = boxes._replace(kind=boxes.kind._replace(name="strict", uid=0))
    try:
        result = boxes.script(
            CLASSES + ATTACKS[name],
            *words,
            plain=plain,
            network=name != "REACH_THE_MACHINE",
            options={"pass_fds": [left]},
            **box,
        )
    finally:
        os.close(left)
    assert "launcher:" not in result.stderr, result.stderr
    return result


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_is_stopped_in_a_box_and_done_without(boxes, victim, listener, name):
    if name in NEEDS_ROOT_TO_PREPARE and os.geteuid() != 0:
        pytest.skip("only root can prepare it")
    if name == "KEEP_SETUID":
        copy = shutil.copy("/usr/bin/id", boxes.place.layer / "setuid-id")
        os.chown(copy, 0, 0)
        os.chmod(copy, 0o4755)
    boxed = attempt(boxes, name, victim, listener, plain=False)
    assert ("DONE" in boxed.stdout) == is_open(boxes.kind, name), boxed
    assert victim.poll() is None or is_open(boxes.kind, "SIGNAL_FOREIGN_PROCESS")
    free = attempt(boxes, name, victim, listener, plain=True)
    assert "DONE" in free.stdout, free
    assert name != "SIGNAL_FOREIGN_PROCESS" or victim.wait(10) == 7


@pytest.mark.parametrize("kind", ["userns"], indirect=True)
@pytest.mark.parametrize("name", [name for name in ATTACKS if name not in AS_ROOT])
def test_tier_none_stops_setuid_programs_and_left_descriptors_only(boxes, victim, listener, name):
    if name == "KEEP_SETUID":
        if os.geteuid() != 0:
            pytest.skip("only root can prepare it")
        copy = shutil.copy("/usr/bin/id", boxes.place.layer / "setuid-id")
        os.chown(copy, 0, 0)
        os.chmod(copy, 0o4755)
    result = attempt(boxes, name, victim, listener, plain=False, tier="none")
    stopped = {"KEEP_SETUID", "USE_A_LEFT_DESCRIPTOR"}
    assert ("DONE" in result.stdout) == (name not in stopped), result


@pytest.mark.skipif(platform.machine() != "x86_64", reason="another ABI")
def test_the_32_bit_calls_end_the_process(boxes):
    code = CLASSES + (
        "import mmap\n"
        "page = mmap.mmap(-1, 4096, prot=7)\n"
        "page.write(bytes.fromhex('b814000000cd80c3'))\n"  # mov eax, getpid; int 0x80; ret
        "address = ctypes.addressof(ctypes.c_char.from_buffer(page))\n"
        "done(ctypes.CFUNCTYPE(ctypes.c_int)(address)() > 0)\n"
    )
    if "DONE" not in boxes.script(code, plain=True).stdout:
        pytest.skip("this kernel has no 32-bit calls")
    assert boxes.script(code).returncode in {128 + 31, 159}


@pytest.mark.parametrize("name", ["environ", "maps", "mem"])
def test_the_init_does_not_show_what_it_has_from_the_supervisor(boxes, name):
    if boxes.kind.name not in {"strict", "userns"}:
        pytest.skip("its first process is outside of the box")
    result = boxes.script(CLASSES + f"open('/proc/1/{name}', 'rb'); done(True)")
    assert "DONE" not in result.stdout
    assert "PermissionError" in result.stderr


def test_an_init_without_namespaces_hides_its_memory_from_its_own_uid(boxes):
    if boxes.kind.name == "strict":
        pytest.skip("it has a uid of its own there")
    code = (
        CLASSES + "done(b'of-the-supervisor' in open(f'/proc/{os.getppid()}/environ', 'rb').read())"
    )
    assert "DONE" not in boxes.script(code, tier="none").stdout
    assert "DONE" in boxes.script(code, tier="none", open_init=True).stdout
