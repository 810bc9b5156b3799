"""A repository of several apps: which of them a call means."""

from pathlib import Path

import pytest

from twelve.cli.deploy import aimed
from twelve.cli.repository import Meant, listed, meant
from twelve.cli.target import app_here
from twelve.cli.up import shares
from twelve.errors import Invalid, Usage


@pytest.fixture
def top(tmp_path: Path) -> Path:
    for name in ("shop", "billing"):
        (tmp_path / name).mkdir()
    (tmp_path / "twelve.toml").write_text("[apps]\nshop = 'shop'\ninvoices = 'billing'\n")
    (tmp_path / ".git").mkdir()
    return tmp_path


def test_all_are_meant_in_their_order_or_the_one_that_is_named(top):
    assert aimed(top, "", "", "") == [Meant("shop", "shop"), Meant("invoices", "billing")]
    assert aimed(top, "invoices/staging", "", "") == [Meant("invoices/staging", "billing")]
    assert aimed(top, "", "staging", "")[0] == Meant("shop/staging", "shop")


def test_root_names_a_folder_whatever_is_listed(top):
    assert aimed(top, "other", "", "billing") == [Meant("other", "billing")]
    assert aimed(top, "", "", "billing") == [Meant("invoices", "billing")]


def test_a_folder_has_the_name_that_the_top_gives_it(top):
    assert app_here(top / "billing") == "invoices"


def test_a_repository_within_another_is_not_an_app_of_it(top):
    (top / "billing/.git").mkdir()

    assert app_here(top / "billing") == "billing"


def test_an_app_that_is_not_listed_is_refused_with_those_that_are(top):
    with pytest.raises(Usage, match="there is no blling") as caught:
        meant(top, listed(top), "blling")

    assert "shop, invoices" in caught.value.hint


def test_the_top_alone_is_no_target(top):
    with pytest.raises(Usage, match="lists several apps") as caught:
        app_here(top)

    assert "shop, invoices" in caught.value.hint


def test_a_folder_that_is_none_is_named(top):
    (top / "billing").rmdir()

    with pytest.raises(Invalid, match=r"twelve\.toml: apps/invoices: there is no folder billing"):
        aimed(top, "", "", "")


def test_two_names_for_one_app_are_refused(top):
    (top / "billing/twelve.toml").write_text("app = 'billing'\n")

    with pytest.raises(Invalid, match=r"billing/twelve\.toml names the app billing"):
        aimed(top, "", "", "")


def test_quantities_go_to_the_app_that_they_name():
    assert shares(("web=2,worker=1",), ["shop"]) == {"shop": ("web=2", "worker=1")}
    assert shares(("b/web=2", "a/web=3"), ["a", "b"]) == {"a": ("web=3",), "b": ("web=2",)}
    with pytest.raises(Usage, match="of which app"):
        shares(("web=2",), ["a", "b"])
    with pytest.raises(Usage, match="there is no app c"):
        shares(("c/web=2",), ["a", "b"])
