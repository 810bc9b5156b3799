"""The file: who may open it, what a migration does to it, and that a change is whole."""

import os
import stat

import apsw
import pytest

from twelve.errors import Conflict, Full, Invalid
from twelve.store import apps, connection
from twelve.store.connection import migrations, open_store
from twelve.store.vault import Vault

KEY = Vault(bytes(32))


def test_a_new_store_has_every_step_of_the_schema_and_is_its_owners_alone(tmp_path):
    path = tmp_path / "twelve.db"
    store = open_store(path, KEY)
    store.db.execute("CREATE TABLE t (x)")

    assert store.db.pragma("user_version") == migrations()[-1][0]
    for name in os.listdir(tmp_path):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600, name


def test_the_steps_are_numbered_without_a_gap():
    assert [number for number, _ in migrations()] == list(range(1, len(migrations()) + 1))


def test_what_must_not_be_lost_is_on_the_disk_when_a_change_returns(store):
    assert store.db.pragma("synchronous") == 2
    assert store.db.pragma("journal_mode") == "wal"


def test_a_store_of_an_older_schema_is_set_aside_before_it_is_changed(tmp_path, monkeypatch):
    path = tmp_path / "twelve.db"
    steps = migrations()
    monkeypatch.setattr(connection, "migrations", lambda: steps[:1])
    monkeypatch.setattr(connection, "check_key", lambda *_: None)
    old = open_store(path, KEY)
    apps.create(old, "shop", "", 1)
    old.db.close()
    monkeypatch.undo()
    new = open_store(path, KEY)

    assert apps.get(new, "shop").name == "shop"
    copy = tmp_path / "twelve.db.schema-1"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    kept = apsw.Connection(str(copy))
    assert kept.pragma("user_version") == 1
    assert kept.execute("SELECT name FROM apps").fetchall() == [("shop",)]
    new.db.close()
    kept.close()


def test_a_step_that_fails_changes_nothing(tmp_path, monkeypatch):
    path = tmp_path / "twelve.db"
    open_store(path, KEY).db.close()
    bad = [*migrations(), (9, "CREATE TABLE more (x); SELECT nonsense FROM nowhere;")]
    monkeypatch.setattr(connection, "migrations", lambda: bad)
    with pytest.raises(apsw.SQLError):
        open_store(path, KEY)
    monkeypatch.undo()
    again = open_store(path, KEY)

    assert again.one("SELECT name FROM sqlite_master WHERE name = 'more'") is None
    again.db.close()


def test_a_store_of_a_newer_twelve_is_refused(tmp_path):
    path = tmp_path / "twelve.db"
    store = open_store(path, KEY)
    store.db.execute("PRAGMA user_version=99")
    store.db.close()
    with pytest.raises(Conflict, match="schema 99 is newer than this Twelve, which knows") as error:
        open_store(path, KEY)

    assert "start the newer Twelve" in error.value.hint


def test_another_master_key_is_told_at_once_and_not_shown(tmp_path):
    path = tmp_path / "twelve.db"
    open_store(path, KEY).db.close()
    with pytest.raises(Invalid, match="the master key is not the one that this home was made with"):
        open_store(path, Vault(b"x" * 32))


def test_a_file_that_is_no_store_is_said_to_be_none(tmp_path):
    path = tmp_path / "twelve.db"
    path.write_bytes(b"once upon a time" * 100)
    with pytest.raises(Invalid, match="no store that Twelve can read"):
        open_store(path, KEY)


def test_a_change_is_made_whole_or_not_at_all(store):
    with pytest.raises(KeyError), store.writing():
        apps.create(store, "shop", "", 1)
        with store.writing():
            apps.create(store, "tiny", "", 1)
        raise KeyError

    assert apps.ls(store) == []
    assert not store.db.in_transaction


def test_values_are_bound_never_pasted(store):
    name = "x'); DROP TABLE apps; --"
    apps.create(store, name, "", 1)

    assert apps.get(store, name).name == name


def test_a_full_disk_is_told_and_leaves_no_transaction_open(store):
    pages = store.db.pragma("page_count")
    store.db.pragma("max_page_count", pages)
    with pytest.raises(Full, match="the disk is full"), store.writing():
        for number in range(1000):
            apps.create(store, f"shop-{number}-{'x' * 40}", "", 1)
    with pytest.raises(Full, match="the disk is full"):
        for number in range(1000):
            store.insert("apps", {"name": f"a{number}", "root_commit": "x" * 99, "created_ns": 1})

    store.db.pragma("max_page_count", 1 << 20)
    assert not store.db.in_transaction
    with store.writing():
        apps.create(store, "shop", "", 1)
    assert not any(app.name.startswith("shop-") for app in apps.ls(store))
