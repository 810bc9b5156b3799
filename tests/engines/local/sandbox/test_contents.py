"""Paths are bound at their own names, whatever lies above, below or behind them."""

import errno
import os
import socket
import subprocess
from pathlib import Path

import pytest

from twelve.engines.local.sandbox import clone_flags, mounts, syscalls
from twelve.engines.local.sandbox.box import read_box
from twelve.engines.local.sandbox.contents import contents, paths_of

live = pytest.mark.live

TRY = """
import os, sys
for path in sys.argv[1:]:
    try:
        open(path + '/new', 'w').close() if os.path.isdir(path) else open(path, 'a').close()
        print('rw', end=' ')
    except OSError as error:
        print('-' if error.errno == 2 else 'ro', end=' ')
"""


def tree(place, *names):
    for name in names:
        folder = place.code.parent / name
        folder.mkdir(parents=True)
        folder.chmod(0o777)
    return [str(place.code.parent / name) for name in names]


def access(boxes, *paths, **box):
    result = boxes.script(TRY, *paths, **box)
    assert result.stderr == "", result
    return result.stdout.split()


@live
def test_a_folder_may_be_read_only_inside_a_writable_one(boxes):
    if boxes.kind.name == "landlock":
        pytest.skip("a rule below cannot take back what one above gave")
    outer, inner = tree(boxes.place, "o", "o/i")
    assert access(boxes, outer, inner, read=[inner], write=[outer]) == ["rw", "ro"]


@live
def test_a_folder_may_be_writable_inside_a_read_only_one(boxes):
    outer, inner = tree(boxes.place, "o", "o/i")
    assert access(boxes, outer, inner, read=[outer], write=[inner]) == ["ro", "rw"]


@live
def test_a_path_named_twice_is_bound_once_and_write_wins(boxes):
    (path,) = tree(boxes.place, "o")
    assert access(boxes, path, read=[path, path], write=[path, path + "/"]) == ["rw"]


@live
def test_a_path_through_links_is_there_under_both_names(boxes):
    (real,) = tree(boxes.place, "r/e/a/l")
    root = boxes.place.code.parent
    (root / "way").symlink_to(root / "r/e")
    named = f"{root}/way/a/l"
    assert access(boxes, real, named, write=[named]) == ["rw", "rw"]


@live
def test_a_link_within_a_bound_folder_leads_to_its_bound_target(boxes):
    folder, real = tree(boxes.place, "folder", "real")
    os.symlink(real, f"{folder}/link")
    assert access(boxes, f"{folder}/link", read=[folder], write=[f"{folder}/link"]) == ["rw"]


@live
def test_a_folder_of_the_machines_tmp_does_not_come_to_lie_in_the_private_one(boxes):
    if boxes.kind.name == "landlock":
        pytest.skip("it has no private one")
    code = "import os; print(os.path.samefile('/tmp', '/var/tmp'), os.listdir('/tmp'))"
    assert boxes.script(code, read=[], write=[]).stdout == "True ['home']\n"
    assert boxes.script(code, write=["/var/tmp"], read=[]).stdout == "False ['home']\n"


@live
def test_a_single_file_is_bound_without_its_neighbours(boxes):
    (folder,) = tree(boxes.place, "o")
    for name in ("one", "two"):
        (boxes.place.code.parent / "o" / name).write_text(name)
        os.chmod(f"{folder}/{name}", 0o666)
    got = access(boxes, f"{folder}/one", f"{folder}/two", read=[f"{folder}/one"])
    assert got[0] == "ro"
    assert got[1] in ({"ro"} if boxes.kind.name == "landlock" else {"rw", "-", "ro"})
    result = boxes.script("import sys; open(sys.argv[1])", f"{folder}/two", read=[f"{folder}/one"])
    assert result.returncode == 1


@live
def test_a_unix_socket_that_is_bound_can_be_reached(boxes):
    (folder,) = tree(boxes.place, "o")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(f"{folder}/notify")
        os.chmod(f"{folder}/notify", 0o666)
        code = (
            "import socket, sys\n"
            "socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'READY=1', sys.argv[1])"
        )
        result = boxes.script(code, f"{folder}/notify", read=[f"{folder}/notify"])
        assert result.returncode == 0, result
        assert server.recv(99) == b"READY=1"


@live
def test_mounts_made_in_a_box_are_not_seen_outside(boxes):
    before = Path("/proc/self/mountinfo").read_text()
    with boxes.start(
        ["/bin/sh", "-c", "echo up; read x"], options={"stdin": subprocess.PIPE}
    ) as process:
        assert process.stdout.readline() == b"up\n"
        assert Path("/proc/self/mountinfo").read_text() == before
        process.communicate(b"\n", timeout=20)


@live
@pytest.mark.parametrize("key", ["read", "write"])
def test_a_missing_path_is_named(boxes, key):
    result = boxes.run(["true"], **{key: ["/no/such/folder"]})
    assert result.returncode in {125, 126}
    assert result.stderr == f"launcher: sandbox {key} path '/no/such/folder': does not exist\n"


