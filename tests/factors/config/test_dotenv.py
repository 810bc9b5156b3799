import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelve.errors import Invalid
from twelve.factors.config.dotenv import (
    parse_dotenv,
    parse_json,
    read_dotenv,
    write_dotenv,
    write_json,
)
from twelve.factors.config.names import value_problem

NAMES = st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_]{0,20}\Z")
VALUES = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]))
TRICKY = st.text("ab #'\"\\$`=\n\r\t\u2028\x85\xa0{}", max_size=30)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A=1", "1"),
        ("A=", ""),
        ("A=''", ""),
        ("export A=1", "1"),
        ("  export\tA=1", "1"),
        ("A = 1", "1"),
        ("A=a b c", "a b c"),
        ("A=  padded  ", "padded"),
        ("A=val # note", "val"),
        ("A=val\t# note", "val"),
        ("A=val#c", "val#c"),
        ("A=pa#ss", "pa#ss"),
        ("A=#fff", "#fff"),
        ("A= # only a note", ""),
        ("A='a # b' # note", "a # b"),
        ("A='a'  ", "a"),
        ('A="a\\nb"', "a\nb"),
        ("A='a\\nb'", "a\\nb"),
        ('A="a\\\\nb"', "a\\nb"),
        ('A="say \\"hi\\""', 'say "hi"'),
        ("A='one\ntwo\n'", "one\ntwo\n"),
        ('A="one\ntwo"', "one\ntwo"),
        ("A='one\r\ntwo'\r\n", "one\ntwo"),
        ("A=$B", "$B"),
        ('A="${B}"', "${B}"),
        ("A=${B:-c}", "${B:-c}"),
        ("A=a=b=c", "a=b=c"),
        ('A={"k": "v"}', '{"k": "v"}'),
        ("A=it's", "it's"),
        ("A=a\u2028b", "a\u2028b"),
        ("\ufeffA=1\r\n", "1"),
        ("# top\n\nA=1\n# end", "1"),
        ("A=C:\\new", "C:\\new"),
    ],
)
def test_a_value_is_read_as_it_stands(text, value):
    assert parse_dotenv(text) == [("A", value)]
    assert parse_dotenv(text.encode()) == [("A", value)]


def test_variables_keep_their_order_over_values_of_several_lines():
    text = "Z='1\n2\n3'\nA=x\nM=\"4\n5\"\nB=y"

    assert parse_dotenv(text) == [("Z", "1\n2\n3"), ("A", "x"), ("M", "4\n5"), ("B", "y")]


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("A", 1, "has no '='"),
        ("export A", 1, "has no '='"),
        ("A=1\nnonsense", 2, "has no '='"),
        ("A=1\r\nnonsense", 2, "has no '='"),
        ("9A=1", 1, "is no name"),
        ("A-B=1", 1, "is no name"),
        ("Ä=1", 1, "is no name"),
        ("=1", 1, "is no name"),
        ("A B=1", 1, "is no name"),
        ("B='1\n2'\nA='", 3, "never closed"),
        ('A="1', 1, "never closed"),
        ('A="1\\"', 1, "never closed"),
        ("A='1'2", 1, "goes on after the closing '"),
        ("A='1'#2", 1, "goes on after the closing '"),
        ('A="\\d"', 1, "unknown escape"),
        ("B=1\nA=2\nB=3", 3, "B is there already, in line 1"),
        ("C='x\ny'\nA=1\0", 3, "A holds a NUL byte"),
        ("A=" + "x" * 1024 * 1024, 1, "A is 1048576 bytes long"),
    ],
)
def test_a_bad_line_is_an_error_with_its_number(text, line, problem):
    with pytest.raises(Invalid) as caught:
        parse_dotenv(text, "my.env")

    assert caught.value.message.startswith(f"my.env:{line}: ")
    assert problem in caught.value.message
    assert caught.value.hint


def test_every_bad_line_is_named_at_once():
    entries, problems = read_dotenv("A\nB=1\nC C=2\nD='x\ny'z\nE=3\n")

    assert [entry.name for entry in entries] == ["B", "E"]
    assert [p.split(":")[1] for p in problems] == ["1", "3", "4"]


def test_bytes_that_are_no_utf8_are_named_with_their_line():
    with pytest.raises(Invalid, match=":2: is not UTF-8"):
        parse_dotenv(b"A=1\nB=\xff")


def test_an_unquoted_private_key_does_not_end_up_in_the_message():
    key = "KEY=-----BEGIN-----\nY2FuYXJ5LWNhbmFyeQ\nY2FuYXJ5==\n-----END-----\n"
    with pytest.raises(Invalid) as caught:
        parse_dotenv(key)

    said = "".join([caught.value.message, caught.value.hint, *caught.value.problems])
    assert "Y2Fu" not in said


def test_an_entry_knows_its_line_and_the_comments_beside_and_above():
    text = "# far away\n\n# one\n# two\nA='x\ny' # three\nB=1\n"
    entries, _ = read_dotenv(text)

    assert [(e.name, e.line, e.note) for e in entries] == [
        ("A", 5, "# one\n# two\n# three"),
        ("B", 7, ""),
    ]


@given(st.dictionaries(NAMES, VALUES | TRICKY))
def test_what_was_written_is_read_back(values):
    assert dict(parse_dotenv(write_dotenv(values.items()))) == values


@given(st.dictionaries(NAMES, VALUES | TRICKY))
def test_what_was_written_as_json_is_read_back(values):
    assert dict(parse_json(write_json(values.items()))) == values


@given(st.text() | TRICKY)
def test_any_text_is_read_or_refused_with_a_line(text):
    entries, problems = read_dotenv(text, "x")

    assert all(problem.split(":")[1].isdigit() for problem in problems)
    assert not [entry for entry in entries if value_problem(entry.name, entry.value)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "x.json:1: is not JSON"),
        ('{"A": \n', "x.json:2: is not JSON"),
        ("[]", "not one JSON object"),
        ('["A"]', "not one JSON object"),
        ('"A"', "not one JSON object"),
        ("[" * 100_000, "is not JSON"),
        ('{"A": 1}', "A is not a string"),
        ('{"A": null}', "A is not a string"),
        ('{"A": {"B": "C"}}', "A is not a string"),
        ('{"A": "1", "A": "2"}', "A is there twice"),
        ('{"A B": "1"}', "'A B' is not a name"),
        ('{"A": "\\u0000"}', "A holds a NUL"),
        ('{"A": "\\ud800"}', "A is not UTF-8"),
    ],
)
def test_json_that_is_no_config_is_refused(text, problem):
    with pytest.raises(Invalid) as caught:
        parse_json(text, "x.json")

    assert problem in caught.value.message


def test_json_that_is_no_text_is_refused():
    with pytest.raises(Invalid, match=r"x\.json: is not UTF-8"):
        parse_json(b'{"A": "\xff"}', "x.json")


def test_an_empty_json_object_is_an_empty_config():
    assert parse_json("{}") == []


def test_json_faults_are_all_named():
    with pytest.raises(Invalid) as caught:
        parse_json(json.dumps({"A": 1, "B C": "x", "D": "ok"}))

    assert len(caught.value.problems) == 1
