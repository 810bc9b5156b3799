import pytest

from twelve.errors import Invalid
from twelve.factors.lifecycle.backoff import Backoff, delay, failures_after, from_plain

PLAIN = Backoff(jitter=0.0)


def test_the_first_failure_costs_nothing():
    assert delay(PLAIN, 1, 1.0) == 0.0


def test_the_delay_doubles_up_to_the_cap():
    assert [delay(PLAIN, n, 0.0) for n in range(2, 10)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_days_of_failures_do_not_overflow():
    assert delay(PLAIN, 100_000, 0.0) == 60.0


def test_jitter_spreads_by_its_share():
    assert delay(Backoff(), 3, -1.0) == pytest.approx(1.6)
    assert delay(Backoff(), 3, 1.0) == pytest.approx(2.4)
    assert delay(Backoff(), 30, 1.0) == pytest.approx(72.0)


def test_a_stable_time_wipes_the_record():
    assert failures_after(PLAIN, 7, 59.9) == 8
    assert failures_after(PLAIN, 7, 60.0) == 1
    assert failures_after(PLAIN, 0, 0.0) == 1


def test_a_policy_is_read_from_plain_data():
    assert from_plain({"mode": "never"}) is None
    assert from_plain({"mode": "always"}) == Backoff()
    assert from_plain({"base": 2, "cap": 10}) == Backoff(base=2, cap=10)


@pytest.mark.parametrize(
    ("restart", "words"),
    [
        ({"mode": "sometimes"}, "'sometimes'"),
        ({"bas": 1}, "unknown key 'bas'"),
        ({"cap": "much"}, "cap is 'much'"),
        ({"cap": -1}, "cap is -1"),
        ({"cap": True}, "cap is True"),
        ({"cap": float("nan")}, "cap is nan"),
    ],
)
def test_nonsense_is_refused(restart, words):
    with pytest.raises(Invalid, match=words):
        from_plain(restart)
