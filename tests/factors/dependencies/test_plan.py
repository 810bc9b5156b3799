import json

import pytest

from twelve.errors import Invalid
from twelve.factors.dependencies.plan import COLLECTSTATIC, plan_build


def plan(files, **table):
    data = {path: text.encode() for path, text in files.items()}
    return plan_build(data, data.get, table)


PACKAGE = json.dumps({"scripts": {"build": "vite build"}, "devDependencies": {"vite": "7"}})
LOCK = json.dumps({"lockfileVersion": 3, "packages": {}})


def test_a_lock_goes_before_requirements():
    files = {"uv.lock": "", "pyproject.toml": "[project]\nname='x'\n", "requirements.txt": "six"}
    found = plan(files)
    assert found.python
    assert found.python.manager == "uv.lock"
    assert "uv.lock is used; requirements.txt is not read" in found.warnings


def test_managers():
    assert plan({"requirements.txt": ""}).python.manager == "requirements.txt"
    assert plan({"pyproject.toml": "[project]\nname='x'\n"}).python.manager == "pyproject.toml"
    assert plan({"main.py": ""}).python.manager == "nothing"
    assert plan({"pyproject.toml": "[tool.ruff]\n", "index.html": ""}).python is None
    assert plan({"index.html": ""}).python is None


@pytest.mark.parametrize(
    ("path", "way_out"),
    [
        ("Pipfile", "pipenv lock"),
        ("pdm.lock", "pdm export -f pylock -o pylock.toml"),
        ("environment.yml", "requirements.txt"),
        ("setup.py", "echo . > requirements.txt"),
    ],
)
def test_other_forms_are_refused_with_the_way_out(path, way_out):
    with pytest.raises(Invalid, match=f"^{path}: ") as error:
        plan({path: "", "main.py": ""})
    assert way_out in error.value.hint


def test_where_a_python_version_is_asked_for():
    files = {
        "requirements.txt": "",
        "pyproject.toml": "[project]\nname='x'\nrequires-python='>=3.9'\n",
    }
    assert plan(files).python.request.text == ">=3.9"
    files["runtime.txt"] = "python-3.10.1\n"
    assert plan(files).python.request.place == "runtime.txt"
    files[".python-version"] = "# mine\n\n3.12\n3.11\n"
    assert plan(files).python.request.text == "3.12"


def test_the_lock_changes_with_what_is_installed_and_with_nothing_else():
    base = {"uv.lock": "a", "pyproject.toml": "[project]\nname='x'\ndependencies=['six']\n"}
    first = plan(base).python.lock
    assert (
        plan({**base, "pyproject.toml": base["pyproject.toml"] + "[tool.ruff]\nx=1\n"}).python.lock
        == first
    )
    assert plan({**base, "uv.lock": "b"}).python.lock != first
    assert (
        plan({**base, "pyproject.toml": base["pyproject.toml"].replace("six", "sox")}).python.lock
        != first
    )
    assert plan(base, extras=["pg"]).python.lock != first


def test_node_is_there_for_what_needs_it():
    assert plan({"requirements.txt": "", "package.json": "{}"}).node is None
    tools = plan({"requirements.txt": "", "package.json": PACKAGE, "package-lock.json": LOCK}).node
    assert (tools.build, tools.shipped) == (True, False)
    both = {
        "requirements.txt": "",
        "package.json": PACKAGE,
        "package-lock.json": LOCK,
        "Procfile": "ssr: node ssr.js\n",
    }
    assert plan(both).node.shipped
    assert not plan({**both, "Procfile": "web: ./bin/node-like/x my-node\n"}).node.shipped


def test_a_node_app_without_dependencies_needs_no_lock():
    found = plan({"package.json": '{"scripts": {"start": "node x.js"}}', "x.js": ""})
    assert found.node
    assert (found.node.lock_path, found.node.shipped) == ("", True)


def test_a_command_of_a_package_needs_the_packages():
    package = json.dumps({"scripts": {"build": "next build"}, "dependencies": {"next": "16"}})
    files = {"package.json": package, "package-lock.json": LOCK, "Procfile": "web: next start\n"}
    found = plan(files)
    assert (found.node.shipped, found.static) == (True, False)
    files["Procfile"] = "web: python -m twelve.static dist\n"
    found = plan(files)
    assert (found.node.shipped, found.static) == (False, True)


