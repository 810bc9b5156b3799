"""Makes the app's layer: its files, what its own build and hooks make of them, bytecode last."""

import asyncio
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from twelve.engines.local.build.interpreters import Node, twelves_own
from twelve.engines.local.build.job import Workbench
from twelve.engines.local.build.layers import Notes, layer_path
from twelve.engines.local.build.node_layer import install_here, link_modules, run_build_script
from twelve.engines.local.build.projects import SCRIPTS, SITE, install_projects
from twelve.engines.local.build.python_layer import compile_modules
from twelve.factors.dependencies.plan import BuildPlan

NO_SOURCE = shutil.ignore_patterns("__pycache__", ".git")


async def make_app(
    bench: Workbench,
    plan: BuildPlan,
    *,
    tree: str,
    deps: str | None,
    hooks: Sequence[str],
    placeholders: Mapping[str, str],
) -> Notes:
    """Fill the layer with the app. Raises BuildFailed."""
    job = bench.job
    await asyncio.to_thread(
        shutil.copytree, job.tree, bench.layer, symlinks=True, ignore=NO_SOURCE, dirs_exist_ok=True
    )
    notes = []
    # A committed node_modules is no declaration.
    if plan.node:
        await asyncio.to_thread(_remove_modules, bench.layer)
    if job.node and plan.node and plan.node.build:
        notes.append(await run_build_script(bench, job.node, plan.node, dict(placeholders)))
    dependencies = layer_path(job.home, deps) if deps else None
    if job.node and plan.node and plan.node.shipped:
        notes.append(await _modules(bench, job.node, plan, dependencies))
    if job.python and plan.python and plan.python.projects and dependencies:
        notes.append(
            await install_projects(bench, job.python, plan.python, tree, dependencies / "venv")
        )
    for number, hook in enumerate(hooks, 1):
        await _run_hook(bench, plan, number, hook, placeholders, dependencies)
    if dependencies and (bench.layer / "node_modules").is_symlink():
        link_modules(bench.layer, f"../{deps}/node_modules")
    if job.python:
        await compile_modules(bench, job.python, bench.layer)
    return Notes(
        tuple(line for note in notes for line in note.warnings),
        all(note.reproducible for note in notes),
        all(bench.isolated),
    )


def app_path(layer: Path, plan_node: bool, dependencies: Path | None) -> tuple[str, ...]:
    """Give the folders of programs that the app's layers bring, the app's own first."""
    folders = [layer / SCRIPTS] if (layer / SCRIPTS).is_dir() else []
    if dependencies and (dependencies / "venv").is_dir():
        folders.append(dependencies / "venv/bin")
    if plan_node:
        folders.append((dependencies or layer) / "node_modules/.bin")
    return tuple(map(str, folders))


def app_environment(layer: Path) -> dict[str, str]:
    """Give the variables that let the app's own installed projects be imported."""
    return {"PYTHONPATH": str(layer / SITE)} if (layer / SITE).is_dir() else {}


async def _modules(
    bench: Workbench, node: Node, plan: BuildPlan, dependencies: Path | None
) -> Notes:
    assert plan.node
    if plan.node.local or dependencies is None:
        return await install_here(bench, node, plan.node)
    # Absolute while hooks run: the layers are siblings only once they are published.
    link_modules(bench.layer, str(dependencies / "node_modules"))
    return Notes()


async def _run_hook(
    bench: Workbench,
    plan: BuildPlan,
    number: int,
    hook: str,
    placeholders: Mapping[str, str],
    dependencies: Path | None,
) -> None:
    own, readable = twelves_own() if plan.static else ("", ())
    await bench.run(
        f"hook {number} ({shortened(hook)})",
        "/bin/sh",
        "-c",
        hook,
        env={**app_environment(bench.layer), **placeholders},
        path=(
            *app_path(bench.layer, bool(plan.node and plan.node.shipped), dependencies),
            *([own] if own else []),
        ),
        read=(*([str(dependencies)] if dependencies else []), *readable),
        foreign=True,
    )


def shortened(command: str, most: int = 60) -> str:
    """Give a command as one short line."""
    line = " ".join(command.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _remove_modules(layer: Path) -> None:
    path = layer / "node_modules"
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path)
    assert not os.path.lexists(path)
