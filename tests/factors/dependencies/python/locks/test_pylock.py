import tomllib

import pytest

from twelve.errors import Invalid
from twelve.factors.dependencies.python.locks.pylock import read_pylock

HEAD = 'lock-version = "1.0"\nrequires-python = ">=3.11"\n\n'
FAR = '[[packages]]\nname = "far"\nwheels = [{ url = "https://h.example/f.whl" }]\n\n'
OWN = '[[packages]]\nname = "own"\ndirectory = { path = "./libs/own", editable = true }\n\n'
OTHER = '[[packages]]\nname = "app"\n[packages.directory]\npath = "."\n\n'


def read(text):
    return read_pylock({"pylock.toml": text.encode()}.get)


def test_a_lock_is_left_as_it_is():
    assert read(HEAD + FAR) == (HEAD + FAR, (), (), True)
    assert read(HEAD + "packages = []\n").text


@pytest.mark.parametrize(
    "order", [OWN + FAR + OTHER, FAR + OWN + OTHER, OTHER + OWN + FAR], ids=["0", "1", "2"]
)
def test_folders_of_this_codebase_are_taken_out(order):
    tail = '[tool.x]\ny = 1\n[[tool.x.z]]\nw = "[[packages]]"\n'
    found = read(HEAD + order + tail)
    assert found.projects == (".", "libs/own")
    assert tomllib.loads(found.text) == tomllib.loads(HEAD + FAR + tail)


def test_repositories_have_no_hash():
    assert not read(HEAD + '[[packages]]\nname = "x"\nvcs = { type = "git" }\n').hashed


@pytest.mark.parametrize(
    "spec",
    [
        'wheels = [{ path = "vendor/x.whl" }]',
        'sdist = { path = "vendor/x.tar.gz" }',
        'archive = { path = "vendor/x.zip" }',
    ],
)
def test_files_beside_it_are_named(spec):
    with pytest.raises(Invalid, match=r"^pylock\.toml: x is a file beside it \(vendor/x") as error:
        read(f'{HEAD}[[packages]]\nname = "x"\n{spec}\n')
    assert "uv export" in error.value.hint


def test_folders_outside_are_named():
    with pytest.raises(Invalid, match=r"\.\./x lies outside the codebase"):
        read(f'{HEAD}[[packages]]\nname = "x"\ndirectory = {{ path = "../x" }}\n')


@pytest.mark.parametrize("text", ["[", "x = 1\n", "lock-version = '1.0'\npackages = 5\n"])
def test_what_is_no_lock_is_named_with_the_command(text):
    with pytest.raises(Invalid, match=r"^pylock\.toml: ") as error:
        read(text)
    assert "uv export --format pylock.toml" in error.value.hint
