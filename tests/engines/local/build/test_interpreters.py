"""Which interpreters of the machine are found, and what of the disk they need."""

import os
import sys
from pathlib import Path

import pytest

from twelve.engines.local.build.interpreters import (
    find_node,
    find_python,
    libc,
    outside_system,
    twelves_own,
)
from twelve.errors import Missing
from twelve.factors.dependencies.machine.versions import python_request

OWN = ".".join(map(str, sys.version_info[:3]))


def program(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho asked >> {path.parent}/asked\necho '{says}'\n")
    path.chmod(0o755)
    return path


def test_twelves_own_is_found_with_its_real_path(tmp_path):
    found = find_python(None, (), {}, tmp_path / "memory.json")
    assert found.version == OWN
    assert found.path == os.path.realpath(found.path)
    assert os.path.realpath(sys.base_prefix) in [*found.read, "/usr"]


def test_pyenv_is_searched_by_its_versions_not_by_its_shims(tmp_path):
    path = program(tmp_path / ".pyenv/versions/3.19.2/bin/python3.19", "Python 3.19.2")
    program(tmp_path / ".pyenv/shims/python3.19", "nonsense")
    environ = {"HOME": str(tmp_path), "PATH": f"{tmp_path}/.pyenv/shims"}
    found = find_python(python_request("3.19", "x"), (), environ, tmp_path / "memory.json")
    assert found == (str(path), "3.19.2", (str(tmp_path / ".pyenv/versions/3.19.2"),))


@pytest.mark.parametrize("named", ["bin/python3.19", "bin", "."])
def test_what_the_operator_names_goes_first(tmp_path, named):
    path = program(tmp_path / "opt/bin/python3.19", "Python 3.19.2")
    found = find_python(None, [str(tmp_path / "opt" / named)], {}, tmp_path / "memory.json")
    assert found.path == str(path)


def test_an_interpreter_is_asked_once(tmp_path):
    program(tmp_path / "bin/python3", "Python 3.19.2")
    for _ in range(3):
        find_python(None, [str(tmp_path / "bin")], {}, tmp_path / "memory.json")
    assert (tmp_path / "bin/asked").read_text() == "asked\n"


@pytest.mark.parametrize("says", ["Python 3.20.0a1", "Jython 2.7", ""])
def test_what_is_no_release_of_cpython_is_passed_over(tmp_path, says):
    program(tmp_path / "bin/python3", says)
    found = find_python(None, [str(tmp_path / "bin")], {}, tmp_path / "memory.json")
    assert found.version == OWN


def test_a_spoilt_memory_does_not_matter(tmp_path):
    (tmp_path / "memory.json").write_text("not json")
    assert find_python(None, (), {}, tmp_path / "memory.json").version == OWN


def test_node_is_the_one_on_path(tmp_path):
    node = program(tmp_path / "n/bin/node", "v22.1.0")
    npm = program(tmp_path / "n/lib/npm-cli.js", "")
    (tmp_path / "n/bin/npm").symlink_to(npm)
    found = find_node(None, {"PATH": str(node.parent)}, tmp_path / "memory.json")
    assert (found.path, found.version, found.npm_script) == (str(node), "22.1.0", str(npm))
    assert found.read == (str(tmp_path / "n"),)


def test_node_without_npm_is_told(tmp_path):
    node = program(tmp_path / "bin/node", "v22.1.0")
    with pytest.raises(Missing, match="there is no `npm` on PATH"):
        find_node(None, {"PATH": str(node.parent)}, tmp_path / "memory.json")


def test_only_what_no_process_sees_anyway_is_listed(tmp_path):
    (tmp_path / "real/inner").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    assert outside_system(["/usr", "/usr/local/x", "/lib64"]) == ()
    found = outside_system([str(tmp_path / "link"), str(tmp_path / "real/inner")])
    assert found == (str(tmp_path / "link"), str(tmp_path / "real"))


def test_twelves_own_modules_can_be_read():
    folder, read = twelves_own()
    assert os.access(f"{folder}/python", os.X_OK)
    import twelve

    assert any(str(twelve.__file__).startswith(path) for path in [*read, "/usr"])


def test_the_platform_has_a_name():
    assert libc().startswith(os.uname().machine)
