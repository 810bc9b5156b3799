"""One small app in every form of lock: the same packages each time, and the same bytes."""

import shutil
from pathlib import Path
from typing import get_args

import pytest

from twelve.errors import BuildFailed, Missing
from twelve.factors.dependencies.node import LOCKS
from twelve.factors.dependencies.plan import plan_build
from twelve.factors.dependencies.python.plan import Manager

pytestmark = [pytest.mark.live, pytest.mark.anyio, pytest.mark.timeout(240)]

FORMS = Path(__file__).parent / "forms"
PACKAGES = {"blinker-1.9.0", "click-8.1.8", "itsdangerous-2.2.0"}


def files_of(form: str) -> dict[str, str]:
    """Give the files of the app in that form, as the manager of that form wrote them."""
    folder = FORMS / form
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in files}


async def twice(workshop, bytes_of, files, tmp_path, **options):
    """Build in two folders, each with empty caches, and give the second."""
    found = []
    for name in ("one", "another/folder"):
        home = tmp_path / f"home-of-{name.replace('/', '-')}"
        source = workshop.source(files, f"{name}/app")
        built = await workshop.build(source, home=home, **options)
        layer = home / "layers" / str(built.deps_digest)
        found.append((built._replace(reused=False), bytes_of(layer), layer))
    assert found[0][:2] == found[1][:2]
    return found[1][0], found[1][2]


PYTHON = {
    "uv": (["dependencies"], True),
    "workspace": (["dependencies"], True),
    "poetry": (["dependencies"], True),
    "old-poetry": (["dependencies"], True),
    "pipenv": (["dependencies"], True),
    "pylock": (["dependencies"], True),
    "hashed": (["dependencies"], True),
    "requirements": (["resolution", "dependencies"], True),
    "project": (["resolution", "dependencies"], False),
}
"""Each form with its steps that have a network, and whether it can be built again the same."""
NODE = ("npm", "old-npm", "yarn", "pnpm")
TABLES: dict[str, dict[str, object]] = {"workspace": {"member": "api"}}


def test_the_matrix_has_every_form_that_a_build_reads():
    plans = []
    for form in (*PYTHON, *NODE):
        files = {name: text.encode() for name, text in files_of(form).items()}
        plans.append(plan_build(files, files.get, TABLES.get(form, {})))

    python = {plan.python.manager for plan in plans if plan.python}
    node = {plan.node.lock_path for plan in plans if plan.node}
    assert python == {*get_args(Manager)} - {"nothing"}
    # Of the two of npm the other is the same under another name.
    assert node == {*LOCKS} - {"npm-shrinkwrap.json"}


@pytest.mark.parametrize(
    ("form", "steps", "reproducible"), [(f, *how) for f, how in PYTHON.items()]
)
async def test_every_form_installs_the_same(
    workshop, bytes_of, tmp_path, form, steps, reproducible
):
    files = {**files_of(form), ".python-version": "3.11\n"}
    table = TABLES.get(form, {})
    built, layer = await twice(workshop, bytes_of, files, tmp_path, table=table)

    found = {path.name.removesuffix(".dist-info") for path in layer.rglob("*.dist-info")}
    assert found == PACKAGES
    assert built.reproducible == reproducible
    assert [step.name for step in workshop.steps if step.network] == steps * 2
    assert not any(step.foreign for step in workshop.steps)


RELOCK = {
    "npm": "run `npm install --package-lock-only` and commit package-lock.json",
    "old-npm": "run `npm install --package-lock-only` and commit package-lock.json",
    "yarn": "run `yarn install` and commit yarn.lock",
    "pnpm": "run `pnpm install --lockfile-only` and commit pnpm-lock.yaml",
}


@pytest.mark.parametrize("form", NODE)
async def test_every_form_of_node_installs_the_same(
    workshop, bytes_of, tmp_path, form, environ_with
):
    if shutil.which("npm") is None:
        pytest.skip("npm is not on PATH: no form of Node can be tried")
    options = {"environ": environ_with(form)} if form in {"yarn", "pnpm"} else {}
    built, layer = await twice(workshop, bytes_of, files_of(form), tmp_path, **options)

    modules = {path.parent.name for path in (layer / "node_modules").glob("*/package.json")}
    assert modules == {"is-odd", "is-number"}
    assert not [path for path in layer.rglob("*") if path.is_symlink()]
    home = tmp_path / "home-of-another-folder"
    assert await workshop.run(built, "node", "server.js", home=home) == "true"

    files = files_of(form)
    files["package.json"] = files["package.json"].replace('"3.0.1"', '"2.0.0"')
    with pytest.raises(BuildFailed) as stale:
        await workshop.build(workshop.source(files, "stale"), **options)
    assert RELOCK[form] in stale.value.hint


async def test_a_manager_that_is_not_there_is_named_with_two_ways_out(workshop):
    with pytest.raises(Missing, match=r"^yarn\.lock: there is no `yarn` on PATH") as error:
        await workshop.build(
            workshop.source(files_of("yarn")), environ={"PATH": "/usr/bin:/bin", "HOME": "/nowhere"}
        )
    assert "npm install --global yarn@1" in error.value.hint
    assert "package-lock" in error.value.hint
