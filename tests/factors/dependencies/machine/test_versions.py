import pytest

from twelve.errors import Invalid, Missing
from twelve.factors.dependencies.machine.versions import (
    Candidate,
    choose,
    matches,
    node_request,
    overruled,
    python_request,
)


@pytest.mark.parametrize(
    ("text", "yes", "no"),
    [
        ("3.11", ["3.11.0", "3.11.9"], ["3.12.0", "3.1.1"]),
        ("python-3.11.7", ["3.11.7"], ["3.11.8"]),
        ("cpython@3.12", ["3.12.1"], ["3.13.0"]),
        (">=3.11", ["3.11.0", "3.14.0"], ["3.10.13"]),
        (">=3.10, <3.12", ["3.10.0", "3.11.9"], ["3.12.0", "3.9.1"]),
        (">3.10", ["3.11.0"], ["3.10.13"]),
        ("<=3.11", ["3.11.9", "3.9.0"], ["3.12.0"]),
        ("~=3.11", ["3.11.0", "3.13.1"], ["4.0.0", "3.10.1"]),
        ("~=3.11.2", ["3.11.9"], ["3.11.1", "3.12.0"]),
        ("^3.11", ["3.12.0"], ["3.10.1", "4.0.0"]),
        ("==3.11.*", ["3.11.7"], ["3.12.0"]),
        (">=3.10,!=3.12.1", ["3.12.2"], ["3.12.1"]),
    ],
)
def test_python_versions(text, yes, no):
    wanted = python_request(text, "x").wanted
    assert [matches(wanted, number(one)) for one in yes] == [True] * len(yes)
    assert [matches(wanted, number(one)) for one in no] == [False] * len(no)


@pytest.mark.parametrize(
    ("text", "yes", "no"),
    [
        ("20", ["20.1.0"], ["21.0.0"]),
        ("v20.1", ["20.1.5"], ["20.2.0"]),
        ("20.x", ["20.20.2"], ["18.0.0"]),
        ("^20.1", ["20.20.2"], ["20.0.1", "21.0.0"]),
        ("~20.1.2", ["20.1.9"], ["20.2.0", "20.1.1"]),
        (">= 18", ["18.0.0", "22.0.0"], ["17.9.9"]),
        (">=18 <21", ["20.0.0"], ["21.0.0"]),
        ("18 || ^20", ["18.1.0", "20.3.0"], ["19.0.0"]),
        ("18 - 20", ["20.9.0"], ["21.0.0"]),
        ("*", ["1.0.0"], []),
    ],
)
def test_node_versions(text, yes, no):
    request = node_request(text, "x")
    assert request
    assert [matches(request.wanted, number(one)) for one in yes] == [True] * len(yes)
    assert [matches(request.wanted, number(one)) for one in no] == [False] * len(no)


@pytest.mark.parametrize("text", ["lts/*", "lts/unheard", "node"])
def test_node_names_without_a_number_are_no_request(text):
    assert node_request(text, ".nvmrc") is None


@pytest.mark.parametrize("text", ["pypy3.10", "three", ">=", "3.11 or so", ""])
def test_what_is_no_python_version_is_refused_by_place(text):
    with pytest.raises(Invalid, match=r"^runtime\.txt: "):
        python_request(text, "runtime.txt")


HERE = [
    Candidate((3, 10, 13), "/a"),
    Candidate((3, 11, 7), "/own", own=True),
    Candidate((3, 13, 0), "/new"),
]


def test_twelves_own_is_handiest_when_a_range_is_asked_for():
    assert choose(None, HERE, "Python", "").path == "/own"
    assert choose(python_request(">=3.10", "x"), HERE, "Python", "").path == "/own"


def test_the_newest_match_else():
    assert choose(python_request(">=3.12", "x"), HERE, "Python", "").path == "/new"
    newer = [*HERE, Candidate((3, 11, 9), "/newer")]
    assert choose(python_request("3.11", "x"), newer, "Python", "").path == "/newer"


def test_what_the_operator_names_goes_first():
    named = [*HERE, Candidate((3, 10, 1), "/named", preferred=True)]
    assert choose(python_request(">=3.10", "x"), named, "Python", "").path == "/named"
    assert choose(python_request(">=3.11", "x"), named, "Python", "").path == "/own"


def test_none_fits_says_what_was_asked_and_what_exists():
    with pytest.raises(Missing) as error:
        choose(python_request("3.9", ".python-version"), HERE[:2], "Python", "do this")
    assert error.value.message == (
        ".python-version asks for Python 3.9; on this machine: 3.10.13 (/a), 3.11.7 (/own)"
    )
    assert error.value.hint == "do this"


def number(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


@pytest.mark.parametrize(
    ("text", "yes", "no"),
    [
        ("^3.11 || 3.9.*", ["3.11.1", "3.13.0", "3.9.2"], ["3.10.1", "4.0.0"]),
        ("~3.11", ["3.11.9"], ["3.12.0"]),
        (">=3.9 <3.12", ["3.9.0", "3.11.9"], ["3.12.0"]),
        (">= 3.9, < 3.12", ["3.9.0"], ["3.12.0"]),
        ("*", ["3.8.0"], []),
        ("python-3.12.1", ["3.12.1"], ["3.12.2"]),
    ],
)
def test_forms_of_other_managers(text, yes, no):
    wanted = python_request(text, "x").wanted
    assert all(matches(wanted, number(one)) for one in yes)
    assert not any(matches(wanted, number(one)) for one in no)


def test_names_of_long_term_support():
    request = node_request("lts/Iron", ".nvmrc")
    assert request
    assert matches(request.wanted, (20, 1, 0))
    assert not matches(request.wanted, (22, 1, 0))


def test_of_those_that_answer_one_that_suits_all_is_chosen():
    request = python_request("3.12", ".python-version")
    other = python_request("<3.12.4", "pyproject.toml")
    here = [Candidate((3, 12, 4), "/b"), Candidate((3, 12, 1), "/a")]
    assert choose(request, here, "Python", "").path == "/b"
    assert choose(request, here, "Python", "", [other]).path == "/a"
    assert choose(request, here[:1], "Python", "", [other]).path == "/b"
    said = "Python 3.12.4 it is, by .python-version (3.12); pyproject.toml asks for <3.12.4"
    assert overruled("3.12.4", request, [other], "Python") == (f"{said}: let them agree",)
    assert overruled("3.12.1", request, [other], "Python") == ()
