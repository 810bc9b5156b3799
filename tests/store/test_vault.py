"""Sealed values open at their own place with their own key, and nowhere else."""

import base64
import os
import stat

import pytest

from twelve.errors import Invalid
from twelve.store.vault import Vault, decode_key, load_key

KEY = bytes(range(32))
PLACE = ("shop", "production", "config", "A", 1)


def test_a_value_opens_where_it_was_sealed():
    vault = Vault(KEY)

    assert vault.open(vault.seal("a value\nof lines ü", PLACE), PLACE) == "a value\nof lines ü"


@pytest.mark.parametrize(
    "other",
    [
        ("shop", "staging", "config", "A", 1),
        ("shop", "production", "attachments", "A", 1),
        ("shop", "production", "config", "B", 1),
        ("shop", "production", "config", "A", 2),
    ],
)
def test_a_value_that_was_moved_does_not_open(other):
    vault = Vault(KEY)
    with pytest.raises(Invalid, match="cannot be decrypted"):
        vault.open(vault.seal("secret", PLACE), other)


def test_a_value_of_another_key_does_not_open_and_is_not_shown():
    sealed = Vault(b"x" * 32).seal("secret", PLACE)
    with pytest.raises(Invalid) as error:
        Vault(KEY).open(sealed, PLACE)

    assert "another key" in error.value.message
    assert "secret" not in error.value.message


def test_the_same_value_is_never_sealed_alike_and_holds_nothing_in_clear():
    vault = Vault(KEY)
    first, second = vault.seal("secret", PLACE), vault.seal("secret", PLACE)

    assert first != second
    assert b"secret" not in first


def test_digests_tell_equal_values_only_to_who_has_the_key():
    assert Vault(KEY).digest("x") == Vault(KEY).digest("x") != Vault(b"y" * 32).digest("x")


def test_a_key_is_made_at_the_first_start_and_found_again(tmp_path):
    first = load_key({}, tmp_path)

    assert len(first) == 32
    assert load_key({}, tmp_path) == first
    assert stat.S_IMODE((tmp_path / "master.key").stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["master.key"]


def test_a_key_comes_from_the_environment_or_a_file_that_it_names(tmp_path):
    text = base64.b64encode(KEY).decode()
    (tmp_path / "key").write_text(text + "\n")

    assert load_key({"TWELVE_MASTER_KEY": text}, tmp_path) == KEY
    assert load_key({"TWELVE_MASTER_KEY": KEY.hex()}, tmp_path) == KEY
    assert load_key({"TWELVE_MASTER_KEY_FILE": str(tmp_path / "key")}, tmp_path) == KEY
    assert not (tmp_path / "master.key").exists()


def test_a_file_that_is_not_there_is_named(tmp_path):
    gone = tmp_path / "gone"
    with pytest.raises(Invalid, match=rf"TWELVE_MASTER_KEY_FILE: {gone}: No such file"):
        load_key({"TWELVE_MASTER_KEY_FILE": str(gone)}, tmp_path)


@pytest.mark.parametrize("text", ["", "hunter2", "z" * 64, base64.b64encode(b"short").decode()])
def test_what_is_no_key_is_refused_without_repeating_it(text):
    with pytest.raises(Invalid, match="not a master key") as error:
        decode_key(text, "TWELVE_MASTER_KEY")

    assert not text or text not in error.value.message
