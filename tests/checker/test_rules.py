"""Every rule finds its failing examples and spares its look-alikes, alone and with all others."""

from collections.abc import Iterator

import pytest
from _pytest.mark.structures import ParameterSet

from twelve.checker.rules import ROOM_OF, RULES, rule
from twelve.checker.run import check
from twelve.checker.source import MemoryTree
from twelve.errors import Usage
from twelve.finding import Place
from twelve.methodology import FACTORS
from twelve.picture.rule import Example, Rule


def cases(kind: str) -> Iterator[ParameterSet]:
    for one in RULES:
        for number, example in enumerate(getattr(one, kind)):
            yield pytest.param(one, example, id=f"{one.id}-{number}")


def places(one: Rule, example: Example, *, prefilter: bool) -> set[Place]:
    report = check(MemoryTree(example.files), [one], prefilter=prefilter)
    return {
        place
        for finding in report.findings
        if finding.requirement == one.id and "does not parse" not in finding.message
        for place in finding.places
    }


def shown(place: Place) -> set[str]:
    return {place.path, f"{place.path}:{place.line}"}


@pytest.mark.parametrize(("one", "example"), list(cases("found")))
def test_a_failing_example_is_found_at_its_place(one: Rule, example: Example) -> None:
    held = {text for place in places(one, example, prefilter=True) for text in shown(place)}
    assert example.at in held


@pytest.mark.parametrize(
    ("one", "example"), [case for case in cases("found") if case.values[1].severity]
)
def test_the_certain_is_told_from_the_likely(one: Rule, example: Example) -> None:
    found = [
        finding.severity
        for finding in check(MemoryTree(example.files), [one]).findings
        for place in finding.places
        if example.at in shown(place)
    ]
    assert found
    assert set(found) == {example.severity}


def test_a_rule_that_tells_them_apart_shows_both_and_says_why() -> None:
    for one in RULES:
        shown_at = {example.severity for example in one.found} - {""}
        assert shown_at == ({"high", "medium"} if one.doubt else set())


@pytest.mark.parametrize(("one", "example"), list(cases("spared")))
def test_a_look_alike_is_spared(one: Rule, example: Example) -> None:
    assert places(one, example, prefilter=True) == set()


@pytest.mark.parametrize(("one", "example"), [*cases("found"), *cases("spared")])
def test_the_prefilter_changes_nothing(one: Rule, example: Example) -> None:
    assert places(one, example, prefilter=True) == places(one, example, prefilter=False)


@pytest.mark.parametrize("one", RULES, ids=lambda one: one.id)
def test_a_rule_says_what_it_is(one: Rule) -> None:
    assert one.statement
    assert one.source
    assert one.why
    assert one.way_out
    assert one.never
    assert one.found
    assert one.spared
    assert all(example.at for example in one.found)


def test_ids_are_unique_and_live_in_the_room_of_their_factor() -> None:
    assert len({one.id for one in RULES}) == len(RULES)
    for factor in FACTORS:
        held = [one.id for one in RULES if one.factor == factor.numeral]
        assert held
        assert {ROOM_OF[rule_id] for rule_id in held} == {factor.room}


def test_an_unknown_requirement_is_named() -> None:
    with pytest.raises(Usage, match="XX-1"):
        rule("XX-1")