def test_tools_alone_make_no_node_app():
    package = json.dumps({"devDependencies": {"prettier": "3"}})
    assert plan({"package.json": package, "Procfile": "web: ./server\n"}).node is None


def test_static_sites():
    assert plan({"index.html": ""}).static
    assert plan({"public/index.html": ""}).static
    assert plan({"package.json": PACKAGE, "package-lock.json": LOCK}).static
    assert plan({"Procfile": "web: python -m twelve.static out\n"}).static
    assert not plan({"requirements.txt": "", "index.html": ""}).static


DJANGO = {
    "requirements.txt": "django",
    "manage.py": "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')",
    "shop/settings.py": "INSTALLED_APPS = ['django.contrib.staticfiles']\nSTATIC_ROOT = 'x'\n",
}


def test_collectstatic_is_found_and_can_be_switched_off():
    assert plan(DJANGO).hooks == (COLLECTSTATIC,)
    assert plan(DJANGO, collectstatic=False).hooks == ()
    assert plan(DJANGO, hooks=["make css"]).hooks == ("make css", COLLECTSTATIC)
    own = "python manage.py collectstatic --clear --noinput"
    assert plan(DJANGO, hooks=[own]).hooks == (own,)


def test_faults_of_the_build_table_are_named():
    for table in ({"hooks": "make"}, {"hooks": [1]}, {"hooks": [" "]}, {"extras": 5}):
        with pytest.raises(Invalid, match=r"^twelve\.toml: build/\w+: not a list"):
            plan({}, **table)
    with pytest.raises(Invalid, match="build/collectstatic"):
        plan({}, collectstatic="no")


def test_nothing_to_detect_is_a_plan_with_nothing():
    found = plan({"README": ""})
    assert (found.python, found.node, found.static, found.hooks) == (None, None, False, ())


def test_the_root_of_a_workspace_that_is_no_project_installs_its_members():
    lock = (
        'version = 1\n[manifest]\nmembers = ["api"]\n'
        '[[package]]\nname = "api"\nversion = "1"\nsource = { editable = "api" }\n'
    )
    files = {"pyproject.toml": '[tool.uv.workspace]\nmembers = ["api"]\n', "uv.lock": lock}

    python = plan(files).python

    assert (python.members, python.projects) == (True, ("api",))


def test_a_member_of_a_workspace_is_installed_with_what_it_needs():
    lock = "".join(
        f'[[package]]\nname = "{name}"\nversion = "1"\nsource = {{ editable = "{name}" }}\n{more}'
        for name, more in (("api", 'dependencies = [{ name = "lib" }]\n'), ("web", ""), ("lib", ""))
    )
    files = {
        "pyproject.toml": '[tool.uv.workspace]\nmembers = ["*"]\n',
        "uv.lock": f'requires-python = ">=3.11"\n{lock}',
    }
    python = plan(files, member="api").python
    assert (python.member, python.members, python.projects) == ("api", False, ("api", "lib"))
    assert python.request.place == "uv.lock (requires-python)"
    assert python.lock != plan(files).python.lock
    with pytest.raises(Invalid, match=r"uv\.lock holds no 'nope'") as error:
        plan(files, member="nope")
    assert error.value.hint == "write one of api, lib, web"
    with pytest.raises(Invalid, match=r"build/member: there is no uv\.lock"):
        plan({"main.py": ""}, member="api")


def test_a_member_alone_is_sent_to_the_root_of_its_workspace():
    sources = "[tool.uv.sources]\nlib = { workspace = true }\n"
    with pytest.raises(Invalid, match="a member of a uv workspace") as error:
        plan({"pyproject.toml": f"[project]\nname = 'api'\n{sources}"})
    assert '[build]\n  member = "api"' in error.value.hint


def test_poetry_without_a_lock_is_told_the_command():
    with pytest.raises(Invalid, match=r"there is no poetry\.lock") as error:
        plan({"pyproject.toml": "[tool.poetry.dependencies]\nsix = '1'\n", "setup.py": ""})
    assert error.value.hint == "run `poetry lock` and commit poetry.lock"


