"""What the collector says has grown, and what of it one reader has still to look at."""

import pytest

from twelve.engines.local.growth import ANYTHING, Gathered, Growth, heard


def test_only_what_is_ours_is_gathered_and_taken_once():
    gathered = Gathered("box/")
    gathered.add(Growth(frozenset({"box/web", "other/web"}), 7))
    gathered.add(Growth(frozenset({"box/worker"}), 9))

    assert gathered
    assert gathered.take() == Growth(frozenset({"box/web", "box/worker"}), 9)
    assert not gathered


def test_what_is_not_ours_is_nothing_to_look_at():
    gathered = Gathered("box/")
    gathered.add(Growth(frozenset({"other/web"}), 7))

    assert not gathered


def test_after_a_collector_that_was_away_anything_may_have_grown():
    gathered = Gathered("box/")
    gathered.add(Growth(frozenset({"box/web"}), 7))
    gathered.add(ANYTHING)
    gathered.add(Growth(frozenset({"box/worker"}), 9))

    assert gathered.take() == ANYTHING


def test_the_first_line_of_a_watch_says_that_anything_may_have_grown():
    assert heard(b'{"watching": true, "sequence": 4}\n') == Growth(None, 4)
    assert heard(b'{"grew": ["box/web"], "sequence": 5}\n') == Growth(frozenset({"box/web"}), 5)


@pytest.mark.parametrize("line", [b"{}", b"{", b'{"error": "no"}'])
def test_another_line_is_refused(line):
    with pytest.raises((ValueError, KeyError)):
        heard(line)
