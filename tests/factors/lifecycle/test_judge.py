"""When a new release goes by itself, and when it does not."""

import pytest

from twelve.factors.lifecycle.judge import (
    LOOKS,
    RESTARTS,
    Baseline,
    Sample,
    lower,
    seen_again,
    upper,
    worse,
)

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
    assert worse(Baseline(old), new)


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
    assert worse(Baseline(old), new) == ""


def test_the_evidence_names_both():
    assert worse(Baseline(Sample(1000, 10)), Sample(100, 50)) == (
        "50 of 100 requests failed (50.0%); of the old release 10 of 1000 requests failed (1.0%)"
    )


def test_the_bounds_hold_the_share_between_them_and_come_closer():
    few, many = Sample(20, 5), Sample(2000, 500)

    assert lower(few) < lower(many) < 0.25 < upper(many) < upper(few)


def test_a_bound_is_a_share():
    for sample in (Sample(20, 0), Sample(20, 20)):
        assert 0.0 <= lower(sample) <= upper(sample) <= 1.0 + 1e-9


def test_an_old_release_that_has_only_become_bad_of_late_is_a_measure_too():
    bad_now = Sample(200, 120)
    assert worse(Baseline(Sample(1_000_000, 50), Sample(200, 0)), bad_now)
    assert worse(Baseline(Sample(1_000_000, 50), Sample(200, 118)), bad_now) == ""
    assert worse(Baseline(Sample(1_000_000, 50), Sample(5, 5)), bad_now), "five say nothing"


def test_restarts_are_held_against_nobody_whose_forerunner_restarted_as_often():
    falls = Sample(0, 0, RESTARTS)
    assert worse(Baseline(WELL, Sample(0, 0, RESTARTS - 1)), falls)
    assert worse(Baseline(WELL, Sample(0, 0, RESTARTS)), falls) == ""


def test_more_unready_processes_than_before_look_after_look_take_it_back():
    old, new = Baseline(WELL, Sample(0, 0, unready=1)), Sample(0, 0)
    ill = Sample(0, 0, unready=2, why="GET /health answers 503")
    for _ in range(LOOKS):
        assert worse(old, new) == ""
        new = seen_again(old, new, ill)
    assert worse(old, new) == "2 of its processes not ready: GET /health answers 503"
    assert worse(old, seen_again(old, new, ill._replace(unready=1))) == "", "the old had one too"
