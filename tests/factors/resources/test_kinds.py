import pytest

from twelve.errors import Invalid
from twelve.factors.config.names import name_problem, reserved_problem
from twelve.factors.resources.kinds import RESOURCE_KINDS, kind_for_variable, kind_of
from twelve.factors.resources.url import check_kind


@pytest.mark.parametrize("kind", RESOURCE_KINDS.values(), ids=RESOURCE_KINDS)
def test_a_kind_is_consistent_with_itself(kind):
    assert RESOURCE_KINDS[kind.name] is kind
    assert kind_for_variable(kind.variable) == kind
    assert not name_problem(kind.variable)
    assert not reserved_problem(kind.variable)


@pytest.mark.parametrize("kind", RESOURCE_KINDS.values(), ids=RESOURCE_KINDS)
def test_a_placeholder_is_a_whole_url_where_nobody_listens(kind):
    url = check_kind(kind.placeholder, kind)

    assert (url.host, url.port, url.scheme) == ("127.0.0.1", 1, kind.schemes[0])
    assert url.user
    assert url.password
    assert url.path != "/"


@pytest.mark.parametrize(
    ("word", "meant"), [("postgresql", "postgres"), ("valkey", "redis"), ("Redis", "redis")]
)
def test_a_wrong_spelling_names_the_right_one(word, meant):
    with pytest.raises(Invalid) as caught:
        kind_of(word, "twelve.toml: resources/DB")

    assert caught.value.message == f"twelve.toml: resources/DB: {word!r} is not a kind of resource"
    assert f"did you mean {meant!r}?" in caught.value.hint


def test_an_unknown_kind_is_told_what_there_is():
    with pytest.raises(Invalid) as caught:
        kind_of("zeppelin")

    assert "postgres, redis" in caught.value.hint
    assert "did you mean" not in caught.value.hint


def test_a_variable_of_no_kind_has_none():
    assert kind_for_variable("SENTRY_DSN") is None
