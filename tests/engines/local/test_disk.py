import os
import time
from pathlib import Path

import pytest

from twelve.engines.local.disk import MIB, Budgets, Disk
from twelve.errors import Refused

MUCH = 1 << 60


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("layers", "builds", "incoming", "cache"):
        (tmp_path / name).mkdir()
    return tmp_path


def fill(folder: Path, mib: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "data").write_bytes(os.urandom(mib * MIB))
    return folder


def test_what_fits_is_not_refused(home):
    Disk(home, Budgets(reserve=0)).ask("this build", 0)


@pytest.mark.parametrize(
    ("budgets", "place", "setting"),
    [
        (Budgets(reserve=MUCH), "", "TWELVE_DISK_RESERVE"),
        (Budgets(reserve=0, layers=5 * MIB), "/layers", "TWELVE_LAYERS_BUDGET"),
        (Budgets(reserve=0, builds=5 * MIB), "/builds", "TWELVE_BUILDS_BUDGET"),
    ],
)
def test_what_would_not_fit_is_refused_with_place_problem_and_next_step(
    home, budgets, place, setting
):
    fill(home / "layers" / "a", 3)
    fill(home / "builds" / "b", 2)
    fill(home / "incoming", 1)
    with pytest.raises(Refused) as caught:
        Disk(home, budgets).ask("this build", 3 * MIB)

    assert caught.value.message.startswith(f"{home}{place}: ")
    assert setting in caught.value.message
    assert "this build needs about 3 MiB" in caught.value.message
    assert caught.value.hint


def test_new_dependencies_are_taken_to_be_as_large_as_the_last_ones(home):
    disk = Disk(home, Budgets(reserve=0, layers=9 * MIB))
    fill(home / "layers" / "deps1", 4)
    tree = fill(home / "builds" / "tree", 1)
    room = disk.room_for("shop", tree)
    room(True)
    disk.remember("shop", "deps1")
    room(False)
    with pytest.raises(Refused, match=r"4 MiB of 9 MiB are taken .* needs about 7 MiB"):
        room(True)
    Disk(home, disk.budgets).room_for("other", tree)(True)


def test_layers_are_counted_once_and_those_that_went_no_more(home):
    disk = Disk(home, Budgets())
    layer = fill(home / "layers" / "one", 1)
    fill(home / "layers" / "two", 2)
    first = disk.sizes()
    (layer / "more").write_bytes(os.urandom(MIB))
    assert disk.sizes() == first
    assert first["two"] >= 2 * MIB
    for path in (layer / "data", layer / "more"):
        path.unlink()
    layer.rmdir()
    assert Disk(home, Budgets()).sizes() == {"two": first["two"]}


def test_what_is_remembered_may_be_lost(home):
    disk = Disk(home, Budgets())
    fill(home / "layers" / "one", 1)
    disk.remember("shop", "one")
    (home / "cache" / "sizes.json").write_text("{")
    assert disk.expected("shop") == 0
    assert disk.sizes()["one"] >= MIB


def test_the_cache_that_was_used_longest_ago_goes_first(home):
    disk = Disk(home, Budgets(cache=5 * MIB))
    now = time.time()
    for age, name in enumerate(("npm", "uv", "pnpm")):
        os.utime(fill(home / "cache" / name, 2), (now - age, now - age))
    (home / "cache" / "keys").mkdir()
    sizes = disk.cache_sizes()
    assert list(sizes) == ["pnpm", "uv", "npm"]
    gone = disk.take_caches(sizes)
    assert list(gone) == ["pnpm"]
    assert sorted(os.listdir(home / "cache")) == ["keys", "npm", "uv"]
    assert gone["pnpm"].parent == home / "builds"
    assert disk.take_caches(disk.cache_sizes()) == {}


def test_each_part_is_told_with_its_budget(home):
    fill(home / "cache" / "uv", 1)
    told = Disk(home, Budgets()).examine()
    assert told["cache"]["bytes"] >= MIB
    assert told["cache"]["budget_bytes"] == Budgets().cache
    assert set(told) == {"layers", "builds", "cache", "logs", "services"}
