import pytest

from twelve.factors.config.contract import (
    TYPES,
    Declared,
    build_values,
    check_contract,
    is_secret,
    with_defaults,
)
from twelve.factors.config.secret import looks_secret


def problems(values, contract, attached=()):
    return [(p.name, p.message) for p in check_contract(values, set(attached), contract)]


def test_every_fault_is_named_at_once():
    contract = {
        "SECRET_KEY": Declared(secret=True),
        "WORKERS": Declared("int"),
        "LEVEL": Declared(choices=("debug", "info")),
        "SITE": Declared("url"),
        "FINE": Declared(),
    }
    values = {"WORKERS": "many", "LEVEL": "loud", "FINE": "x", "EXTRA": "y"}

    assert problems(values, contract) == [
        ("LEVEL", "is none of debug, info"),
        ("SECRET_KEY", "is missing"),
        ("SITE", "is missing"),
        ("WORKERS", "is not a whole number"),
    ]


def test_a_default_fills_what_a_deploy_does_not_set():
    contract = {"LEVEL": Declared(default="info"), "OTHER": Declared(required=False)}

    assert problems({}, contract) == []
    assert with_defaults({}, contract) == {"LEVEL": "info"}
    assert with_defaults({"LEVEL": "debug"}, contract) == {"LEVEL": "debug"}


def test_an_optional_variable_may_be_missing_or_empty_but_not_ill_typed():
    contract = {"N": Declared("int", required=False)}

    assert problems({}, contract) == problems({"N": ""}, contract) == []
    assert problems({"N": "x"}, contract) == [("N", "is not a whole number")]


def test_an_attachment_fills_a_required_variable():
    contract = {"DATABASE_URL": Declared("url", kind="postgres")}

    assert problems({}, contract, {"DATABASE_URL"}) == []
    (problem,) = check_contract({}, set(), contract)
    assert "twelve resources create postgres --as DATABASE_URL" in str(problem)


def test_an_empty_secret_is_a_missing_one():
    assert problems({"K": ""}, {"K": Declared(secret=True)}) == [("K", "is empty")]
    assert problems({"K": ""}, {"K": Declared()}) == []


def test_the_hint_for_a_secret_keeps_it_out_of_the_command_line():
    (problem,) = check_contract({}, set(), {"K": Declared(secret=True)})

    assert problem.hint == "twelve config set K"


def test_no_problem_tells_the_value():
    contract = {name: Declared(name) for name in TYPES if name != "str"}
    found = check_contract(dict.fromkeys(contract, "canary in clear"), set(), contract)

    assert len(found) == 4
    assert "canary" not in "".join(map(str, found))


@pytest.mark.parametrize(
    ("type_", "good", "bad"),
    [
        ("int", ["0", "-5", "+7", "007"], ["", "1.0", "1e3", "1_000", " 1", "٣"]),
        ("float", ["0", "-5.5", ".5", "5.", "1e-3"], ["", ".", "nan", "inf", "1e999", "1,5"]),
        ("bool", ["true", "False", "1", "0", "YES", "off"], ["", "2", "maybe"]),
        (
            "url",
            [
                "https://a.example/x",
                "postgresql+psycopg://u:p@h/db",
                "sqlite:///x",
                "mailto:a@b.c",
                "redis://",
                "unix:///run/x",
            ],
            ["", "example.org", "/path", "http://a b", "1http://x"],
        ),
    ],
)
def test_types_say_what_they_take(type_, good, bad):
    contract = {"X": Declared(type_)}

    assert [v for v in good if problems({"X": v}, contract)] == []
    assert [v for v in bad if not problems({"X": v}, contract)] == []


def test_build_hooks_see_default_then_build_then_example_then_a_placeholder():
    contract = {
        "A": Declared(default="d", build="b", example="e"),
        "B": Declared(build="b", example="e"),
        "C": Declared(example="e"),
        "SECRET_KEY": Declared(secret=True),
        "E": Declared(choices=("x", "y")),
    }

    assert build_values(contract) == {
        "A": "d",
        "B": "b",
        "C": "e",
        "E": "x",
        "SECRET_KEY": "placeholder-for-secret-key-at-build-time",
    }


def test_build_hooks_miss_what_a_deploy_may_miss():
    contract = {"PORT_OF_MAIL": Declared(required=False), "TIMES": Declared("int", required=False)}

    assert build_values(contract) == {}


@pytest.mark.parametrize("type_", TYPES)
def test_a_placeholder_keeps_the_type_that_is_declared(type_):
    contract = {"SOME_NAME": Declared(type_)}

    assert problems(build_values(contract), contract) == []


def test_build_values_are_the_same_each_time_and_in_order():
    contract = {"B": Declared(), "A": Declared(), "DATABASE_URL": Declared("url")}
    one = build_values(contract, {"DATABASE_URL": "postgresql://build:build@127.0.0.1:1/build"})

    assert list(one) == ["A", "B", "DATABASE_URL"]
    assert one["DATABASE_URL"].startswith("postgresql://")


def test_the_contract_goes_before_the_sound_of_a_name():
    assert looks_secret("API_KEY")
    assert not is_secret("API_KEY", {"API_KEY": Declared()})
    assert is_secret("COLOUR", {"COLOUR": Declared(secret=True)})
    assert is_secret("API_KEY", {})
