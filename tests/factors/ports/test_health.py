import pytest

from twelve.factors.ports.health import (
    WELL,
    Pulse,
    after,
    is_booting,
    is_hopeless,
    is_stuck,
    patience,
    pause,
)

SILENT = "no answer to GET / within 5 s"


def told(*answers: str) -> Pulse:
    pulse = WELL
    for second, why in enumerate(answers):
        pulse = after(pulse, why, float(second), 7)
    return pulse


@pytest.mark.parametrize(
    ("answers", "out"),
    [
        ((), False),
        ((SILENT,), False),
        ((SILENT, SILENT), True),
        ((SILENT, "", SILENT), False),
        ((SILENT, SILENT, SILENT, ""), False),
    ],
)
def test_two_questions_in_a_row_without_an_answer_take_a_process_out(answers, out):
    assert told(*answers).out is out


def test_a_pulse_remembers_since_when_and_why():
    pulse = told("", SILENT, "GET /health answers 503")
    assert (pulse.since, pulse.why, pulse.born) == (1.0, "GET /health answers 503", 7)


@pytest.mark.parametrize(
    ("failures", "seconds", "hopeless"),
    [(3, 15, True), (3, 14.9, False), (2, 99, False), (30, 3, False)],
)
def test_a_restart_needs_three_questions_and_one_and_a_half_periods(failures, seconds, hopeless):
    assert is_hopeless(Pulse(failures, 100.0), 100.0 + seconds, 10.0) is hopeless


def test_a_life_that_never_answered_has_its_time_to_boot():
    pulse = told("", SILENT)
    assert is_booting(pulse, 8, 59.0, 60.0)
    assert not is_booting(pulse, 8, 61.0, 60.0)
    assert not is_booting(pulse, 7, 1.0, 60.0), "this life has answered before"


def test_an_answer_takes_no_longer_than_a_period():
    assert (patience(10.0), patience(0.5)) == (5.0, 0.5)
    assert pause(10.0) == 1.0


@pytest.mark.parametrize(
    ("before", "now", "stuck"),
    [
        ((1, 5), (1, 5), True),
        ((1, 5), (2, 5), True),
        ((1, 5), (1, 6), False),
        ((0, 5), (1, 5), False),
        ((1, 5), (0, 5), False),
    ],
)
def test_who_holds_requests_and_answers_none_is_looked_at(before, now, stuck):
    assert is_stuck(before, now) is stuck
