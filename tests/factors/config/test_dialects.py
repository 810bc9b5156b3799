"""The dialects of others: read as they read them, written only where they hold the value."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelve.errors import Invalid, Refused
from twelve.factors.config.dotenv.docker import LONGEST_LINE
from twelve.factors.config.dotenv.forms import FORMS
from twelve.factors.config.names import value_problem

TRICKY = st.text("ab n#'\"\\$`=\n\r\t\u2028\x85\xa0{}", max_size=30)
ANY = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]))


def parsed(form: str, text: str) -> list[tuple[str, str]]:
    return FORMS[form].parse(text, "FILE")


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=1", "1"),
        ("A=", ""),
        ("  A=1", "1"),
        ("A='a'", "'a'"),
        ('A="a b"', '"a b"'),
        ("A=a # b", "a # b"),
        ("A=#fff", "#fff"),
        ("A= a ", " a "),
        ("A=$B${C}", "$B${C}"),
        ("A=a\\nb", "a\\nb"),
        ("A=a=b", "a=b"),
        ("\ufeffA=1\r\n", "1"),
        ("# note\n \t\n  # note\nA=1", "1"),
    ],
)
def test_docker_takes_all_after_the_equals_sign(line, value):
    assert parsed("docker", line) == [("A", value)]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=1", "1"),
        ("A='a # b'", "a # b"),
        ('A="a\\nb"', "a\nb"),
        ('A="say \\"hi\\""', 'say "hi"'),
        ('A="say "hi""', 'say "hi"'),
        ("A='it's'", "it's"),
        ("A='a\\nb'", "a\\nb"),
        ("A=a\\nb", "a\\nb"),
        ("A=a # b", "a # b"),
        ("A= 'a'", " 'a'"),
        ("A='a' ", "'a' "),
        ("A='", "'"),
        ("A=''", ""),
        ('A="a\\\\b"', "a\\b"),
        ("A=$B", "$B"),
        ("A=1\r\n", "1"),
    ],
)
def test_foreman_takes_quotes_around_the_whole_value_away(line, value):
    assert parsed("foreman", line) == [("A", value)]


@pytest.mark.parametrize("form", ["docker", "foreman"])
@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("export A=hunter2", 1),
        ("A=1\nhunter2", 2),
        ("A=1\n\nA=hunter2", 3),
        ("A B=hunter2", 1),
        ("9A=hunter2", 1),
        ("A-B=hunter2", 1),
        ("=hunter2", 1),
        ("A=\0hunter2", 1),
        ("A=hunter2\nB='1\n2'", 3),
    ],
)
def test_a_line_that_is_none_is_an_error_with_its_number_and_no_part_of_a_value(form, text, line):
    with pytest.raises(Invalid) as caught:
        parsed(form, text)

    said = [caught.value.message, *caught.value.problems]
    assert any(each.startswith(f"FILE:{line}: ") for each in said)
    assert "hunter2" not in " ".join([*said, caught.value.hint])


def test_every_bad_line_is_named_at_once():
    with pytest.raises(Invalid) as caught:
        parsed("docker", "A\nB=1\nC\nexport D=1")

    assert len([caught.value.message, *caught.value.problems]) == 3


@pytest.mark.parametrize("form", ["docker", "foreman"])
def test_bytes_that_are_no_text_are_refused(form):
    with pytest.raises(Invalid, match="FILE:2: is not UTF-8"):
        FORMS[form].parse(b"A=1\nB=\xff", "FILE")


def test_docker_reads_no_line_that_is_longer_than_its_buffer():
    fits = "A=" + "x" * (LONGEST_LINE - 2)

    assert parsed("docker", fits)
    with pytest.raises(Invalid, match="65535 bytes"):
        parsed("docker", fits + "x")
    with pytest.raises(Refused):
        FORMS["docker"].write([("A", "x" * (LONGEST_LINE - 1))])


@pytest.mark.parametrize("form", ["docker", "foreman"])
def test_what_the_form_cannot_hold_is_refused_by_name_and_without_its_value(form):
    pairs = [("FINE", "1"), ("MULTI", "hunter2\n\\n"), ("CR", "hunter2\n\r\\n")]

    with pytest.raises(Refused) as caught:
        FORMS[form].write(pairs)

    assert [each.partition(":")[0] for each in caught.value.problems] == ["MULTI", "CR"]
    assert "hunter2" not in f"{caught.value.message}{caught.value.problems}"


@pytest.mark.parametrize("value", ["a\nb", "'a'", '"a"', "a\\nb", 'a"\nb\\', " a ", "#", "$A"])
def test_foreman_holds_newlines_and_quotes(value):
    assert parsed("foreman", FORMS["foreman"].write([("A", value)])) == [("A", value)]


@pytest.mark.parametrize("form", FORMS)
@given(value=TRICKY | ANY)
def test_what_is_written_is_read_back_exactly_or_was_refused(form, value):
    if value_problem("A", value):
        return
    pairs = [("A", value), ("B", "1")]
    if form in {"docker", "foreman"} and set(value) & {"\n", "\r"}:
        with contextlib.suppress(Refused):
            assert FORMS[form].parse(FORMS[form].write(pairs), "FILE") == pairs
        return
    text = FORMS[form].write(pairs)
    assert FORMS[form].parse(text, "FILE") == pairs
    assert FORMS[form].parse(text.encode(), "FILE") == pairs
