"""Control dies at each step of a deploy: old or new, whole, and it is said which and why."""

import pytest
from tests.faults.points import DEATHS, RECOVERIES, Death
from tests.faults.worlds import die

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(120)]

OWN = {"deploy", "provision", "broken"}
"""The others have a module of their own: two modules run side by side."""


@pytest.mark.parametrize("death", [d for d in DEATHS if d.change in OWN], ids=str)
def test_a_deploy_is_whole_after_a_death(till, customer, death: Death):
    die(till, customer, death)


@pytest.mark.parametrize("death", RECOVERIES, ids=str)
def test_a_death_while_another_is_made_good_changes_nothing(till, customer, death: Death):
    die(till, customer, death)
