import hashlib
import json
import tomllib

import pytest

from twelve.errors import Invalid
from twelve.factors.dependencies.python.locks.poetry import read_poetry

PYPROJECT = "[tool.poetry.dependencies]\npython = '^3.11'\n"


def package(name, groups='["main"]', more="", version="1.0"):
    return (
        f'[[package]]\nname = "{name}"\nversion = "{version}"\noptional = false\n'
        f'groups = {groups}\nfiles = [{{file = "x", hash = "sha256:{name}"}}]\n{more}\n'
    )


def lock(*packages, more=""):
    return "".join(packages) + more + '[metadata]\nlock-version = "2.1"\n'


def read(text, extras=(), groups=(), pyproject=PYPROJECT):
    files = {"poetry.lock": text.encode(), "pyproject.toml": pyproject.encode()}
    return read_poetry(files.get, extras, groups)


def lines(text, **options):
    return [line.partition(" --hash")[0] for line in read(text, **options).text.splitlines()]


def test_the_main_group_is_installed_with_its_hashes():
    found = read(lock(package("a"), package("b", '["dev"]')))
    assert found == ("a==1.0 --hash=sha256:a\n", (), (), True)


def test_groups_that_the_build_names_come_too():
    text = lock(package("a"), package("b", '["dev"]'), package("c", '["web", "dev"]'))
    assert lines(text, groups=["web"]) == ["a==1.0", "c==1.0"]


def test_markers_are_those_of_the_groups_that_are_installed():
    more = "markers = {main = \"os_name == 'nt'\", web = \"os_name == 'posix'\"}"
    text = lock(package("a", '["main", "web", "dev"]', more))
    assert lines(text) == ["a==1.0 ; (os_name == 'nt')"]
    assert lines(text, groups=["web"]) == ["a==1.0 ; (os_name == 'nt') or (os_name == 'posix')"]
    text = lock(package("a", '["main", "dev"]', "markers = {dev = \"os_name == 'nt'\"}"))
    assert lines(text) == ["a==1.0"]


def test_extras_are_installed_when_they_are_chosen():
    more = 'markers = "extra == \\"My_Cache\\""'
    text = lock(package("a"), package("redis", more=more), more='[extras]\nmy-cache = ["redis"]\n')
    assert lines(text) == ["a==1.0"]
    assert lines(text, extras=["my.cache"]) == ["a==1.0", "redis==1.0"]
    with pytest.raises(Invalid, match=r"build/extras: poetry\.lock knows no extra 'nope'") as error:
        read(text, extras=["nope"])
    assert error.value.hint == "write one of my-cache"


def test_several_versions_of_one_package_keep_their_markers():
    older = package("a", more="markers = \"python_version < '3.12'\"")
    newer = package("a", more="markers = \"python_version >= '3.12'\"", version="2.0")
    assert lines(lock(older, newer)) == [
        "a==1.0 ; (python_version < '3.12')",
        "a==2.0 ; (python_version >= '3.12')",
    ]


def source(**fields):
    return "[package.source]\n" + "".join(f'{key} = "{one}"\n' for key, one in fields.items())


def test_sources():
    commit = "a" * 40
    found = read(
        lock(
            package("own", more=source(type="directory", url="libs/own")),
            package("built", more=source(type="file", url="vendor/built-1-py3-none-any.whl")),
            package(
                "git",
                more=source(type="git", url="git@host.example:me/x.git", resolved_reference=commit),
            ),
            package("far", more=source(type="url", url="https://host.example/far.whl")),
            package(
                "private",
                more=source(type="legacy", url="https://me:x@r.example/simple", reference="My Own"),
            ),
            package(
                "usual", more=source(type="legacy", url="https://pypi.org/simple", reference="p")
            ),
        )
    )
    assert found.projects == ("libs/own", "vendor/built-1-py3-none-any.whl")
    assert found.indexes == (("my-own", "https://r.example/simple"),)
    assert not found.hashed
    assert f"git @ git+ssh://git@host.example/me/x.git@{commit}\n" in found.text
    assert "far @ https://host.example/far.whl --hash=sha256:far\n" in found.text


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ({"type": "directory", "url": "../other"}, "lies outside the codebase"),
        ({"type": "file", "url": "vendor/x.tar.gz"}, "a is of a kind that a build cannot fetch"),
    ],
)
def test_what_cannot_be_fetched_is_named(where, says):
    with pytest.raises(Invalid, match=says) as error:
        read(lock(package("a", more=source(**where))))
    assert error.value.message.startswith("poetry.lock: ")
    assert error.value.hint


def hashed(content):
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def test_a_lock_that_does_not_fit_is_named_with_the_command():
    poetry = tomllib.loads(PYPROJECT)["tool"]["poetry"]
    content = {key: poetry.get(key) for key in ("dependencies", "source", "extras")}
    fresh = hashed({**content, "dev-dependencies": None})
    text = lock(package("a"), more="").replace('"2.1"\n', f'"2.1"\ncontent-hash = "{fresh}"\n')
    assert lines(text) == ["a==1.0"]
    assert lines(text, pyproject=PYPROJECT + "[tool.ruff]\nx = 1\n") == ["a==1.0"]
    with pytest.raises(Invalid, match=r"^poetry\.lock: pyproject\.toml has changed") as error:
        read(text, pyproject=PYPROJECT + "six = '*'\n")
    assert error.value.hint == "run `poetry lock` and commit poetry.lock"


def test_a_project_table_is_part_of_what_must_fit():
    pyproject = "[project]\nname = 'x'\ndependencies = ['a']\n"
    fresh = hashed({"project": {"dependencies": ["a"]}, "tool": {"poetry": {}}})
    text = lock(package("a")).replace('"2.1"\n', f'"2.1"\ncontent-hash = "{fresh}"\n')
    assert lines(text, pyproject=pyproject) == ["a==1.0"]
    with pytest.raises(Invalid, match="has changed since"):
        read(text, pyproject=pyproject.replace("'a'", "'b'"))


@pytest.mark.parametrize("text", ["[[package]\n", "\x00"])
def test_a_spoilt_lock_is_named_with_the_command(text):
    with pytest.raises(Invalid, match=r"^poetry\.lock: ") as error:
        read(text)
    assert "poetry lock" in error.value.hint


def test_a_lock_without_its_pyproject_is_told():
    with pytest.raises(Invalid, match=r"there is no pyproject\.toml beside it"):
        read_poetry({"poetry.lock": b""}.get, (), ())
