"""Node apps, and Python apps whose assets npm builds."""

import json

import pytest

from twelve.errors import BuildFailed, Invalid, Missing

pytestmark = [pytest.mark.live, pytest.mark.anyio, pytest.mark.timeout(240)]


def package(*, tools=(), scripts=None, **more):
    return json.dumps(
        {"name": "tiny", "version": "1.0.0", "scripts": scripts or {}, **more,
         "devDependencies" if tools else "dependencies": {"is-number": "7.0.0"}}
    )  # fmt: skip


def lock(*, dev=False):
    kind = "devDependencies" if dev else "dependencies"
    entry = {
        "version": "7.0.0",
        "resolved": "https://registry.npmjs.org/is-number/-/is-number-7.0.0.tgz",
    }
    return json.dumps(
        {"name": "tiny", "version": "1.0.0", "lockfileVersion": 3, "requires": True, "packages": {
            "": {"name": "tiny", "version": "1.0.0", kind: {"is-number": "7.0.0"}},
            "node_modules/is-number": {**entry, **({"dev": True} if dev else {})},
        }}
    )  # fmt: skip


async def test_assets_of_a_python_app_are_built_and_tools_are_not_shipped(workshop):
    source = workshop.source(
        {
            "requirements.txt": "",
            "main.py": "",
            "package.json": package(tools=True, scripts={"build": "node make.js"}),
            "package-lock.json": lock(dev=True),
            "make.js": "require('fs').writeFileSync('out.txt', String(require('is-number')(1)))",
        }
    )
    built = await workshop.build(source)
    layer = workshop.home / "layers" / built.app_digest
    assert (layer / "out.txt").read_text() == "true"
    assert not (layer / "node_modules").exists()
    assert not built.modules
    (script,) = [step for step in workshop.steps if step.name == "npm run build"]
    assert script.foreign
    assert not script.network


async def test_a_node_app_with_a_build_script_ships_only_what_it_needs(workshop):
    line = 'console.log(require("is-number")(2))'
    source = workshop.source(
        {
            "package.json": package(scripts={"build": f"echo '{line}' > app.js", "start": "x"}),
            "package-lock.json": lock(),
        }
    )
    built = await workshop.build(source)
    assert (workshop.home / "layers" / built.app_digest / "node_modules").is_symlink()
    assert "true" in await workshop.run(built, "node", "app.js")


async def test_a_lock_that_does_not_fit_is_told(workshop):
    files = {
        "package.json": package(scripts={"start": "node x"}).replace("7.0.0", "6.0.0"),
        "package-lock.json": lock(),
    }
    with pytest.raises(BuildFailed) as error:
        await workshop.build(workshop.source(files))
    assert error.value.hint == "run `npm install --package-lock-only` and commit package-lock.json"


async def test_no_lock_is_told(workshop):
    with pytest.raises(Invalid, match=r"package.json: no package-lock.json beside it"):
        await workshop.build(
            workshop.source({"package.json": package(scripts={"start": "node x"})})
        )


async def test_another_version_of_node_is_told(workshop):
    files = {
        "package.json": package(scripts={"start": "node x"}, engines={"node": ">=99"}),
        "package-lock.json": lock(),
    }
    with pytest.raises(
        Missing, match=r"package.json \(engines.node\) asks for Node >=99; on this machine: "
    ):
        await workshop.build(workshop.source(files))


async def test_no_node_at_all_is_told(workshop):
    files = {"package.json": package(scripts={"start": "node x"}), "package-lock.json": lock()}
    with pytest.raises(Missing, match="there is no `node` on PATH"):
        await workshop.build(workshop.source(files), environ={"PATH": "/nonexistent"})


async def test_modules_that_somebody_committed_are_not_used(workshop):
    source = workshop.source(
        {
            "package.json": package(scripts={"start": "node x"}),
            "package-lock.json": lock(),
            "node_modules/is-number/index.js": "poison",
        }
    )
    built = await workshop.build(source)
    assert "poison" not in await workshop.run(built, "cat", "node_modules/is-number/index.js")


async def test_install_scripts_run_apart_and_mark_the_build(workshop):
    table = json.loads(lock())
    table["packages"]["node_modules/is-number"]["hasInstallScript"] = True
    files = {
        "package.json": package(scripts={"start": "node x"}),
        "package-lock.json": json.dumps(table),
    }
    built = await workshop.build(workshop.source(files))
    assert "install scripts ran, so not reproducible: is-number" in built.warnings
    (step,) = [step for step in workshop.steps if step.name == "install scripts"]
    assert step.foreign
    assert not any(path.startswith(str(workshop.home / "cache")) for path in step.write)


async def test_tools_are_fetched_once_for_each_lock(workshop):
    files = {
        "requirements.txt": "",
        "package.json": package(tools=True, scripts={"build": "touch node_modules/.cache"}),
        "package-lock.json": lock(dev=True),
    }  # fmt: skip
    source = workshop.source(files)
    await workshop.build(source)
    (source / "changed").write_text("x")
    workshop.steps.clear()
    built = await workshop.build(source)
    assert [step.name for step in workshop.steps] == ["npm run build", "bytecode"]
    assert not (workshop.home / "layers" / built.app_digest / "node_modules").exists()


async def test_a_workspace_is_installed_beside_the_app(workshop):
    inner = {"name": "inner", "version": "1.0.0"}
    top = {"name": "top", "version": "1.0.0", "workspaces": ["packages/*"]}
    packages = {
        "": {**top, "dependencies": {"inner": "*"}},
        "node_modules/inner": {"resolved": "packages/inner", "link": True},
        "packages/inner": inner,
    }
    source = workshop.source(
        {
            "package.json": json.dumps({**top, "dependencies": {"inner": "*"}, "main": "app.js"}),
            "package-lock.json": json.dumps({"lockfileVersion": 3, "packages": packages}),
            "packages/inner/package.json": json.dumps(inner),
            "packages/inner/index.js": "module.exports = 'from inside'",
            "app.js": "console.log(require('inner'))",
        }
    )
    built = await workshop.build(source)
    assert built.deps_digest is None
    assert await workshop.run(built, "node", "app.js") == "from inside"


async def test_a_lock_of_npm_6_fixes_the_versions(workshop):
    entry = {
        "version": "7.0.0",
        "resolved": "https://registry.npmjs.org/is-number/-/is-number-7.0.0.tgz",
        "integrity": "sha512-41Cifkg6e8TylSpdtTpeLVMqvSBEVzTttHvERD741+pnZ8ANv0004MRL43QKPDlK9cGvNp6NZWZUBlbGXYxxng==",  # noqa: E501 - a hash
    }  # fmt: skip
    old = {"name": "tiny", "version": "1.0.0", "lockfileVersion": 1, "requires": True}
    source = workshop.source(
        {
            "package.json": package(scripts={"start": "x"}),
            "package-lock.json": json.dumps({**old, "dependencies": {"is-number": entry}}),
        }
    )
    built = await workshop.build(source)
    layer = workshop.home / "layers" / str(built.deps_digest)
    installed = json.loads((layer / "node_modules/is-number/package.json").read_bytes())
    assert installed["version"] == "7.0.0"
