"""Installs the codebase's own Python projects into ``.twelve/site-packages`` of the app's layer."""

import asyncio
import os
import re
import shutil
import tomllib
from pathlib import Path

from twelve.engines.local.build.interpreters import Interpreter, libc
from twelve.engines.local.build.job import Job, Workbench
from twelve.engines.local.build.layers import Layer, Notes, ensure, key_of, layer_path
from twelve.engines.local.build.python_layer import (
    finish_venv,
    install_requirements,
    make_venv,
)
from twelve.engines.local.build.uv import UV, uv_program
from twelve.errors import Invalid
from twelve.factors.dependencies.python.plan import PythonPlan

SITE = ".twelve/site-packages"
SCRIPTS = ".twelve/bin"
LEGACY_BACKEND = ["setuptools", "wheel"]
TIMES_AND_PLACES = ("direct_url.json", "uv_cache.json", "uv_build.json")


async def install_projects(
    bench: Workbench, python: Interpreter, plan: PythonPlan, tree: str, venv: Path
) -> Notes:
    """Build a wheel of each project, install it without dependencies. Raises BuildFailed."""
    source = bench.staging / "source"
    await asyncio.to_thread(shutil.copytree, bench.layer, source, symlinks=True)
    wheels = bench.staging / "wheels"
    wheels.mkdir()
    notes = Notes()
    for project in plan.projects:
        if project.endswith(".whl"):
            shutil.copy(source / project, wheels)
            continue
        tools = await _tools(bench.job, python, source / project)
        notes = Notes(
            (*notes.warnings, *tools.notes.warnings),
            notes.reproducible and tools.notes.reproducible,
        )
        await _wheel(
            bench, source / project, wheels, layer_path(bench.job.home, tools.digest), tree
        )
    await _install(bench, wheels, venv)
    await asyncio.to_thread(_tidy, bench.layer)
    return notes


async def _wheel(bench: Workbench, project: Path, wheels: Path, tools: Path, tree: str) -> None:
    program, read = uv_program()
    version = f"0.0.0+tree.{tree[:12]}"
    bench.job.tell(
        f"building a wheel of {project.name if project.name != 'source' else 'the project'}"
    )
    await bench.run(
        "wheel",
        program, "build", "--wheel", "--no-build-isolation", "--offline", "--python",
        str(tools / "venv/bin/python"), "--out-dir", str(wheels), str(project),
        cwd=project,
        env={
            **UV,
            "UV_CACHE_DIR": str(bench.cache("uv", foreign=True)),
            # An archive has no history to take a version from.
            "SETUPTOOLS_SCM_PRETEND_VERSION": version,
            "PDM_BUILD_SCM_VERSION": version,
        },
        path=(str(tools / "venv/bin"),),
        write=(bench.staging / "source", wheels),
        read=(str(tools), *read),
        foreign=True,
    )  # fmt: skip


async def _install(bench: Workbench, wheels: Path, venv: Path) -> None:
    program, read = uv_program()
    files = sorted(f"{wheels}/{name}" for name in os.listdir(wheels) if name.endswith(".whl"))
    await bench.run(
        "project",
        program, "pip", "install", "--quiet", "--no-deps", "--no-index",
        "--python", str(venv / "bin/python"), "--target", str(bench.layer / SITE), *files,
        env={**UV, "UV_CACHE_DIR": str(bench.cache("uv", foreign=True))},
        write=(wheels,),
        read=(str(venv.parent), *read),
        foreign=True,
    )  # fmt: skip


async def _tools(job: Job, python: Interpreter, project: Path) -> Layer:
    """Give a layer with the project's build backend."""
    requires = _backend(project)
    text = "".join(f"{line}\n" for line in requires)
    plan = PythonPlan("requirements.txt", None, "", requirements=text, pinned=frozenset())
    key = key_of("build backend", python, libc(), text)

    async def make(staging: Path) -> Notes:
        bench = Workbench(job, staging, [])
        await make_venv(bench, python)
        await install_requirements(bench, plan)
        await finish_venv(bench, python)
        if all("==" in line for line in requires):
            return Notes()
        said = (
            f"the build backend has no fixed version: write e.g. requires = "
            f'["{_exact(bench.layer / "resolved.txt")}"] into [build-system]'
        )
        return Notes((said,), reproducible=False)

    return await ensure(job.home, key, make, fresh=job.fresh)


def _backend(project: Path) -> list[str]:
    try:
        table = tomllib.loads((project / "pyproject.toml").read_text())
    except FileNotFoundError:
        return LEGACY_BACKEND
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(
            f"{project.name}/pyproject.toml: {error}", hint="mend the file, commit, deploy again"
        ) from None
    found = table.get("build-system", {}).get("requires", LEGACY_BACKEND)
    return [str(one) for one in found] or LEGACY_BACKEND


def _exact(resolved: Path) -> str:
    match = re.search(
        r"^[\w.-]+==\S+", resolved.read_text() if resolved.exists() else "", re.MULTILINE
    )
    return match[0] if match else "hatchling==VERSION"


def _tidy(layer: Path) -> None:
    """Take out times and places of this build; let scripts find the interpreter by PATH."""
    site = layer / SITE
    for info in site.glob("*.dist-info"):
        for name in TIMES_AND_PLACES:
            (info / name).unlink(missing_ok=True)
        _forget(info / "RECORD")
    for name in (".lock", "CACHEDIR.TAG", ".gitignore"):
        (site / name).unlink(missing_ok=True)
    if (site / "bin").is_dir():
        (site / "bin").rename(layer / SCRIPTS)
        for script in (layer / SCRIPTS).iterdir():
            _free(script)


def _forget(record: Path) -> None:
    dropped = ("../", "bin/", *TIMES_AND_PLACES)
    lines = record.read_text().splitlines(keepends=True)
    record.write_text("".join(sorted(line for line in lines if not _mentions(line, dropped))))


def _mentions(line: str, names: tuple[str, ...]) -> bool:
    path = line.partition(",")[0]
    return path.startswith(names) or path.rpartition("/")[2] in names


def _free(script: Path) -> None:
    data = script.read_bytes()
    match = re.match(rb"#!(?:/bin/sh\n'''exec' .*\n' '''|[^\n]*python[^\n]*)\n", data)
    if match:
        script.write_bytes(b"#!/usr/bin/env python\n" + data[match.end() :])