POETRY = (
    "[tool.poetry]\nname = 'my-app'\n[tool.poetry.dependencies]\npython = '^3.11'\n"
    "[build-system]\nrequires = ['poetry-core==2.1.1']\n"
)


def test_a_project_of_poetry_is_installed_when_its_modules_are_there():
    files = {"pyproject.toml": POETRY, "poetry.lock": ""}
    assert plan(files).python.projects == ()
    assert plan({**files, "src/my_app/__init__.py": ""}).python.projects == (".",)
    assert plan({**files, "my_app.py": ""}).python.projects == (".",)
    scripts = POETRY + "[tool.poetry.scripts]\nx = 'y:z'\n"
    assert plan({**files, "pyproject.toml": scripts}).python.projects == (".",)
    off = POETRY.replace("name =", "package-mode = false\nname =")
    assert plan({**files, "pyproject.toml": off, "my_app.py": ""}).python.projects == ()


def test_where_other_locks_ask_for_python():
    request = plan({"pyproject.toml": POETRY, "poetry.lock": ""}).python.request
    assert (request.text, request.place) == (
        "^3.11",
        "pyproject.toml (tool/poetry/dependencies/python)",
    )
    pipfile = {"Pipfile": "[requires]\npython_version = '3.12'\n", "Pipfile.lock": "{}"}
    found = plan({**pipfile, "runtime.txt": "python-3.12.1"}).python
    assert found.request.place == "runtime.txt"
    assert [one.text for one in found.others] == ["3.12"]
    lock = 'lock-version = "1.0"\nrequires-python = ">=3.11"\npackages = []\n'
    assert plan({"pylock.toml": lock}).python.request.text == ">=3.11"


def test_locks_go_before_what_they_were_made_from_and_what_is_not_read_is_named():
    lock = 'lock-version = "1.0"\npackages = []\n'
    files = {"pyproject.toml": POETRY, "poetry.lock": "", "pylock.toml": lock}
    found = plan({**files, "requirements.txt": ""})
    assert found.python.manager == "poetry.lock"
    assert "poetry.lock is used; pylock.toml and requirements.txt are not read" in found.warnings


def test_dependencies_that_only_a_backend_knows_are_named():
    files = {"requirements.txt": "-e .\n", "setup.py": "setup(install_requires=['six'])"}
    assert "the dependencies of . itself are not read" in "\n".join(plan(files).warnings)
    assert "not read" not in "\n".join(plan({**files, "setup.py": "setup()"}).warnings)


def test_system_packages_are_part_of_the_plan():
    found = plan({"main.py": "", "Aptfile": "ffmpeg\n"}, packages=["libpq5", "ffmpeg"])
    assert {one.name for one in found.packages} == {"libpq5", "ffmpeg"}
    with pytest.raises(Invalid, match="build/packages: not a list"):
        plan({}, packages="ffmpeg")


def test_locks_of_yarn_and_pnpm():
    package = json.dumps({"scripts": {"start": "node x"}, "dependencies": {"a": "1"}})
    files = {"package.json": package, "yarn.lock": "# yarn lockfile v1\n\na@1:\n  version 1\n"}
    found = plan(files).node
    assert (found.manager, found.lock_path, found.local) == ("yarn", "yarn.lock", False)
    linked = {**files, "yarn.lock": '"a@file:./a":\n  version 1\n'}
    assert plan(linked).node.local
    with pytest.raises(Invalid, match=r"^yarn\.lock: made by yarn 2 or newer") as error:
        plan({**files, "yarn.lock": "__metadata:\n  version: 8\n"})
    assert "npm install --package-lock-only" in error.value.hint
    pnpm = {"package.json": package, "pnpm-lock.yaml": "lockfileVersion: '9.0'\n"}
    assert plan(pnpm).node.manager == "pnpm"
    assert not plan(pnpm).node.local
    assert plan({**pnpm, "pnpm-workspace.yaml": ""}).node.local
    assert plan({**pnpm, "package-lock.json": LOCK}).node.manager == "npm"
