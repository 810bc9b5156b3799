"""Control dies at each step of a rollback, a change of config, and a scaling."""

import pytest
from tests.faults.points import DEATHS, ELSEWHERE, LONG, Death, in_short_form
from tests.faults.worlds import die

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(120)]

OWN = ("rollback", "config", "scale")


OF_CHANGES = [d for d in DEATHS if d.change in OWN and (LONG or in_short_form(d))]


@pytest.mark.parametrize("death", OF_CHANGES, ids=str)
def test_a_change_is_whole_after_a_death(till, customer, death: Death):
    die(till, customer, death)


@pytest.mark.parametrize("verb", OWN)
def test_a_change_comes_by_nowhere_else(till, customer, verb):
    before = till.whole()
    till.arm(*(f"{verb} {place}" for place in ELSEWHERE[verb]))

    assert till.change(verb).code == 0
    assert till.whole().current > before.current
    assert len(till.unmet()) == len(ELSEWHERE[verb])
