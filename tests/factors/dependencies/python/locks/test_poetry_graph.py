import tomllib

import pytest

from twelve.errors import Invalid
from twelve.factors.dependencies.python.locks.poetry_graph import reached


def walk(pyproject, lock, extras=(), groups=()):
    text = f"[tool.poetry.dependencies]\npython = '^3.8'\n{pyproject}"
    return reached(tomllib.loads(text), tomllib.loads(lock)["package"], extras, groups)


def package(name, needs="", extras=""):
    return (
        f"[[package]]\nname = '{name}'\nversion = '1'\n"
        f"[package.dependencies]\n{needs}\n[package.extras]\n{extras}\n"
    )


def test_only_what_is_reached_is_installed():
    lock = package("A_a", "b = '*'") + package("b", "a-a = '*'") + package("c")
    assert walk("a-a = '1'\n", lock) == {"a-a": "", "b": ""}


def test_groups_are_followed_when_they_are_named():
    lock = package("a") + package("b")
    groups = "a = '1'\n[tool.poetry.group.web.dependencies]\nb = '1'\n"
    assert walk(groups, lock) == {"a": ""}
    assert walk(groups, lock, groups=["web"]) == {"a": "", "b": ""}


def test_markers_are_joined_along_a_way_and_parted_between_ways():
    lock = (
        package("a", "c = {version = '*', markers = \"os_name == 'nt'\"}")
        + package("b", "c = {version = '*', markers = \"os_name == 'java'\"}")
        + package("c", "d = {version = '*', markers = \"python_version < '3.9'\"}")
        + package("d")
    )
    found = walk("a = '1'\nb = '1'\n", lock)
    assert found["c"] == "(os_name == 'java') or (os_name == 'nt')"
    assert found["d"] == (
        "(os_name == 'java') and (python_version < '3.9') or "
        "(os_name == 'nt') and (python_version < '3.9')"
    )


def test_a_way_without_markers_makes_all_others_void():
    lock = package("a", "c = {version = '*', markers = \"os_name == 'nt'\"}") + package("c")
    assert walk("a = '1'\nc = '1'\n", lock) == {"a": "", "c": ""}


def test_extras_bring_what_they_name():
    needs = (
        "x = {version = '*', optional = true, markers = \"extra == 'fast'\"}\n"
        "y = {version = '*', optional = true}\n"
    )
    lock = package("a", needs, "fast = ['x', 'y (>=1)']") + package("x") + package("y")
    assert walk("a = '1'\n", lock) == {"a": ""}
    assert set(walk("a = {version = '1', extras = ['fast']}\n", lock)) == {"a", "x", "y"}


def test_optional_dependencies_belong_to_extras_of_the_app():
    lock = package("a")
    pyproject = "a = {version = '1', optional = true}\n[tool.poetry.extras]\npg = ['a']\n"
    assert walk(pyproject, lock) == {}
    assert walk(pyproject, lock, extras=["pg"]) == {"a": ""}


@pytest.mark.parametrize(
    ("spec", "marker"),
    [
        ("python = '<3.9'", "python_version < '3.9'"),
        ("python = '^3.9'", "python_version >= '3.9' and python_version == '3.*'"),
        ("python = '~3.9.2'", "python_full_version >= '3.9.2' and python_version == '3.9'"),
        ("python = '3.8.* || 3.10.*'", "(python_version == '3.8') or (python_version == '3.10')"),
        ("platform = 'win32'", "sys_platform == 'win32'"),
        (
            "python = '<3.9', markers = \"os_name == 'nt'\"",
            "(os_name == 'nt') and (python_version < '3.9')",
        ),
    ],
)
def test_what_pyproject_limits(spec, marker):
    found = walk(f"a = {{version = '1', {spec}}}\n", package("a"))
    assert found == {"a": f"({marker})"}


def test_several_versions_cannot_be_told_apart():
    with pytest.raises(Invalid, match="holds a in several versions") as error:
        walk("a = '1'\n", package("a") + package("a") + package("b"))
    assert "`poetry lock` with Poetry 2" in error.value.hint
    assert "poetry export" in error.value.hint
