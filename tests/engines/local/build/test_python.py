"""Python apps, by each of the files that declare dependencies."""

import pytest

from twelve.errors import BuildFailed, Invalid, Missing

pytestmark = [pytest.mark.live, pytest.mark.anyio, pytest.mark.timeout(240)]

SIX_HASH = "4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274"
SIX = f"six==1.17.0 --hash=sha256:{SIX_HASH}\n"
SIX_WHEEL = (
    "https://files.pythonhosted.org/packages/b7/ce/149a00dd41f10bc29e5921b496af8b574d8413afcd5e30"
    "dfa0ed46c2cc5e/six-1.17.0-py2.py3-none-any.whl"
)


async def test_pinned_requirements(workshop):
    source = workshop.source(
        {"requirements.txt": "six==1.17.0\n", "main.py": "import six; print(six.__version__)\n"}
    )
    built = await workshop.build(source)
    assert await workshop.run(built, "python", "main.py") == "1.17.0"
    assert built.reproducible
    assert not any(step.foreign for step in workshop.steps if step.network)
    assert [step.name for step in workshop.steps if step.network] == ["resolution", "dependencies"]


async def test_hashed_requirements_are_not_resolved_again(workshop):
    built = await workshop.build(workshop.source({"requirements.txt": SIX}))
    assert [step.name for step in workshop.steps if step.network] == ["dependencies"]
    assert built.reproducible


async def test_unpinned_requirements_are_named(workshop):
    built = await workshop.build(workshop.source({"requirements.txt": "six\n"}))
    assert not built.reproducible
    assert "does not fix the versions of six" in "\n".join(built.warnings)
    resolved = workshop.home / "layers" / str(built.deps_digest) / "resolved.txt"
    assert resolved.read_text().startswith("six==")


async def test_includes_and_constraints_are_followed(workshop):
    source = workshop.source(
        {
            "requirements.txt": "-r requirements/base.txt\n-c limits.txt\n",
            "requirements/base.txt": "six  # for old times\n",
            "limits.txt": "six<1.17\n",
            "main.py": "import six; print(six.__version__)\n",
        }
    )
    assert await workshop.run(await workshop.build(source), "python", "main.py") == "1.16.0"


async def test_a_lock_of_uv(workshop):
    source = workshop.source(UV_LOCKED)
    built = await workshop.build(source)
    assert built.reproducible
    assert await workshop.run(built, "python", "main.py") == "1.17.0"


async def test_a_stale_lock_is_refused(workshop):
    files = {**UV_LOCKED, "pyproject.toml": UV_LOCKED["pyproject.toml"].replace("six", "six>=1.16")}
    with pytest.raises(BuildFailed) as error:
        await workshop.build(workshop.source(files))
    assert error.value.hint == "run `uv lock` and commit uv.lock"


async def test_pyproject_alone_installs_only_dependencies(workshop):
    source = workshop.source(
        {
            "pyproject.toml": PYPROJECT.format("lone"),
            "main.py": "import six; print(six.__name__)\n",
        }
    )
    built = await workshop.build(source)
    assert await workshop.run(built, "python", "main.py") == "six"
    assert not built.reproducible
    assert "there is no uv.lock" in "\n".join(built.warnings)
    assert (workshop.home / "layers" / str(built.deps_digest) / "uv.lock").is_file()
    assert not (workshop.home / "layers" / built.app_digest / ".twelve").exists()


async def test_an_editable_line_installs_the_project_with_the_app(workshop):
    source = workshop.source(
        {
            "requirements.txt": "six==1.17.0\n-e ./libs/mail\n",
            "libs/mail/setup.py": SETUP,
            "libs/mail/mail.py": "import six\n",
        }
    )
    built = await workshop.build(source)
    assert await workshop.run(built, "python", "-c", "import mail; print(mail.__name__)") == "mail"
    deps = built.deps_digest
    (source / "libs/mail/mail.py").write_text("import six\nVERSION = 2\n")
    again = await workshop.build(source)
    assert again.deps_digest == deps
    assert await workshop.run(again, "python", "-c", "import mail; print(mail.VERSION)") == "2"


async def test_a_source_distribution_is_built_apart_and_marks_the_build(workshop):
    built = await workshop.build(workshop.source({"requirements.txt": "docopt==0.6.2\n"}))
    foreign = [step for step in workshop.steps if step.foreign and step.network]
    assert foreign
    shared = str(workshop.home / "cache")
    assert not any(path.startswith(shared) for step in foreign for path in step.write)
    assert not built.reproducible
    assert "built from source, so not reproducible: docopt" in built.warnings
    assert (
        await workshop.run(built, "python", "-c", "import docopt; print(docopt.__version__)")
        == "0.6.2"
    )


async def test_a_dependency_that_does_not_exist(workshop):
    with pytest.raises(BuildFailed) as error:
        await workshop.build(workshop.source({"requirements.txt": "no-such-thing-4711==1\n"}))
    assert "no-such-thing-4711 was not found" in error.value.message
    assert error.value.hint == "is no-such-thing-4711 spelled right? no registry has it"
    assert not list((workshop.home / "builds").iterdir())
    assert not (workshop.home / "layers").exists()


async def test_an_interpreter_that_is_not_here(workshop):
    with pytest.raises(Missing) as error:
        await workshop.build(workshop.source({"requirements.txt": "", ".python-version": "3.99\n"}))
    assert error.value.message.startswith(".python-version asks for Python 3.99; on this machine: ")
    assert "TWELVE_PYTHONS" in error.value.hint


async def test_no_dependencies_are_allowed_and_said(workshop):
    built = await workshop.build(workshop.source({"main.py": "print('plain')\n"}))
    assert await workshop.run(built, "python", "main.py") == "plain"
    assert "no dependencies are declared" in built.warnings[0]


async def test_a_lock_that_is_not_read_is_named(workshop):
    with pytest.raises(Invalid) as error:
        await workshop.build(workshop.source({"pdm.lock": "", "main.py": ""}))
    assert "pdm export" in error.value.hint


async def test_bytecode_is_made_and_paths_in_it_are_right(workshop):
    source = workshop.source(
        {"main.py": "import inner\n", "inner.py": "1 / 0\n", "bad.py": "no python {{\n"}
    )
    built = await workshop.build(source)
    app = workshop.home / "layers" / built.app_digest
    assert {path.name.partition(".")[0] for path in (app / "__pycache__").iterdir()} == {
        "main",
        "inner",
    }
    said = await workshop.run(built, "sh", "-c", "python main.py 2>&1 || true")
    assert f'"{app}/inner.py"' in said


SETUP = "import setuptools as s\ns.setup(name='mail', version='1', py_modules=['mail'])\n"

PYPROJECT = (
    '[project]\nname = "{}"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["six"]\n'
)

UV_LOCKED = {
    "main.py": "import six; print(six.__version__)\n",
    "pyproject.toml": PYPROJECT.format("locked"),
    "uv.lock": (
        'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n\n'
        '[[package]]\nname = "locked"\nversion = "1"\nsource = { virtual = "." }\n'
        'dependencies = [\n    { name = "six" },\n]\n\n'
        '[package.metadata]\nrequires-dist = [{ name = "six" }]\n\n'
        '[[package]]\nname = "six"\nversion = "1.17.0"\n'
        'source = { registry = "https://pypi.org/simple" }\nwheels = [\n'
        f'    {{ url = "{SIX_WHEEL}", hash = "sha256:{SIX_HASH}", size = 11050 }},\n]\n'
    ),
}
