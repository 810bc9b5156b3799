import pytest

from twelve.errors import Invalid
from twelve.factors.dependencies.machine.asked import node_asked, python_asked


def reading(**files):
    return {f".{key.replace('_', '-')}": text.encode() for key, text in files.items()}


def asked(files, declared=()):
    return [(one.place, one.text) for one in python_asked(files.get, declared)]


def test_the_first_that_says_so_decides():
    files = {**reading(python_version="3.12\n"), "runtime.txt": b"python-3.11.7\n"}
    assert asked(files, [(">=3.9", "pyproject.toml"), ("", "Pipfile")]) == [
        (".python-version", "3.12"),
        ("runtime.txt", "python-3.11.7"),
        ("pyproject.toml", ">=3.9"),
    ]
    assert asked({}) == []


@pytest.mark.parametrize(
    "text", ["3.12\n3.11\npypy3.10\n", "# mine\n\n3.12  # why\n", "\ufeff3.12\r\n", "system\n3.12"]
)
def test_the_first_line_counts(text):
    assert asked(reading(python_version=text)) == [(".python-version", "3.12")]


@pytest.mark.parametrize("text", ["pypy3.10-7.3.12", "graalpy-24", "my-environment", "3.13t"])
def test_what_is_no_version_of_cpython_is_named(text):
    with pytest.raises(Invalid, match=r"^\.python-version: '"):
        asked(reading(python_version=text))


def test_nothing_but_comments_asks_for_nothing():
    assert asked(reading(python_version="# later\n")) == []


def test_what_is_not_utf8_is_named():
    with pytest.raises(Invalid, match=r"runtime\.txt: not UTF-8 \(byte 0\)"):
        python_asked({"runtime.txt": b"\xff\xfe3"}.get, ())


def test_node_is_asked_for_by_package_json_first():
    files = reading(node_version="v20.1.0\n", nvmrc="lts/iron\n")
    found = node_asked(files.get, [(">=18", "engines"), ("", "volta")])
    assert [one.place for one in found] == ["engines", ".node-version", ".nvmrc"]
    assert node_asked(reading(nvmrc="lts/*").get, ()) == ()
