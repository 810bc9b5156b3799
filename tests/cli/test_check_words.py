"""The plain calls of ``twelve check`` start without click, and mean what they mean to it."""

import os

import pytest
from tests.cli.worlds import modules_of

from twelve.cli.check import command
from twelve.cli.check_words import plain_call


@pytest.mark.parametrize("words", [
    [], ["."], ["app"], ["--format", "json"], ["--format=sarif", "app"],
    ["app", "--extended", "--exit-zero"],
])  # fmt: skip
def test_a_plain_call_means_what_click_makes_of_it(words):
    held = command.make_context("check", [*words]).params
    said = plain_call(words)
    assert said is not None
    assert {name: str(value) for name, value in said.items()} == {
        name: str(held[name]) for name in said
    }
    unsaid = {name: value for name, value in held.items() if name not in said and value}
    assert set(unsaid) <= {"path", "shape", "cache"}


@pytest.mark.parametrize("words", [
    ["a", "b"], ["--format"], ["--format", "yaml"], ["--fix"], ["--help"], ["-o", "x"],
    ["--exit"], ["--", "a"], [""],
])  # fmt: skip
def test_every_other_call_is_left_to_click(words):
    assert plain_call(words) is None


def test_a_plain_check_imports_nothing_of_the_other_commands(tmp_path):
    (tmp_path / "app").mkdir()
    modules = modules_of(["check", str(tmp_path / "app")], os.environ, tmp_path)

    assert "twelve.checker.run" in modules
    others = {"click", "dataclasses", "inspect", "hashlib", "rich", "twelve.cli.table"}
    assert modules & others == set()
