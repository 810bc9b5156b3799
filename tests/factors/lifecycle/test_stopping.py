from twelve.factors.lifecycle.stopping import StopPlan, hasten, plan_stop, seconds_left


def test_each_has_its_whole_grace_from_the_asking():
    assert plan_stop(100.0, 15, 30.0) == StopPlan(15, 130.0)
    assert plan_stop(100.0, 15, -1.0) == StopPlan(15, 100.0)


def test_a_second_stop_only_comes_earlier():
    first = plan_stop(100.0, 15, 30.0)
    assert hasten(first, plan_stop(110.0, 2, 5.0)) == StopPlan(2, 115.0)
    assert hasten(first, plan_stop(110.0, 2, 60.0)) == StopPlan(2, 130.0)


def test_what_is_due_is_due_now():
    assert seconds_left(StopPlan(15, 130.0), 100.0) == 30.0
    assert seconds_left(StopPlan(15, 130.0), 140.0) == 0.0
