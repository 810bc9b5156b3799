import pytest

from twelve.cli.target import app_here
from twelve.errors import Invalid, Usage


def test_an_app_is_named_by_its_manifest(tmp_path):
    (tmp_path / "twelve.toml").write_text('app = "shop"\n')

    assert app_here(tmp_path) == "shop"


def test_an_app_is_named_by_its_folder_without_one(tmp_path):
    folder = tmp_path / "My Shop_2"
    folder.mkdir()

    assert app_here(folder) == "my-shop-2"


def test_a_broken_manifest_leaves_the_name_to_the_folder_the_deploy_says_what_is_wrong(tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "twelve.toml").write_text("app = \n")

    assert app_here(folder) == "shop"


def test_a_folder_whose_name_cannot_be_an_apps_asks_for_one(tmp_path):
    folder = tmp_path / "1984"
    folder.mkdir()

    with pytest.raises(Usage) as caught:
        app_here(folder)

    assert caught.value.hint == "name the app: -a APP"


def test_a_bad_name_in_the_manifest_is_told_with_its_place(tmp_path):
    (tmp_path / "twelve.toml").write_text('app = "My Shop"\n')

    with pytest.raises(Invalid, match=r"twelve\.toml: app: 'My Shop' is not a name"):
        app_here(tmp_path)
