"""twelve.example.toml is schema, manual and test data at once: here it is held to that."""

import re
import tomllib
from importlib.resources import files

import pytest

from twelve.factors.config.contract import Declared
from twelve.factors.processes.types import ProcessType
from twelve.manifest import Build, Schedule, read_manifest, schema
from twelve.manifest.table import Faults
from twelve.manifest.twelve_toml import process_type

TEXT = files("twelve").joinpath("twelve.example.toml").read_text()
EXAMPLE = tomllib.loads(TEXT)
ONE_TABLE = {"build", "release"}


def used(table: str) -> set[str]:
    tables = [EXAMPLE[table]] if table in ONE_TABLE else EXAMPLE[table].values()
    return {key for found in tables for key in found}


def test_the_example_is_valid():
    assert read_manifest({"twelve.toml": TEXT.encode()}.get).notes == ()


def test_the_example_names_every_table():
    assert set(EXAMPLE) == set(schema.TOP)


@pytest.mark.parametrize("table", schema.TABLES)
def test_the_example_names_every_key(table):
    assert used(table) == {key.name for key in schema.TABLES[table]}


@pytest.mark.parametrize("table", schema.TABLES)
def test_every_key_of_the_example_has_a_comment_above_where_it_comes_first(table):
    lines = TEXT.splitlines()
    first = {
        key.name: next(i for i, line in enumerate(lines) if line.startswith(f"{key.name} ="))
        for key in schema.TABLES[table]
    }

    assert [name for name, i in first.items() if not lines[i - 1].startswith("# ")] == []


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("build", Build._fields),
        ("processes", ProcessType._fields),
        ("schedule", Schedule._fields),
        ("config", Declared._fields),
    ],
)
def test_every_key_fills_a_field(table, row):
    assert {key.name for key in schema.TABLES[table]} <= set(row)


def test_values_that_are_not_called_an_example_are_the_defaults():
    web = EXAMPLE["processes"]["web"]
    found = read_manifest({"twelve.toml": TEXT.encode()}.get).processes["web"]
    default = process_type("web", "x", {}, "", Faults())
    for key in web:
        comment = re.search(rf"^# (.*)\n{key} =", TEXT, re.MULTILINE)
        assert comment
        if "An example" in comment[1] or key == "command":
            assert getattr(found, key) != getattr(default, key)
        else:
            assert getattr(found, key) == getattr(default, key)
