"""Every step of the journal and every point between two has a test in which control dies there."""

import ast
from pathlib import Path

import pytest
from tests.faults.points import DEATHS, ELSEWHERE, OPERATIONS, RECOVERIES, UNDONE

import twelve
from twelve.factors.releases.journal import Point, Step

PLACES = {*Step, *Point}
SOURCE = sorted((Path(twelve.__file__).parent / "operations").glob("*.py"))


def reached(*verbs: str) -> set[str]:
    """The places where control dies in the tests of these operations."""
    words = [point.partition(" ") for d in (*DEATHS, *RECOVERIES) for point in d.points]
    return {place for verb, _, place in words if verb in verbs}


def named_in_the_code() -> set[str]:
    """The members of both enumerations that the operations tell of."""
    found = set()
    for path in SOURCE:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in {
                "reach",
                "reached",
                "enter",
            }:
                members = [a for a in ast.walk(node) if isinstance(a, ast.Attribute)]
                found |= {
                    {"Step": Step, "Point": Point}[a.value.id][a.attr].value
                    for a in members
                    if isinstance(a.value, ast.Name) and a.value.id in {"Step", "Point"}
                }
    return found


def test_every_place_is_told_of_by_the_code():
    assert named_in_the_code() == PLACES


def test_every_place_has_a_death():
    assert reached("deploy", "config", "retire", "recover") == PLACES


@pytest.mark.parametrize("verb", UNDONE)
def test_every_change_dies_wherever_it_comes_by(verb):
    of_all = {place for place in PLACES if place not in reached("retire", "recover")}

    assert reached(verb) | ELSEWHERE[verb].keys() == of_all
    assert not reached(verb) & ELSEWHERE[verb].keys()


def test_the_changes_are_those_that_the_manual_names():
    assert set(UNDONE) == set(OPERATIONS)
