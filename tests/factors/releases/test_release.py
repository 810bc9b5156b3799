"""A release, its names and its digest."""

import pytest

from twelve.factors.releases.build import Build, build_from_plain
from twelve.factors.releases.release import (
    Release,
    parse_release_number,
    runtime_digest,
    runtimes_of,
)

BEFORE = Release(
    "shop", "production", 3, "b", 1, 0, {"web": 1}, {"web": 2}, "d", "deploy", "ann", 1
)


def test_a_release_is_called_by_deploy_and_number():
    assert (BEFORE.name, BEFORE.tag) == ("shop/production v3", "v3")


def test_the_digest_tells_every_part_apart():
    parts = [("a", "b", "c"), ("a", "b", "d"), ("a", "d", "c"), ("d", "b", "c"), ("ab", "", "c")]

    assert len({runtime_digest(*each) for each in parts}) == len(parts)
    assert runtime_digest("a", "b", "c") == runtime_digest("a", "b", "c")


def test_processes_stay_where_nothing_about_them_changed():
    assert runtimes_of(4, {"web": 2, "worker": 1}, "d", BEFORE) == {"web": 2, "worker": 4}
    assert runtimes_of(4, {"web": 2}, "other", BEFORE) == {"web": 4}
    assert runtimes_of(1, {"web": 1}, "d", None) == {"web": 1}


@pytest.mark.parametrize(("text", "number"), [("v7", 7), ("7", 7), ("v12", 12)])
def test_a_release_is_named_with_its_v_or_without(text, number):
    assert parse_release_number(text) == number


@pytest.mark.parametrize("text", ["", "v", "vv7", "-1", "1.5", "seven", "٣", "1_000", "+7", " 7"])
def test_what_is_no_release_is_refused(text):
    with pytest.raises(ValueError):
        parse_release_number(text)


def test_a_build_is_called_by_its_commit_and_marked_when_it_holds_more():
    build = Build("d", "shop", "t" * 64, "git", "c" * 40, "s", 1, True, {}, {})

    assert build.label == "ccccccc+dirty"
    assert build._replace(dirty=False, commit="").label == "tree ttttttt"
    assert build_from_plain(build.to_plain()) == build
