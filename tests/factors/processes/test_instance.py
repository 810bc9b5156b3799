import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelve.errors import Invalid
from twelve.factors.processes.instance import (
    RUN_ONCE,
    Instance,
    app_problem,
    deploy_problem,
    parse_instance,
    parse_process,
    parse_target,
)

LABELS = st.from_regex(r"\A[a-z]([a-z0-9-]{0,61}[a-z0-9])?\Z")
TYPES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_-]{0,62}\Z").filter(lambda t: t not in RUN_ONCE)


@pytest.mark.parametrize(
    ("name", "instance"),
    [
        ("shop/production/web.1@v7", Instance("shop", "production", "web", 1, 7)),
        ("shop/production/web.1@v7+2", Instance("shop", "production", "web", 1, 7, 2)),
        ("shop/staging/run.a1b2@v12", Instance("shop", "staging", "run", "a1b2", 12)),
        ("shop/production/build.a1@-", Instance("shop", "production", "build", "a1")),
        ("twelve/collector@-", Instance("twelve", "", "collector")),
    ],
)
def test_a_name_is_read_as_it_is_written(name, instance):
    assert parse_instance(name) == instance
    assert instance.name == str(instance) == name


@given(LABELS, LABELS, TYPES, st.integers(1, 999), st.integers(1, 10**6), st.integers(1, 5))
def test_every_name_is_read_back(app, deploy, kind, number, release, boot):
    instance = Instance(app, deploy, kind, number, release, boot)

    assert parse_instance(instance.name) == instance


@pytest.mark.parametrize(
    "name",
    [
        "",
        "web.1",
        "shop/web.1",
        "a/b/c/web.1@v1",
        "a/b/web.1@7",
        "a/b/web.1@v0",
        "a/b/web.1@v01",
        "a/b/web.1.2@v1",
        "a/b/@v1",
        "/b/web.1@v1",
        "a/b/web.1@v1+0",
        "a/b/web.1@v1\n",
    ],
)
def test_what_is_no_name_is_refused(name):
    with pytest.raises(Invalid, match="is not the name of a process"):
        parse_instance(name)


def test_names_with_a_common_beginning_are_different_processes():
    names = [
        Instance(app, "production", "web", number, 1).name
        for app in ("tin", "tiny", "tin-y")
        for number in (1, 11)
    ]

    assert len(set(names)) == 6
    assert len({parse_instance(name) for name in names}) == 6


def test_only_processes_of_a_formation_have_a_number():
    assert parse_instance("a/b/web.12@v1").number == 12
    assert parse_instance("a/b/run.12@v1").number is None
    assert parse_instance("a/b/run.12@v1").is_one_off
    assert parse_instance("a/b/release.12@v1").slot == "12"
    assert parse_instance("twelve/router@-").number is None


@pytest.mark.parametrize("name", ["a", "a" * 63, "shop", "my-shop", "a1", "a--b"])
def test_names_of_apps_fit_into_host_names(name):
    assert app_problem(name) == ""


@pytest.mark.parametrize(
    "name",
    ["", "a" * 64, "Shop", "my.shop", "1a", "-a", "a-", "a_b", "a/b", "ä", "a\n", "..", "twelve"],
)
def test_other_names_of_apps_are_refused_with_a_reason(name):
    assert app_problem(name)


def test_a_deploy_may_have_the_name_that_no_app_may_have():
    assert deploy_problem("twelve") == ""
    assert "for a deploy" in deploy_problem("Staging")


def test_a_target_names_an_app_and_perhaps_a_deploy():
    assert parse_target("shop") == ("shop", "production")
    assert parse_target("shop", "development") == ("shop", "development")
    assert parse_target("shop/staging") == ("shop", "staging")


@pytest.mark.parametrize("text", ["", "Shop", "shop/", "shop/Staging", "shop/a/b", "/staging"])
def test_a_target_that_names_nothing_is_refused(text):
    with pytest.raises(Invalid, match="is not a name"):
        parse_target(text)


def test_a_process_is_a_type_or_one_of_it():
    assert parse_process("web") == ("web", None)
    assert parse_process("web.12") == ("web", 12)


@pytest.mark.parametrize("text", ["", "web.", "web.0", "web.x", ".1", "w b", "web.1.2", "web.-1"])
def test_what_is_no_process_is_refused(text):
    with pytest.raises(Invalid, match="names no process"):
        parse_process(text)
