from twelve.factors.config.difference import Difference, difference, masked


def test_added_removed_and_changed_are_told_by_name():
    found = difference({"A": "1", "B": "2", "C": "3"}, {"B": "2", "C": "4", "D": "5"})

    assert [(item.sign, item.name) for item in found] == [("-", "A"), ("~", "C"), ("+", "D")]


def test_equal_sets_do_not_differ():
    assert difference({"A": "1"}, {"A": "1"}) == []


def test_a_variable_set_to_nothing_is_not_a_missing_one():
    assert difference({}, {"A": ""}) == [Difference("A", "added", None, "")]


def test_masked_differences_tell_that_and_not_what():
    found = difference({"A": "canary", "B": "canary"}, {"A": "canary2", "C": "canary3"})

    assert "canary" not in "".join(f"{d.before} {d.after}" for d in masked(found))
    assert "canary" not in repr(found)
    assert [d.before is None for d in masked(found)] == [False, False, True]
