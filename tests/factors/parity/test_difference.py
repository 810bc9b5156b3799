"""What differs between two releases, without telling a value."""

from twelve.factors.parity.difference import Drift, Side, drifts

BEFORE = Side(
    "shop/staging v1",
    "a" * 64,
    "b" * 40,
    {"processes": {"web": {"command": "serve", "grace": 30}}, "notes": []},
    "Python 3.11.7",
    {"SAME": "1", "OTHER": "2", "GONE": "3"},
    {"DB": "pg://u:••••@a/x"},
    {"web": 1},
)


def test_a_release_does_not_differ_from_itself():
    assert drifts(BEFORE, BEFORE) == []


def test_digests_are_quoted_short():
    found = drifts(BEFORE, BEFORE._replace(build="c" * 64, interpreter="Python 3.12.1"))

    assert found == [
        Drift("build", "build", "a" * 12, "c" * 12),
        Drift("interpreter", "interpreter", "Python 3.11.7", "Python 3.12.1"),
    ]


def test_config_is_compared_without_its_values():
    found = drifts(BEFORE, BEFORE._replace(config={"SAME": "1", "OTHER": "x", "NEW": "4"}))

    assert found == [
        Drift("config", "GONE", "set", ""),
        Drift("config", "NEW", "", "set"),
        Drift("config", "OTHER", "set", "set to another value"),
    ]


def test_a_difference_in_the_manifest_is_named_by_its_path():
    manifest = {"processes": {"web": {"command": "serve -v", "grace": 30}}, "notes": []}
    found = drifts(BEFORE, BEFORE._replace(manifest=manifest))

    assert found == [Drift("manifest", "processes.web.command", "serve", "serve -v")]


def test_quantities_and_attachments_are_compared_by_name():
    found = drifts(BEFORE, BEFORE._replace(attachments={}, formation={"web": 2, "worker": 1}))

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
