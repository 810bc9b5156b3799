"""Modules from one file: as imported, while they are what they were."""

import marshal
import os
import subprocess
import sys
from pathlib import Path

import pytest

from twelve.engines.local.early import modules

PROGRAM = """
import sys
sys.path[:0] = {paths!r}
from twelve.engines.local.early import modules
before = set(sys.modules)
print(modules.use({file!r}))
import shop.goods, shop.till
print(shop.till.SUM, shop.goods.__file__, shop.__path__[0])
if {keep}:
    modules.keep({file!r}, before)
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    package = tmp_path / "src/shop"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "goods.py").write_text("PRICE = 20\n")
    (package / "till.py").write_text("from shop.goods import PRICE\nSUM = 2 * PRICE\n")
    return package


def run(source: Path, keep: bool = False) -> list[str]:
    """What it says: whether the file was used, and what was imported."""
    values = {"paths": [str(source.parent), *sys.path], "file": str(source.parent.parent / "kept")}
    program = PROGRAM.format(**values, keep=keep)
    words = [sys.executable, "-B", "-I", "-S", "-c", program]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()


def test_the_next_one_takes_them_from_the_file(source):
    made = run(source, keep=True)
    found = run(source)

    assert made == ["False", "40", str(source / "goods.py"), str(source)]
    assert found == ["True", *made[1:]]


def test_a_source_that_has_changed_counts(source):
    run(source, keep=True)
    (source / "goods.py").write_text("PRICE = 300\n")

    assert run(source)[:2] == ["False", "600"]


@pytest.mark.parametrize("data", [b"", b"torn", None])
def test_a_file_that_is_torn_or_not_there_is_not_used(source, data):
    if data is not None:
        source.parent.parent.joinpath("kept").write_bytes(data)

    assert run(source)[:2] == ["False", "40"]


def test_what_another_twelve_has_written_is_not_used(source, monkeypatch):
    kept = source.parent.parent / "kept"
    monkeypatch.setattr(modules, "MADE_OF", (sys.version, sys.executable, "/elsewhere"))
    modules.keep(str(kept), set(sys.modules))

    assert run(source)[0] == "False"


def test_what_another_user_has_written_is_not_used(source, monkeypatch):
    run(source, keep=True)
    monkeypatch.setattr(os, "geteuid", lambda: 4711)

    assert modules.use(str(source.parent.parent / "kept")) is False


def test_code_runs_when_something_of_a_module_is_asked_for():
    code = marshal.dumps(compile("DONE = told.append(1) or 7", "waiting.py", "exec"))
    modules.put("waiting_one", ("/waiting.py", False, code))
    told: list[int] = []
    try:
        import waiting_one

        waiting_one.told = told
        assert not hasattr(waiting_one, "__path__")
        assert told == []
        assert (waiting_one.DONE, waiting_one.DONE, told) == (7, 7, [1])
        with pytest.raises(AttributeError, match="OTHER"):
            waiting_one.OTHER  # noqa: B018 - that is what is asked
    finally:
        del sys.modules["waiting_one"]


def test_only_what_can_wait_longer_waits_for_the_forks(monkeypatch):
    code = marshal.dumps(compile("DONE = 7", "waiting.py", "exec"))
    monkeypatch.setattr(modules, "LATER", frozenset({"waiting_two"}))
    for name in ("waiting_one", "waiting_two"):
        modules.put(name, ("/waiting.py", False, code))

    modules.settle()

    assert "DONE" in vars(sys.modules.pop("waiting_one"))
    assert "DONE" not in vars(sys.modules["waiting_two"])
    assert sys.modules.pop("waiting_two").DONE == 7


def test_all_that_can_wait_is_there():
    for name in modules.LATER:
        assert __import__(name)
