import hashlib
import json

import pytest

from twelve.errors import Invalid
from twelve.factors.dependencies.python.locks.pipfile import (
    pipfile_names,
    pipfile_python,
    read_pipfile,
)

COMMIT = "a" * 40
PIPFILE = '[packages]\nMy_App = "*"\n[requires]\npython_version = "3.11"\n'


def read(default, groups=(), pipfile=None, **more):
    files = {"Pipfile.lock": json.dumps({"default": default, **more}).encode()}
    if pipfile is not None:
        files["Pipfile"] = pipfile.encode()
    return read_pipfile(files.get, groups)


def entry(version="==1.0", **more):
    return {"version": version, "hashes": ["sha256:bb", "sha256:aa"], **more}


def test_the_default_section_is_installed_with_its_hashes():
    found = read({"a": entry()}, develop={"b": entry()})
    assert found == ("a==1.0 --hash=sha256:aa --hash=sha256:bb\n", (), (), True)


def test_extras_and_markers_are_kept():
    found = read({"a": entry(extras=["x", "y"], markers="os_name == 'nt'")})
    assert found.text.startswith("a[x,y]==1.0 ; os_name == 'nt' --hash=sha256:aa")


@pytest.mark.parametrize("name", ["develop", "dev-packages"])
def test_sections_that_the_build_names_come_too(name):
    found = read({"a": entry()}, groups=[name], develop={"b": entry()})
    assert [line[:4] for line in found.text.splitlines()] == ["a==1", "b==1"]


def test_a_section_that_is_not_there_is_named():
    with pytest.raises(Invalid, match="no section 'docs'") as error:
        read({}, groups=["docs"], develop={})
    assert error.value.hint == "write one of develop"


def test_registries_are_taken_without_what_lets_one_in():
    sources = [
        {"name": "pypi", "url": "https://pypi.org/simple"},
        {"name": "mine", "url": "https://${USER}:${TOKEN}@r.example:8443/simple"},
    ]
    found = read({"a": entry(index="mine")}, _meta={"sources": sources})
    assert found.indexes == (("mine", "https://r.example:8443/simple"),)


def test_folders_of_this_codebase_and_commits_are_followed():
    found = read(
        {
            "own": {"editable": True, "path": "."},
            "lib": {"path": "./libs/lib"},
            "far": {"git": "https://host.example/far.git", "ref": COMMIT},
            "file": {"file": "https://host.example/f.whl", "hashes": ["sha256:aa"]},
        }
    )
    assert found.projects == (".", "libs/lib")
    assert found.text == (
        f"far @ git+https://host.example/far.git@{COMMIT}\n"
        "file @ https://host.example/f.whl --hash=sha256:aa\n"
    )
    assert not found.hashed


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"path": "../x"}, r"x is a folder outside this codebase \(\.\./x\)"),
        ({"path": "/srv/x"}, r"x is a folder outside this codebase \(/srv/x\)"),
        ({"git": "https://h.example/x", "ref": "main"}, "x is taken from git https://h.example/x"),
        ({"hg": "https://h.example/x", "ref": COMMIT}, "x is taken from hg"),
        ({"file": "https://h.example/x.whl"}, "x is taken from file"),
        ({"version": "*"}, "x is without a version"),
        ({}, "x is without a version"),
    ],
)
def test_what_cannot_be_fetched_is_named(spec, says):
    with pytest.raises(Invalid, match=rf"^Pipfile\.lock: {says}") as error:
        read({"x": spec})
    assert "lock again" in error.value.hint


@pytest.mark.parametrize("name", ["My_App", "my-app"])
def test_a_lock_that_does_not_fit_is_named_with_the_command(name):
    source = [{"name": "pypi", "url": "https://pypi.org/simple", "verify_ssl": True}]
    content = {
        "_meta": {"sources": source, "requires": {"python_version": "3.11"}},
        "default": {name: "*"},
        "develop": {},
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    meta = {"hash": {"sha256": hashlib.sha256(text).hexdigest()}}
    assert read({"my-app": entry()}, pipfile=PIPFILE, _meta=meta).hashed
    with pytest.raises(Invalid, match=r"^Pipfile\.lock: the Pipfile has changed") as error:
        read({}, pipfile=PIPFILE.replace('"*"', '">1"'), _meta=meta)
    assert error.value.hint == "run `pipenv lock` and commit Pipfile.lock"


def test_the_version_of_python():
    lock = json.dumps({"_meta": {"requires": {"python_version": "3.10"}}}).encode()
    both = {"Pipfile.lock": lock, "Pipfile": PIPFILE.encode()}
    assert pipfile_python(both.get) == ("3.11", "Pipfile (requires/python_version)")
    place = "Pipfile.lock (requires/python_version)"
    assert pipfile_python({"Pipfile.lock": lock}.get) == ("3.10", place)
    full = b'[requires]\npython_version = "3.11"\npython_full_version = "3.11.7"\n'
    assert pipfile_python({"Pipfile": full}.get)[0] == "3.11.7"
    assert pipfile_python({"Pipfile": b"[requires]\n"}.get) == ("", "")


def test_names():
    lock = json.dumps({"default": {"Flask_X": {}}, "develop": {"pytest": {}}}).encode()
    assert pipfile_names({"Pipfile.lock": lock}.get) == {"flask-x"}


@pytest.mark.parametrize("text", [b"{", b"[]", b"\xff"])
def test_a_spoilt_lock_is_named_with_the_command(text):
    with pytest.raises(Invalid, match=r"^Pipfile\.lock: ") as error:
        read_pipfile({"Pipfile.lock": text}.get, ())
    assert "pipenv lock" in error.value.hint
