import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelve.errors import Invalid
from twelve.manifest.procfile import Line, parse_procfile, read_procfile


@pytest.mark.parametrize(
    "text",
    [
        "web: run it\nworker: work",
        "web: run it\nworker: work\n",
        "web: run it\r\nworker: work\r\n",
        "\ufeffweb: run it\nworker: work",
        "web:run it\nworker:\twork  ",
        "web :  run it \nworker: work",
        "  web: run it\n  worker: work",
    ],
)
def test_every_way_to_write_it_says_the_same(text):
    expected = {"web": Line("run it", 1), "worker": Line("work", 2)}

    assert parse_procfile(text) == parse_procfile(text.encode()) == expected


def test_comments_and_blank_lines_count_but_say_nothing():
    assert parse_procfile("# top\n\n  # indented\nweb: x # y\n") == {"web": Line("x # y", 4)}


def test_release_is_read_beside_the_types():
    assert list(parse_procfile("release: migrate\nweb: x")) == ["release", "web"]


def test_the_first_colon_ends_the_type():
    assert parse_procfile("web: a:b --bind :80")["web"].command == "a:b --bind :80"


def test_a_line_separator_of_another_script_does_not_end_a_command():
    assert parse_procfile("web: a\u2028b\x85c")["web"].command == "a\u2028b\x85c"


def test_an_empty_procfile_has_no_types():
    assert parse_procfile("") == parse_procfile(b"\n# x\n") == {}


@pytest.mark.parametrize("name", ["web", "Web", "w", "1st", "a-b_c", "x" * 63])
def test_names_that_other_runners_take_are_taken(name):
    assert list(parse_procfile(f"{name}: x")) == [name]


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("web", 1, "has no colon"),
        ("web: x\ngunicorn shop", 2, "has no colon"),
        ("web: x\r\nw.eb: y", 2, "'w.eb' is not a name"),
        ("we b: x", 1, "'we b' is not a name"),
        (": x", 1, "'' is not a name"),
        ("-web: x", 1, "'-web' is not a name"),
        ("wéb: x", 1, "'wéb' is not a name"),
        ("x" * 64 + ": x", 1, "is not a name"),
        ("run: x", 1, "Twelve's own"),
        ("web:", 1, "web has no command"),
        ("release:  ", 1, "release has no command"),
        ("web: x\n\nweb: y", 3, "web is there already, in line 1"),
        ("release: x\nrelease: y", 2, "release is there already"),
        ("web: a\rb", 1, "control character"),
        ("web: a\0b", 1, "control character"),
        ("web: a \\\n  b", 1, "ends with a backslash"),
    ],
)
def test_a_bad_line_is_an_error_with_its_number(text, line, problem):
    with pytest.raises(Invalid) as caught:
        parse_procfile(text, "Procfile.dev")

    assert caught.value.message.startswith(f"Procfile.dev:{line}: ")
    assert problem in caught.value.message


def test_every_bad_line_is_named_at_once():
    found, problems = read_procfile("web\nworker: x\nworker: y\n:z")

    assert list(found) == ["worker"]
    assert [p.split(":")[1] for p in problems] == ["1", "3", "4"]


def test_bytes_that_are_no_utf8_are_named_with_their_line():
    with pytest.raises(Invalid, match="Procfile:2: is not UTF-8"):
        parse_procfile(b"web: x\nworker: \xe9")


@given(st.text())
def test_any_text_is_read_or_refused_with_a_line(text):
    _, problems = read_procfile(text)

    assert all(problem.split(":")[1].isdigit() for problem in problems)
