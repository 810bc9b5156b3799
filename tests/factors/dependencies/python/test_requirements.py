import pytest

from twelve.errors import Invalid
from twelve.factors.dependencies.python.locks.uv import locked_names, locked_projects
from twelve.factors.dependencies.python.project import package_name, read_project
from twelve.factors.dependencies.python.requirements import read_requirements


def reading(**files):
    return lambda path: files.get(path.replace(".", "_").replace("/", "__"))


def requirements(text: str):
    return read_requirements(lambda path: text.encode() if path == "requirements.txt" else None)


def test_names_pins_and_comments():
    found = requirements(
        "Flask==3.1  # the web\n\n# nothing\nDjango_REST>=3\nsix\n"
        "uvicorn[standard] == 0.38 ; python_version > '3'\n"
    )
    assert found.names == {"flask", "django-rest", "six", "uvicorn"}
    assert found.pinned == {"flask", "uvicorn"}
    assert not found.hashed


def test_a_line_may_go_on():
    found = requirements("six==1.17.0 \\\n    --hash=sha256:aa \\\r\n    --hash=sha256:bb\n")
    assert found.hashed
    assert found.pinned == {"six"}


def test_not_all_hashed_is_not_hashed():
    assert not requirements("six==1 --hash=sha256:aa\nflask==3\n").hashed
    assert not requirements("").hashed


def test_windows_line_ends_a_byte_order_mark_and_no_last_newline():
    found = read_requirements(lambda _: b"\xef\xbb\xbfsix==1\r\nflask==2")
    assert found.names == {"six", "flask"}


def test_not_utf8_is_told():
    with pytest.raises(Invalid, match=r"requirements.txt: not UTF-8 \(byte 4\)"):
        read_requirements(lambda _: b"six\n\xff\xfe")


@pytest.mark.parametrize(
    "line", ["-r base.txt", "-rbase.txt", "--requirement base.txt", "--requirement=base.txt"]
)
def test_includes(line):
    files = {"requirements.txt": line.encode(), "base.txt": b"six==1\n"}
    assert read_requirements(files.get).names == {"six"}


def test_includes_are_found_beside_the_file_that_names_them():
    files = {
        "requirements.txt": b"-r req/a.txt",
        "req/a.txt": b"-r b.txt\n-c c.txt\n",
        "req/b.txt": b"six\n",
        "req/c.txt": b"six<2\n",
    }
    found = read_requirements(files.get)
    assert (found.text, found.constraints) == ("six\n", "six<2\n")


def test_an_include_that_is_missing_or_outside_or_a_circle():
    with pytest.raises(Invalid, match=r"base\.txt: there is no such file"):
        requirements("-r base.txt")
    with pytest.raises(Invalid, match="lies outside"):
        requirements("-r ../base.txt")
    with pytest.raises(Invalid, match="includes itself"):
        requirements("-r requirements.txt")


@pytest.mark.parametrize(
    ("line", "projects"),
    [
        ("-e .", (".",)),
        (".", (".",)),
        ("-e ./libs/mail", ("libs/mail",)),
        ("./libs/mail[extra]", ("libs/mail",)),
        ("file:./vendor/x-1-py3-none-any.whl", ("vendor/x-1-py3-none-any.whl",)),
        ("-e git+https://example.com/x#egg=x", ()),
        ("six @ https://example.com/six.whl", ()),
    ],
)
def test_local_projects(line, projects):
    assert requirements(line).projects == projects


def test_a_project_outside_the_codebase_is_refused():
    with pytest.raises(Invalid, match="lies outside the codebase"):
        requirements("-e ../shared")


@pytest.mark.parametrize(
    ("line", "name"),
    [("six", "six"), ("A.b_C==1", "a-b-c"), ("x[y]>=1", "x"), ("x;y", "x"), ("x @ file:/y", "x"),
     ("--pre", ""),
     ("", ""), ("x (>=1)", "x")],
)  # fmt: skip
def test_package_names(line, name):
    assert package_name(line) == name


def project(text: str):
    return read_project(lambda _: text.encode())


def test_a_project_is_installed_when_it_has_a_build_system():
    plain = '[project]\nname = "x"\n'
    system = '[build-system]\nrequires = ["hatchling"]\n'
    assert not project(plain).packaged
    assert project(plain + system).packaged
    assert not project(plain + system + "[tool.uv]\npackage = false\n").packaged
    assert project(plain + "[tool.uv]\npackage = true\n").packaged
    assert not project(system).packaged


def test_a_backend_is_pinned_when_all_of_it_is():
    assert project('[build-system]\nrequires = ["a==1", "b==2"]\n').backend_pinned
    assert not project('[build-system]\nrequires = ["a==1", "b"]\n').backend_pinned


def test_pyproject_that_is_no_toml_is_told():
    with pytest.raises(Invalid, match=r"^pyproject\.toml: "):
        project("not toml")
    assert read_project(lambda _: None) is None


def test_poetrys_own_tables_are_foreign():
    assert project('[tool.poetry.dependencies]\nflask = "^3"\n').foreign == "poetry"


LOCK = b"""
[[package]]
name = "app"
source = { editable = "." }
dependencies = [{ name = "core" }, { name = "six" }]

[[package]]
name = "core"
source = { editable = "packages/core" }

[[package]]
name = "unrelated"
source = { editable = "packages/unrelated" }

[[package]]
name = "six"
source = { registry = "https://example.com/simple" }
"""


def test_local_packages_of_a_lock_are_those_the_root_needs():
    assert locked_projects(LOCK) == (".", "packages/core")
    assert locked_projects(b'[[package]]\nname = "x"\nsource = { virtual = "." }\n') == ()
    assert locked_projects(b'[[package]]\nname = "x"\nsource = { editable = "." }\n') == (".",)
    assert locked_names(LOCK) == {"app", "core", "unrelated", "six"}


PROJECT = (
    b"[project]\nname = 'x'\ndependencies = ['six==1.17.0']\n"
    b"[project.optional-dependencies]\nMy_More = ['iniconfig==2.0.0']\n"
)


@pytest.mark.parametrize("line", ["-e .", "-e ./", "--editable=.", ".", "file:."])
def test_the_own_project_brings_its_dependencies(line):
    files = {"requirements.txt": line.encode(), "pyproject.toml": PROJECT}
    found = read_requirements(files.get)
    assert (found.projects, found.names, found.pinned) == ((".",), {"six"}, {"six"})


def test_the_own_project_brings_the_extras_that_are_asked_for():
    files = {"requirements.txt": b"-e .[my-more]\n", "pyproject.toml": PROJECT}
    assert read_requirements(files.get).names == {"six", "iniconfig"}


def test_what_an_exact_file_leaves_out_it_leaves_out_knowingly():
    text = b"-e .\nclick==8.1.8 --hash=sha256:aa\n"
    found = read_requirements({"requirements.txt": text, "pyproject.toml": PROJECT}.get)
    assert found.hashed
    assert found.names == {"click"}
