import pytest

from twelve.errors import Bug
from twelve.factors.lifecycle.states import LIVE, MOVES, State, moved


def test_every_state_has_its_moves():
    assert set(MOVES) == set(State)


def test_what_is_not_in_the_table_is_our_bug():
    with pytest.raises(Bug, match=r"web.1: no move from exited to up"):
        moved("web.1", State.EXITED, State.UP)


def test_every_state_can_come_to_an_end():
    for state in State:
        reached, todo = {state}, [state]
        while todo:
            new = MOVES[todo.pop()] - reached
            reached |= new
            todo += new
        assert State.EXITED in reached, state


def test_whoever_has_a_process_can_be_stopped():
    for state in LIVE - {State.STOPPING}:
        assert State.STOPPING in MOVES[state]


def test_who_is_being_stopped_is_not_started_again():
    assert MOVES[State.STOPPING] == {State.EXITED}
