"""When a new release goes by itself, and when it does not."""

import pytest

from twelve.factors.lifecycle.judge import RESTARTS, Sample, lower, upper, worse

WELL = Sample(1000, 2)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(WELL, Sample(100, 60), id="most requests fail"),
        pytest.param(WELL, Sample(1000, 100), id="a tenth fails, where hardly any did"),
        pytest.param(Sample(0, 0), Sample(50, 40), id="nothing to compare with, most fail"),
        pytest.param(Sample(500, 100), Sample(500, 400), id="a bad one gets far worse"),
        pytest.param(WELL, Sample(0, 0, RESTARTS), id="it does not stay up"),
    ],
)
def test_a_release_that_is_clearly_worse_goes(old, new):
    assert worse(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(WELL, Sample(10, 10), id="a handful of requests"),
        pytest.param(WELL, Sample(0, 0), id="no requests"),
        pytest.param(WELL, Sample(200, 6), id="a few more failures"),
        pytest.param(Sample(500, 400), Sample(500, 400), id="the old one was as bad"),
        pytest.param(Sample(30, 29), Sample(30, 30), id="both fail all the time"),
        pytest.param(Sample(5, 0), Sample(100, 20), id="too little is known of the old one"),
        pytest.param(WELL, Sample(1000, 2, RESTARTS - 1), id="it came back a few times"),
    ],
)
def test_a_release_that_is_not_clearly_worse_stays(old, new):
    assert worse(old, new) == ""


def test_the_evidence_names_both():
    assert worse(Sample(1000, 10), Sample(100, 50)) == (
        "50 of 100 requests failed (50.0%); of the old release 10 of 1000 requests failed (1.0%)"
    )


def test_the_bounds_hold_the_share_between_them_and_come_closer():
    few, many = Sample(20, 5), Sample(2000, 500)

    assert lower(few) < lower(many) < 0.25 < upper(many) < upper(few)


def test_a_bound_is_a_share():
    for sample in (Sample(20, 0), Sample(20, 20)):
        assert 0.0 <= lower(sample) <= upper(sample) <= 1.0 + 1e-9
