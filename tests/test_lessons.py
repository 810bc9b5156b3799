"""The table of lessons names tests that are there, and leaves none of their own file out."""

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "explanation" / "lessons.md"
OWN = HERE / "faults" / "elsewhere" / "test_what_went_wrong_elsewhere.py"
TOOLS = (
    *("honcho", "foreman", "overmind", "hivemind", "goreman", "circus", "supervisor"),
    *("Piku", "Dokku", "Kamal"),
)

ROWS = [
    [cell.strip() for cell in line.strip().strip("|").split(" | ")]
    for line in PAGE.read_text().splitlines()
    if line.startswith("| ") and not line.startswith("| where")
]
NAMED = sorted({name for row in ROWS for name in re.findall(r"`(tests/[^`]+)`", row[-1])})


def names_in(path: Path) -> set[str]:
    return set(re.findall(r"^ *(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", NAMED)
def test_a_lesson_points_to_a_test_that_is_there(name):
    path, _, test = name.partition("::")
    assert test in names_in(HERE.parent / path), name


def test_each_lesson_has_a_test():
    assert [row for row in ROWS if "tests/" not in row[-1]] == []


def test_each_test_of_what_went_wrong_is_told():
    path = OWN.relative_to(HERE.parent)
    assert {f"{path}::{test}" for test in names_in(OWN)} <= set(NAMED)


@pytest.mark.parametrize("tool", TOOLS)
def test_something_was_learned_from_each(tool):
    assert [row for row in ROWS if tool in row[0]], tool
