"""Layers of a home: which go, and what a death leaves."""

import os

import pytest

from twelve.engines.local.build.layers import Notes, ensure, take_away, throw_away
from twelve.engines.local.parts import clear_away, home_folders


def make_layer(home, name: str) -> None:
    folder = home / "layers" / name / "deep"
    folder.mkdir(parents=True)
    (folder / "file").write_text(name)
    os.chmod(folder / "file", 0o444)
    os.chmod(folder, 0o555)
    os.chmod(folder.parent, 0o555)


def test_only_the_layers_that_are_kept_stay(tmp_path):
    home_folders(tmp_path, shared=False)
    for name in ("shared", "mine", "old", "older"):
        make_layer(tmp_path, name)
    gone = take_away(tmp_path, {"shared", "mine"})

    assert sorted(os.listdir(tmp_path / "layers")) == ["mine", "shared"]
    assert len(gone) == 2
    throw_away(gone)
    assert os.listdir(tmp_path / "builds") == []
    assert (tmp_path / "layers/mine/deep/file").read_text() == "mine"


@pytest.mark.anyio
async def test_what_was_known_of_a_layer_goes_with_it(tmp_path):
    home_folders(tmp_path, shared=False)

    async def make(staging):
        (staging / "layer/file").write_text(str(staging))
        return Notes()

    kept = await ensure(tmp_path, "one", make)
    await ensure(tmp_path, "two", make)
    take_away(tmp_path, {kept.digest})

    assert os.listdir(tmp_path / "cache/keys") == ["one.json"]
    assert os.listdir(tmp_path / "cache/locks") == ["one"]
    assert (await ensure(tmp_path, "one", make)).reused
    assert not (await ensure(tmp_path, "two", make)).reused


def test_with_nothing_to_take_away_nothing_happens(tmp_path):
    home_folders(tmp_path, shared=False)
    make_layer(tmp_path, "mine")

    assert take_away(tmp_path, {"mine", "not-there"}) == []


def test_what_a_death_left_of_builds_and_uploads_is_cleared_away(tmp_path):
    home_folders(tmp_path, shared=False)
    make_layer(tmp_path, "mine")
    make_layer(tmp_path, "old")
    take_away(tmp_path, {"mine"})
    (tmp_path / "builds/tree-1").mkdir()
    (tmp_path / "incoming/1.tar").write_bytes(b"x")
    clear_away(tmp_path)

    assert os.listdir(tmp_path / "builds") == os.listdir(tmp_path / "incoming") == []
    assert os.listdir(tmp_path / "layers") == ["mine"]
