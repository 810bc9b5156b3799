"""Parts of Twelve die at random times, alone and together, under load: nothing is lost.

The long form is ``make faults KILLS=200``.
"""

import json
import os
import secrets

import pytest
from demo.home import make_home
from tests.faults.killing import KINDS, Plan, rampage
from tests.faults.points import LONG
from tests.faults.witness import Witness
from tests.faults.worlds import make_till

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(3600 * 8)]

KILLS = int(os.environ.get("KILLS") or 1)
"""Of each kind."""
TOGETHER = [[kind] for kind in KINDS] if LONG else [list(KINDS)]
"""Kinds that share a home: many kills of one kind have one to themselves."""


@pytest.mark.parametrize("kinds", TOGETHER, ids=", ".join)
def test_nothing_is_lost_whoever_is_killed(kinds):
    seed = int(os.environ.get("SEED") or secrets.randbelow(2**32))
    home = make_home(TWELVE_KEEP_RELEASES="2", TWELVE_DIE_AT="/dev/null")
    try:
        with Witness() as witness:
            found = rampage(make_till(home, witness), Plan(kinds, KILLS, seed))
    finally:
        home.end()
    print(json.dumps(found))

    assert found["amiss"] == {}, found
    assert found["kills"] == KILLS * len(kinds)
    assert found["sent"] > 100
    assert found["lines"] > found["sent"] / 2