@live
@pytest.mark.parametrize("kind", ["userns"], indirect=True)
def test_flags_are_added_by_hand_without_taking_those_away_that_are_locked(boxes):
    """What older kernels need: in a user namespace a plain remount of /proc is refused."""
    code = (
        "import os, sys\n"
        "from twelve.engines.local.sandbox import mounts, syscalls as s\n"
        "box = {'tier': 'user', 'via': 'userns'}\n"
        "pid = s.clone(s.NEWUSER | s.NEWNS)\n"
        "if pid: raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n"
        "mounts._take_namespace(mounts.read_box(box))\n"
        "s.mount('', '/', '', s.MS_REC | s.MS_PRIVATE)\n"
        "s.mount('tmpfs', '/tmp', 'tmpfs', s.MS_NOSUID | s.MS_NODEV, '')\n"
        "os.mkdir('/tmp/dev'); s.mount('/dev', '/tmp/dev', '', s.MS_BIND | s.MS_REC)\n"
        "s.unshare(s.NEWUSER | s.NEWNS)\n"  # hereby the flags of all mounts are locked
        "mounts._write_own_maps((0, 0), (0, 0))\n"
        "try: s.mount('', '/tmp', '', s.MS_REMOUNT | s.MS_BIND | s.MS_RDONLY)\n"
        "except PermissionError: print('refused')\n"
        "mounts.remount('/tmp', s.MS_RDONLY, recursive=True)\n"
        "lines = [line.split() for line in open('/proc/self/mountinfo')]\n"
        # By place: the last one covers those that were mounted there before.
        "under = {w[4]: w[5].split(',') for w in lines if (w[4] + '/').startswith('/tmp/')}\n"
        "assert len(under) > 2 and all('ro' in w for w in under.values()), under\n"
        "assert {'ro', 'nosuid', 'nodev'} <= {*under['/tmp']}, under\n"
        "sys.stdout.flush(); os._exit(0)\n"
    )
    result = boxes.script(
        "import sys; sys.path.insert(0, sys.argv[1])\n" + code, boxes.place.code, plain=True
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "refused\n", "")


@pytest.mark.parametrize(
    ("box", "sentence"),
    [
        ({"tier": "root"}, "tier: 'root'"),
        ({"tier": "strict"}, "uid: tier strict needs"),
        ({"tier": "strict", "uid": 0}, "not root's"),
        ({"tier": "user", "via": "magic"}, "via: 'magic'"),
        ({"read": ["relative"]}, "read: 'relative' is not an absolute path"),
        ({"write": ["/"]}, "write: '/' cannot be bound"),
        ({"read": ["/tmp/"]}, "cannot be bound"),
        ({"user": "a:b"}, "user: 'a:b'"),
    ],
)
def test_a_box_that_is_off_is_refused_with_its_key(box, sentence):
    with pytest.raises(OSError, match=sentence) as caught:
        read_box(box)
    assert caught.value.errno == errno.EINVAL


def test_namespaces_follow_the_tier():
    flags = syscalls.NEWNS | syscalls.NEWPID | syscalls.NEWIPC | syscalls.NEWUTS
    assert clone_flags({"tier": "strict", "uid": 1}) == flags
    assert clone_flags({"tier": "strict", "uid": 1, "network": False}) == flags | syscalls.NEWNET
    assert clone_flags({"tier": "user"}) == flags | syscalls.NEWUSER
    for plain in (
        {"tier": "none"},
        {"tier": "bare", "uid": 1},
        {"tier": "user", "via": "landlock"},
    ):
        assert clone_flags(plain) == 0
    flags = syscalls.NEWNS if os.geteuid() == 0 else 0
    assert clone_flags({"tier": "bare", "uid": 1, "read": ["/usr"]}) == flags


def test_an_app_called_root_is_not_the_superuser():
    assert read_box({"user": "root"}).user == "app"


def test_the_resolver_is_followed_to_where_it_is(tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/resolv.conf").write_text("nameserver 127.0.0.53\n")
    link = tmp_path / "resolv.conf"
    link.symlink_to("run/resolv.conf")
    monkeypatch.setattr("twelve.engines.local.sandbox.contents.NETWORK_FILES", (str(link),))
    system = contents(read_box({"tier": "user"})).system
    assert str(tmp_path / "run") in [bind.target for bind in system]


NAMES = """
import socket, sys
for name in sys.argv[1:]:
    print(socket.gethostbyname(name), end=' ')
"""


@live
def test_names_of_the_box_are_found_in_it(boxes):
    if boxes.kind.name == "landlock":
        pytest.skip("Landlock hides files, and cannot show others in their place")

    result = boxes.script(NAMES, "billing.localhost", hosts={"billing.localhost": "127.0.0.3"})

    assert result.stdout.split() == ["127.0.0.3"], result


def test_a_box_without_names_shows_the_machines_own_file():
    here = {"tier": "none", "uid": 1000}

    plain = dict(contents(read_box(here)).files)
    named = dict(contents(read_box(here | {"hosts": {"a.localhost": "127.0.0.1"}})).files)

    assert "/etc/hosts" not in plain
    assert named["/etc/hosts"] == b"127.0.0.1 a.localhost\n" + Path("/etc/hosts").read_bytes()


def test_parents_come_before_children(tmp_path):
    (tmp_path / "a/b").mkdir(parents=True)
    box = read_box({"read": [f"{tmp_path}/a/b"], "write": [f"{tmp_path}/a"]})
    assert [bind.target for bind in paths_of(box)] == [f"{tmp_path}/a", f"{tmp_path}/a/b"]


def test_options_of_a_mount_are_known_by_name():
    assert mounts.OPTIONS["nodev"] == syscalls.MS_NODEV
