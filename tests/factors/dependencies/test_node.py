import json

import pytest

from twelve.errors import Invalid
from twelve.factors.dependencies.node import read_lock, read_package


def lock(packages):
    text = json.dumps({"lockfileVersion": 3, "packages": packages}).encode()
    return read_lock({"package-lock.json"}, {"package-lock.json": text}.get)


def test_a_package():
    text = {
        "scripts": {"start": "node x"},
        "main": "x.js",
        "engines": {"node": ">=18"},
        "dependencies": {"a": "1"},
        "devDependencies": {"b": "1"},
    }
    found = read_package(lambda _: json.dumps(text).encode())
    assert found
    assert (found.main, found.engines[0], found.dependencies, found.tools) == (
        "x.js",
        (">=18", "package.json (engines.node)"),
        {"a"},
        {"b"},
    )
    assert read_package(lambda _: None) is None


@pytest.mark.parametrize("text", [b"{", b"[]", b"\xff"])
def test_a_package_that_is_no_object_is_told(text):
    with pytest.raises(Invalid, match=r"^package\.json: "):
        read_package(lambda _: text)


def test_install_scripts_and_links_are_found():
    found = lock(
        {
            "": {"hasInstallScript": True},
            "node_modules/@a/b": {"hasInstallScript": True},
            "node_modules/c/node_modules/d": {"hasInstallScript": True, "dev": True},
        }
    )
    assert (found.scripted, found.scripted_tools, found.local) == (("@a/b",), ("d",), False)
    assert lock({"node_modules/x": {"link": True, "resolved": "packages/x"}}).local


def test_archives_of_the_codebase_are_local():
    assert lock({"node_modules/x": {"resolved": "file:vendor/x-1.0.0.tgz"}}).local
    assert not lock({"node_modules/x": {"resolved": "https://example.com/x.tgz"}}).local


def test_locks_of_others_are_told():
    with pytest.raises(Invalid, match=r"only a lock of bun"):
        read_lock({"bun.lock"}, lambda _: None)
    with pytest.raises(Invalid, match=r"no package-lock.json"):
        read_lock(set(), lambda _: None)


@pytest.mark.parametrize(("version", "local"), [("7.0.0", False), ("file:vendor/x.tgz", True)])
def test_a_lock_of_npm_6_is_read_as_far_as_it_says(version, local):
    old = {"lockfileVersion": 1, "dependencies": {"x": {"version": version}}}
    found = read_lock({"package-lock.json"}, lambda _: json.dumps(old).encode())
    assert found == ("npm", "package-lock.json", (), (), local)
