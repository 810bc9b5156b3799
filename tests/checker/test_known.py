"""What a check learned of files is used by the next one, for the same content alone."""

import json
import os
import time

import pytest
from tests.checker.worlds import GOOD, run, write

from twelve.checker.prefilter import Prefilter, Sieve

SECRET = 'SECRET_KEY = "jf92kd8wq7zx61v0pe"\n'


@pytest.fixture
def tree(tmp_path):
    return write(
        tmp_path / "tree", {**GOOD, "settings.py": SECRET, "views.py": "import requests\n"}
    )


def report(tree, *words):
    """What is found, but for the time that it took."""
    data = json.loads(run(tree, "--format", "json", *words).stdout)
    return {name: data[name] for name in ("verdicts", "findings")}


def hits(monkeypatch):
    """How many files are looked into, from now on."""
    seen = []
    former = Sieve.hits
    monkeypatch.setattr(Sieve, "hits", lambda sieve, data: seen.append(data) or former(sieve, data))
    return seen


def test_the_next_check_finds_the_same_and_looks_into_nothing(tree, cache, monkeypatch):
    first = report(tree)
    seen = hits(monkeypatch)

    assert report(tree) == first
    assert report(tree, "--no-cache") == first
    assert sorted(seen) == sorted(path.read_bytes() for path in tree.glob("*.py"))
    assert len(list(cache.iterdir())) == 1


def test_a_file_of_another_content_is_looked_into_although_size_and_time_are_the_same(tree):
    views = tree / "views.py"
    views.write_text("import requests".ljust(80) + "\n")
    before = views.stat()
    first = report(tree)
    views.write_text('API_TOKEN = "jf92kd8wq7zx61v0pe"'.ljust(80) + "\n")
    os.utime(views, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert views.stat().st_size == before.st_size
    assert report(tree) == report(tree, "--no-cache") != first


def test_each_choice_of_rules_and_each_tree_has_its_own(tree, tmp_path, cache):
    other = write(tmp_path / "other", GOOD)
    for words in ((tree,), (other,), (tree, "--select", "III-2"), (tree,)):
        run(*words)

    assert len(list(cache.iterdir())) == 3


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xfb\x00\x00", b"i\x01\x00\x00\x00"])
def test_what_cannot_be_read_is_not_there(tree, cache, content):
    first = report(tree)
    [kept] = cache.iterdir()
    kept.write_bytes(content)

    assert report(tree) == first
    assert b"requests" in kept.read_bytes()


def test_where_nothing_can_be_written_nothing_is_kept(tree, tmp_path, monkeypatch):
    first = report(tree, "--no-cache")
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
        monkeypatch.delenv("HOME", raising=False)
        assert report(tree) == first
    assert not os.path.exists("relative")


def test_without_the_wish_nothing_is_kept(tree, cache):
    run(tree, "--no-cache")

    assert not cache.exists()


def test_only_its_user_reads_it_and_nothing_of_the_files_is_in_it(tree, cache):
    run(tree)
    [kept] = cache.iterdir()

    assert kept.stat().st_mode & 0o777 == 0o600
    assert cache.stat().st_mode & 0o777 == 0o700
    assert b"jf92kd8wq7zx61v0pe" not in kept.read_bytes()
    assert b"requests" in kept.read_bytes()


def test_what_was_not_used_for_long_is_forgotten(tree, cache):
    run(tree)
    [kept] = cache.iterdir()
    old = time.time() - 40 * 86400
    os.utime(kept, (old, old))
    run(tree, "--select", "III-2")

    assert kept not in cache.iterdir()
    assert len(list(cache.iterdir())) == 1


def test_a_rule_that_changes_knows_nothing(tree, cache, monkeypatch):
    run(tree)
    former = Prefilter.__init__

    def another(prefilter, rules):
        former(prefilter, rules)
        prefilter.every = [*prefilter.every, "another"]

    monkeypatch.setattr(Prefilter, "__init__", another)
    seen = hits(monkeypatch)
    run(tree)

    assert len(seen) == len(list(tree.glob("*.py")))
