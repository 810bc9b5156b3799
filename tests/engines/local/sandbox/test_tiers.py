"""The tier is what this machine gives in truth, and TWELVE_TIER only lowers it."""

import json
import os
import subprocess
import sys

import pytest

from twelve.engines.local.sandbox import tiers
from twelve.errors import Invalid

pytestmark = pytest.mark.live


def test_root_finds_strict_and_others_user():
    found = tiers.detect({"PATH": os.environ["PATH"]})
    assert found.name == ("strict" if os.geteuid() == 0 else "user")
    assert found.network
    assert found.pids
    assert found.tmp
    if os.geteuid():
        assert "tier strict: needs root" in found.missing[0]


def test_it_is_lowered_on_demand():
    assert tiers.detect({"TWELVE_TIER": "user"}).name == "user"
    none = tiers.detect({"TWELVE_TIER": "none"})
    assert none.name == "none"
    assert none.missing == ("TWELVE_TIER=none asks for no confinement",)


def test_it_is_not_raised():
    if os.geteuid() == 0:
        pytest.skip("root has the highest")
    assert tiers.detect({"TWELVE_TIER": "strict"}).name == "user"


def test_a_word_that_is_no_tier_is_refused():
    with pytest.raises(Invalid, match="TWELVE_TIER: 'root' is not a tier") as caught:
        tiers.detect({"TWELVE_TIER": "root"})
    assert "strict, user, none" in caught.value.hint


def test_landlock_is_left_where_namespaces_are_refused():
    """The filter that the apps get refuses them, to us as to them."""
    code = (
        "import json\n"
        "from twelve.engines.local.sandbox import confine, seccomp, syscalls, tiers\n"
        "syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)\n"
        "seccomp.install(internet=True)\n"
        "print(json.dumps(tiers.choose('', '/nonexistent/bwrap')._asdict()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=True)
    found = json.loads(done.stdout)
    assert (found["name"], found["via"]) == ("user", "landlock")
    assert not found["pids"]
    assert not found["tmp"]
    assert found["network"]
    reasons = " · ".join(found["missing"])
    assert "user namespaces: clone into namespaces" in reasons
    assert "Operation not permitted" in reasons
    assert "bubblewrap:" in reasons


def test_nothing_is_left_without_any_of_them():
    found = tiers.choose("user", "", ())
    assert found.name == "none"
    assert not found.network


def test_a_missing_bwrap_is_told_with_the_way_to_get_it():
    found = tiers.choose("user", "", ("bwrap",))
    assert "apt install bubblewrap" in found.missing[-1]


def test_programs_are_found_on_the_path_that_is_given(tmp_path):
    (tmp_path / "bwrap").touch(mode=0o755)
    assert tiers.find_program("bwrap", {"PATH": f"/nonexistent:{tmp_path}"}) == f"{tmp_path}/bwrap"
    assert tiers.find_program("bwrap", {"PATH": "/nonexistent"}) == ""


def test_what_the_supervisor_imports_is_little():
    code = "import sys; import twelve.engines.local.sandbox; print(*sys.modules)"
    words = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, check=True
    ).stdout
    heavy = {
        b"subprocess",
        b"asyncio",
        b"logging",
        b"json",
        b"socket",
        b"shutil",
        b"threading",
    }
    bare = subprocess.run(
        [sys.executable, "-I", "-c", "import sys; print(*sys.modules)"],
        capture_output=True,
        check=True,
    ).stdout
    assert heavy & set(words.split()) <= set(bare.split())
