"""Where control groups are made, what is written there, and what stands in for them."""

import os
import secrets
import subprocess
import time
from pathlib import Path

import pytest

from twelve.engines.local.sandbox import cgroups, hierarchies, limits
from twelve.engines.local.sandbox.hierarchies import Groups, Place

MIB = 1 << 20
WANTED = {"memory": 64 * MIB, "cpus": 0.5, "pids": 100}
NOWHERE = Groups("00000000", {}, ("memory: a", "cpu: b", "pids: c"))


def group(folder: Path, controllers: str, *, writable: bool = True) -> Path:
    """A folder as the kernel would show it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("cgroup.procs", "cgroup.subtree_control"):
        (folder / name).write_text("")
    (folder / "cgroup.controllers").write_text(controllers)
    for path in (*folder.iterdir(), folder):
        path.chmod(0o755 if writable else 0o555)
    return folder


def mounts(v2: Path | None = None, **v1: Path) -> str:
    lines = [f"30 23 0:25 / {v2} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate"] if v2 else []
    lines += [f"31 23 0:26 / {path} rw - cgroup cgroup rw,{name}" for name, path in v1.items()]
    return "22 1 0:1 / / rw - ext4 /dev/vda rw\n" + "\n".join(lines) + "\n"


def test_version_2_has_all_controllers_in_one_place(tmp_path):
    top = group(tmp_path / "v2", "cpuset cpu io memory pids")
    found = hierarchies.find("0badcafe", mounts(top), "0::/user.slice\n")
    assert found.places == dict.fromkeys(hierarchies.CONTROLLERS, Place(str(top), unified=True))
    assert found.missing == ()
    assert limits.kept(found, "strict", "") == ("cgroup v2", ())
    assert found.folders("abc") == [f"{top}/twelve/0badcafe/abc"]


def test_a_part_of_version_2_that_was_given_to_us_will_do(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere; run as another user")
    own = "/user.slice/user-7.slice/user@7.service/app.slice/shell.scope"
    service = tmp_path / "v2/user.slice/user-7.slice/user@7.service"
    group(service / "app.slice/shell.scope", "memory pids")
    group(service, "memory pids")
    top = group(tmp_path / "v2", "cpu memory pids", writable=False)
    found = hierarchies.find("0badcafe", mounts(top), f"0::{own}\n")
    assert found.places["memory"].folder == str(service)
    assert found.missing == ("cpu: the kernel has no control group for it",)
    other = hierarchies.find("0badcafe", mounts(top), "0::/user.slice/session-3.scope\n")
    assert other.places == {}
    assert "Delegate=yes" in other.missing[0]


def test_version_1_and_2_may_be_mounted_side_by_side(tmp_path):
    top, memory = group(tmp_path / "v2", "pids"), group(tmp_path / "memory", "")
    found = hierarchies.find("0badcafe", mounts(top, memory=memory), "0::/\n")
    assert found.places["memory"] == Place(str(memory), unified=False)
    assert found.places["pids"] == Place(str(top), unified=True)
    assert limits.kept(found, "strict", "").by == "cgroup v1 and v2"


def test_what_is_written_in_version_2(tmp_path):
    top = group(tmp_path / "v2", "cpu memory pids")
    found = hierarchies.find("0badcafe", mounts(top), "0::/\n")
    folder = group(top / "twelve/0badcafe/abc", "")
    for above in (folder.parent, folder.parent.parent):
        group(above, "")
    for name in ("memory.max", "memory.swap.max", "cpu.max", "pids.max"):
        (folder / name).write_text("max")
    cgroups.make(found, "abc", WANTED)
    said = {name: (folder / name).read_text() for name in ("memory.max", "cpu.max", "pids.max")}
    # The kernel replaces a value; a plain file keeps the rest of a longer one.
    assert said == {"memory.max": str(64 * MIB), "cpu.max": "50000 100000", "pids.max": "100"}
    assert (folder / "memory.swap.max").read_text()[0] == "0"
    (folder / "memory.events").write_text("low 0\noom 3\noom_kill 2\noom_group_kill 0\n")
    assert cgroups.memory_kills(found, "abc") == cgroups.Kills(2, 64 * MIB)


def test_a_process_joins_version_1_by_its_one_thread(tmp_path):
    v1 = {name: group(tmp_path / name, "") for name in ("cpu", "pids")}
    found = hierarchies.find("0badcafe", mounts(group(tmp_path / "v2", "memory"), **v1), "0::/\n")
    for folder in found.folders("abc"):
        group(Path(folder), "")
    for name in v1:
        Path(found.folder(name, "abc"), "tasks").write_text("")
    doors = cgroups.doors(found, "abc")
    try:
        names = [os.path.relpath(os.readlink(f"/proc/self/fd/{door}"), tmp_path) for door in doors]
    finally:
        for door in doors:
            os.close(door)
    below = "twelve/0badcafe/abc"
    assert sorted(names) == [
        f"cpu/{below}/tasks",
        f"pids/{below}/tasks",
        f"v2/{below}/cgroup.procs",
    ]


def test_version_2_kills_a_whole_group_at_once():
    top = next((line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()
                if " - cgroup2 " in line), "")  # fmt: skip
    if not os.access(f"{top}/cgroup.procs", os.W_OK) or not top:
        pytest.skip("no version 2 that we may write")
    home, name = secrets.token_hex(4), "abc"
    groups = Groups(home, {"pids": Place(top, unified=True)}, ())
    os.makedirs(groups.folder("pids", name))
    if not os.path.exists(f"{groups.folder('pids', name)}/cgroup.kill"):
        cgroups.remove(groups, name)
        pytest.skip("this kernel has no cgroup.kill")
    (door,) = cgroups.doors(groups, name)
    try:
        with subprocess.Popen(
            ["sh", "-c", "echo 0 >&0; setsid sleep 60 & sleep 60 & wait"], stdin=door
        ) as shell:
            deadline = time.monotonic() + 10
            while len(hierarchies.members(groups.folder("pids", name))) < 3:
                assert time.monotonic() < deadline
            cgroups.empty(groups, name)
            assert shell.wait(10) == -9
        assert hierarchies.members(groups.folder("pids", name)) == []
    finally:
        os.close(door)
        assert cgroups.remove(groups, name)
    assert not os.path.exists(groups.folder("pids"))


def test_without_groups_rlimits_stand_in():
    box = {"tier": "user", "via": "userns", "limits": {**WANTED, "nofile": 64}}
    assert limits.of_process(box, NOWHERE) == {"nofile": 64, "data": 64 * MIB, "nproc": 100}
    box = {"tier": "user", "via": "landlock", "limits": WANTED}
    assert limits.of_process(box, NOWHERE) == {"data": 64 * MIB}
    box = {"tier": "strict", "limits": WANTED}
    assert limits.of_process(box, NOWHERE) == {"data": 64 * MIB, "nproc": limits.DEPLOY_PIDS}
    kept = limits.kept(NOWHERE, "user", "userns")
    assert kept.by == "rlimits"
    assert [line.split(":")[0] for line in kept.missing] == ["memory", "cpu", "pids"]


@pytest.mark.parametrize(("tier", "via"), [("user", "landlock"), ("none", "")])
def test_a_tier_without_a_tmp_of_its_own_says_that_it_cannot_be_full(tmp_path, tier, via):
    top = group(tmp_path / "v2", "cpu memory pids")
    found = hierarchies.find("0badcafe", mounts(top), "0::/\n")
    (line,) = limits.kept(found, tier, via).missing
    assert line.startswith("tmp: not kept")


def test_groups_leave_no_rlimits_but_a_box_of_its_own_keeps_them(tmp_path):
    top = group(tmp_path / "v2", "cpu memory pids")
    found = hierarchies.find("0badcafe", mounts(top), "0::/\n")
    assert limits.of_process({"tier": "strict", "limits": {**WANTED, "nofile": 9}}, found) == {
        "nofile": 9
    }
    assert limits.of_group({"nofile": 9}) == {}


def test_a_group_that_cannot_be_made_says_so(tmp_path):
    top = group(tmp_path / "pids", "")
    groups = Groups("0badcafe", {"pids": Place(str(top), unified=False)}, ())
    with pytest.raises(OSError, match=r"control group .*abc: "):
        cgroups.make(groups, "abc", {"pids": 5})
