"""What a death at each step leaves to do."""

from twelve.factors.releases.journal import ORDER, Step, Verdict, verdict


def test_old_until_the_new_release_is_recorded_new_from_then_on():
    verdicts = [verdict(step) for step in ORDER]
    turn = ORDER.index(Step.DRAIN)

    assert set(verdicts[:turn]) == {Verdict.UNDO}
    assert set(verdicts[turn:]) == {Verdict.COMPLETE}


def test_the_steps_are_in_the_order_of_the_methodology():
    assert ORDER.index(Step.BUILD) < ORDER.index(Step.RELEASE) < ORDER.index(Step.RELEASE_PHASE)
    assert ORDER.index(Step.RELEASE_PHASE) < ORDER.index(Step.START) < ORDER.index(Step.SWITCH)
