import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelve.errors import Invalid
from twelve.factors.concurrency.formation import (
    formation_of,
    parse_formation,
    process_names,
    text_of_formation,
)
from twelve.factors.processes.types import ProcessType

NOW = {"web": 2, "worker": 1, "send-mail": 0}


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["web=3"], {"web": 3}),
        (["web=3", "worker=0"], {"web": 3, "worker": 0}),
        (["web=3,worker=0"], {"web": 3, "worker": 0}),
        (["web+1"], {"web": 3}),
        (["web-2"], {"web": 0}),
        (["send-mail=1"], {"send-mail": 1}),
        (["send-mail-0"], {"send-mail": 0}),
        (["all=0"], {"web": 0, "worker": 0, "send-mail": 0}),
        (["web=1", "web=1"], {"web": 1}),
        ([], {}),
        (["web=1000"], {"web": 1000}),
    ],
)
def test_words_ask_for_quantities(words, asked):
    assert parse_formation(words, NOW, NOW) == asked


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("web", "is not a quantity: write TYPE=NUMBER"),
        ("web=", "is not a quantity"),
        ("web=two", "is not a quantity"),
        ("web=-1", "is not"),
        ("web=1.5", "is not a quantity"),
        ("=1", "is not a quantity"),
        ("", "is not a quantity"),
        ("web=٣", "is not a quantity"),
        ("web=1001", "choose 0 to 1000"),
        ("web+999", "choose 0 to 1000"),
        ("web-3", "choose 0 to 1000"),
        ("wbe=1", "did you mean web?"),
        ("cron=1", "there are web, worker, send-mail"),
        ("web=1,web=2", "web is there already, with 1"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(word, problem):
    with pytest.raises(Invalid) as caught:
        parse_formation([word], NOW, NOW)

    assert problem in caught.value.message


def test_all_faults_are_named_and_nothing_is_scaled():
    with pytest.raises(Invalid) as caught:
        parse_formation(["web=5", "nope=1", "worker=x"], NOW, NOW)

    assert len(caught.value.problems) == 1
    assert caught.value.hint == "nothing was scaled"


def test_a_type_that_is_called_all_is_just_a_type():
    assert parse_formation(["all=3"], ["all", "web"], {}) == {"all": 3}


def test_known_types_may_be_more_than_those_that_run():
    assert parse_formation(["clock=1"], ["web", "clock"], NOW) == {"clock": 1}


def test_what_was_scaled_by_hand_stays_and_the_manifest_says_the_rest():
    types = {"web": ProcessType("web", "x", quantity=4), "clock": ProcessType("clock", "y")}

    assert formation_of(types, {"web": 2, "gone": 7}) == {"web": 2, "clock": 1}
    assert formation_of(types, {"web": 0}) == {"web": 0, "clock": 1}


def test_processes_are_counted_from_one():
    assert process_names({"web": 2, "worker": 0, "clock": 1}) == ["web.1", "web.2", "clock.1"]


@given(st.dictionaries(st.from_regex(r"\A[a-z0-9][a-z0-9_-]{0,9}\Z"), st.integers(0, 1000)))
def test_a_formation_is_read_back_as_it_was_written(formation):
    assert parse_formation(text_of_formation(formation).split(), formation, {}) == formation
