import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelve.errors import Invalid
from twelve.factors.resources.names import check_name, name_for

words = st.text("abcXYZ019-._é", min_size=1, max_size=63)


@given(words, words, words)
def test_every_name_that_is_made_is_taken_by_every_server(app, deploy, variable):
    name = name_for(app, deploy, variable)

    assert check_name(name) == name


@given(st.tuples(words, words, words), st.tuples(words, words, words))
def test_two_variables_never_share_a_name(one, other):
    assert (name_for(*one) == name_for(*other)) == (one == other)


def test_a_name_says_whose_it_is():
    name = name_for("shop", "production", "DATABASE_URL")

    assert name.startswith("shop_production_database_url_")


def test_apps_whose_names_begin_alike_are_apart():
    assert name_for("tin-y", "x", "A") != name_for("tin", "y-x", "A")


def test_a_name_of_the_servers_own_is_refused():
    for name in ("twelve", "postgres", "template1", "default", "pg_monitor"):
        with pytest.raises(Invalid, match="the server's own"):
            check_name(name)


@given(st.sampled_from(["twelve", "postgres", "pg"]), words)
def test_an_app_may_have_such_a_name(app, deploy):
    assert check_name(name_for(app, deploy, "DATABASE_URL"))


@pytest.mark.parametrize("name", ["", "A", "1a", "a-b", "a" * 64, "a\n", "ä"])
def test_a_name_that_needs_quotes_is_refused(name):
    with pytest.raises(Invalid):
        check_name(name)
