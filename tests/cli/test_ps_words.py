"""The plain calls of ``twelve ps`` start without click, and mean what they mean to it."""

import os

import pytest
from tests.cli.worlds import modules_of

from twelve.cli.ps import command
from twelve.cli.ps_list import plain_call


@pytest.mark.parametrize("words", [
    [], ["-a", "shop"], ["--app", "shop/staging"], ["--json"], ["--all"], ["--all", "--json"],
    ["-a", "shop", "--json"],
])  # fmt: skip
def test_a_plain_call_means_what_click_makes_of_it(words):
    held = command.make_context("ps", [*words]).params
    said = plain_call(words)

    assert said is not None
    assert held == {
        "app": said.app,
        "as_json": said.flags["as_plain"],
        "everything": said.flags["everything"],
        "again": False,
    }


@pytest.mark.parametrize("words", [
    ["ls"], ["scale", "web=2"], ["--help"], ["-h"], ["-w"], ["--watch"], ["-a"], ["-a", "--json"],
    ["-ashop"], ["--js"], ["--app=shop"], ["--", "ls"], [""],
])  # fmt: skip
def test_every_other_call_is_left_to_click(words):
    assert plain_call(words) is None


def test_a_plain_listing_imports_nothing_of_the_other_commands(tmp_path):
    environ = {**os.environ, "TWELVE_HOME": str(tmp_path / "home")}
    modules = modules_of(["ps", "-a", "shop"], environ, tmp_path, status=69)

    assert "twelve.cli.ps_list" in modules
    others = {"click", "inspect", "dataclasses", "urllib.parse", "twelve.api.shapes", "rich"}
    assert modules & (others | {"twelve.cli.table", "twelve.cli.ps"}) == set()
