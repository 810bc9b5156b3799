"""What differs between two releases, or between two deploys, without telling a value."""

from twelve.factors.parity.difference import Drift, Resource, Side, disparities, drifts, unknowns

HOUR = 3600 * 10**9
NOW = 1_000_000 * HOUR

BEFORE = Side(
    "shop/staging v1",
    "a" * 64,
    "b" * 40,
    NOW - 3 * HOUR,
    False,
    {"processes": {"web": {"command": "serve", "grace": 30}}, "notes": []},
    "Python 3.11.7",
    {"SAME": "1", "OTHER": "2", "GONE": "3"},
    {"DB": Resource("postgres", "Postgres 18", "pg://u:••••@a/x")},
    {"web": 1},
)


def test_a_release_does_not_differ_from_itself():
    assert drifts(BEFORE, BEFORE, NOW) == []
    assert disparities(BEFORE, BEFORE, NOW) == []


def test_digests_are_quoted_short():
    after = BEFORE._replace(build="c" * 64, interpreter="Python 3.12.1", dirty=True)

    assert drifts(BEFORE, after, NOW) == [
        Drift("build", "build", "a" * 12, "c" * 12 + " with uncommitted changes"),
        Drift("interpreter", "interpreter", "Python 3.11.7", "Python 3.12.1"),
    ]


def test_commits_are_told_with_their_ages():
    older = BEFORE._replace(commit="c" * 40, committed_ns=NOW - 50 * HOUR)
    none = BEFORE._replace(commit="", committed_ns=0)

    assert drifts(BEFORE, older, NOW) == [
        Drift("commit", "commit", "b" * 12 + ", 3h old", "c" * 12 + ", 2d old")
    ]
    assert drifts(BEFORE, none, NOW)[0].after == "no commit"
    assert drifts(BEFORE, older._replace(committed_ns=0), NOW)[0].after == "c" * 12
    assert drifts(BEFORE, older._replace(committed_ns=NOW + 1), NOW)[0].after.endswith("0m old")


def test_config_of_releases_is_compared_without_its_values():
    after = BEFORE._replace(config={"SAME": "1", "OTHER": "x", "NEW": "4"})

    assert drifts(BEFORE, after, NOW) == [
        Drift("config", "GONE", "set", ""),
        Drift("config", "NEW", "", "set"),
        Drift("config", "OTHER", "set", "set to another value"),
    ]


def test_of_deploys_only_the_names_of_config_are_compared():
    after = BEFORE._replace(config={"SAME": "x", "OTHER": "x", "NEW": "4"})

    assert disparities(BEFORE, after, NOW) == [
        Drift("config", "GONE", "set", ""),
        Drift("config", "NEW", "", "set"),
    ]


def test_a_difference_in_the_manifest_is_named_by_its_path():
    manifest = {"processes": {"web": {"command": "serve -v", "grace": 30}}, "notes": []}
    found = drifts(BEFORE, BEFORE._replace(manifest=manifest), NOW)

    assert found == [Drift("manifest", "processes.web.command", "serve", "serve -v")]


def test_quantities_and_attachments_are_compared_by_name():
    found = drifts(BEFORE, BEFORE._replace(resources={}, formation={"web": 2, "worker": 1}), NOW)

    assert [drift.to_plain() for drift in found] == [
        {
            "part": "attachments",
            "name": "DB",
            "before": "pg://u:••••@a/x",
            "after": "",
        },
        {"part": "formation", "name": "web", "before": "1", "after": "2"},
        {"part": "formation", "name": "worker", "before": "", "after": "1"},
    ]


def test_what_is_held_back_counts():
    two = BEFORE._replace(formation={"web": 2, "webs": 1})

    assert disparities(two, two._replace(stopped={"web"}), NOW) == [
        Drift("formation", "web", "2", "2, held back")
    ]
    assert disparities(two, two._replace(stopped={"web.2"}), NOW) == [
        Drift("formation", "web", "2", "2, held back web.2")
    ]


def held(**resources: Resource) -> Side:
    return BEFORE._replace(resources=resources)


def test_resources_of_deploys_are_compared_by_kind_product_and_major_version():
    mine = held(DB=Resource("postgres", "Postgres 18", "one"))
    same = held(DB=Resource("postgres", "Postgres 18", "two"))

    assert disparities(mine, same, NOW) == []
    for other, told in (
        (Resource("postgres", "Postgres 16", "two"), "postgres 16"),
        (Resource("mysql", "", "two"), "mysql"),
        (Resource("redis", "Valkey 9", "two"), "valkey 9"),
    ):
        assert disparities(mine, held(DB=other), NOW) == [
            Drift("resources", "DB", "postgres 18", told)
        ]
    assert disparities(mine, held(), NOW) == [Drift("resources", "DB", "postgres 18", "")]


def test_a_resource_may_be_attached_here_and_configured_there():
    database = Resource("postgres", "Postgres 18", "two")
    other = BEFORE._replace(config={**BEFORE.config, "DB": "4"}, resources={"DB": database})

    assert disparities(BEFORE, other, NOW) == []


def test_a_version_that_nobody_could_tell_is_named_and_no_difference():
    mine = held(DB=Resource("postgres", "", "one"))
    other = held(DB=Resource("postgres", "Postgres 18", "two"))

    assert disparities(mine, other, NOW) == []
    [told] = unknowns(mine, other)
    assert told.startswith("DB of shop/staging v1")
    assert unknowns(mine, mine) == []
