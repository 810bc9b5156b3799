"""Installs what a Node app declares, and runs its build script."""

import asyncio
import json
import shutil
from pathlib import Path

from twelve.engines.local.build.interpreters import Node, libc
from twelve.engines.local.build.job import Workbench
from twelve.engines.local.build.layers import Layer, Notes, ensure, key_of, layer_path
from twelve.engines.local.build.node_managers import (
    OBEYING,
    forget_traces,
    scripted_below,
    words_of,
)
from twelve.engines.local.build.seal import copy_writable, discard
from twelve.factors.codebase.tree import some
from twelve.factors.dependencies.node import LOCKS, scripted_in
from twelve.factors.dependencies.plan import NodePlan

PROGRAMMABLE = (".npmrc", ".yarnrc", ".pnpmfile.cjs")
"""Files that can name programs to run."""

DESCRIBING = ("package.json", *LOCKS, *PROGRAMMABLE)

QUIET = {
    "NPM_CONFIG_AUDIT": "false",
    "NPM_CONFIG_FUND": "false",
    "NPM_CONFIG_UPDATE_NOTIFIER": "false",
    "NPM_CONFIG_LOGS_MAX": "0",
    "NPM_CONFIG_PROGRESS": "false",
    "NPM_CONFIG_PREFER_OFFLINE": "true",
}


async def install_node(bench: Workbench, node: Node, plan: NodePlan) -> Notes:
    """Install what the app needs at run time into the layer. Raises BuildFailed."""
    notes = Notes()
    if plan.lock_path:
        await asyncio.to_thread(_describe, bench)
        notes = await install_here(bench, node, plan)
    await asyncio.to_thread(_leave_modules, bench)
    return notes


async def install_here(
    bench: Workbench, node: Node, plan: NodePlan, *, tools: bool = False
) -> Notes:
    """Install beside the layer's package.json, with the tools of the build script or without."""
    bench.job.tell(f"installing Node {node.version} dependencies from {plan.lock_path}")
    # What is used with programs of the codebase is not shared.
    foreign = any((bench.layer / name).is_file() for name in PROGRAMMABLE)
    cache = bench.cache(plan.manager, foreign=foreign)
    await bench.run(
        "dependencies",
        *words_of(node, plan.manager, cache, tools=tools),
        env={**QUIET, **OBEYING},
        write=(cache,),
        network=True,
        foreign=foreign,
    )
    await asyncio.to_thread(forget_traces, bench.layer / "node_modules")
    scripted, _ = _scripted(bench, plan)
    return await _rebuild(bench, node, scripted) if scripted else Notes()


def _scripted(bench: Workbench, plan: NodePlan) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """By the lock, or where that does not tell, by what was installed."""
    if plan.manager != "npm":
        found = scripted_below(bench.layer / "node_modules")
        return found, ()
    installed = bench.layer / "node_modules" / ".package-lock.json"
    if plan.scripted or plan.scripted_tools or not installed.is_file():
        return plan.scripted, plan.scripted_tools
    return scripted_in(json.loads(installed.read_bytes()))


async def run_build_script(
    bench: Workbench, node: Node, plan: NodePlan, placeholders: dict[str, str]
) -> Notes:
    """Run ``npm run build`` with its tools, which are gone afterwards. Raises BuildFailed."""
    notes = Notes()
    if plan.lock_path and plan.local:
        notes = await _install_tools(bench, node, plan)
    elif plan.lock_path:
        tools = await _tools(bench, node, plan)
        notes = tools.notes
        modules = layer_path(bench.job.home, tools.digest) / "node_modules"
        # A copy, because tools keep caches among their modules.
        await asyncio.to_thread(copy_writable, modules, bench.layer / "node_modules")
    bench.job.tell("running npm run build")
    await bench.run(
        "npm run build",
        node.path, node.npm_script, "run", "build",
        env={**QUIET, **placeholders, "NODE_ENV": "production", "CI": "true"},
        foreign=True,
    )  # fmt: skip
    await asyncio.to_thread(discard, bench.layer / "node_modules")
    return notes


async def _tools(bench: Workbench, node: Node, plan: NodePlan) -> Layer:
    """Give a layer with all that the lock names, made once for each lock."""
    job = bench.job
    key = key_of(
        "npm tools",
        libc(),
        plan.lock,
        node.path,
        node.version,
        *filter(None, [node.manager_version]),
    )

    async def make(staging: Path) -> Notes:
        inner = Workbench(job, staging, [])
        await asyncio.to_thread(_describe, inner)
        notes = await _install_tools(inner, node, plan)
        await asyncio.to_thread(_leave_modules, inner)
        return notes._replace(isolated=all(inner.isolated))

    return await ensure(job.home, key, make, fresh=job.fresh)


async def _install_tools(bench: Workbench, node: Node, plan: NodePlan) -> Notes:
    notes = await install_here(bench, node, plan, tools=True)
    _, tools = _scripted(bench, plan)
    if tools:
        # Most of these scripts only check or thank; where one matters, the build script tells.
        program = (node.path, node.npm_script, "rebuild", *tools)
        step = bench.step("install scripts of tools", program, env=QUIET, foreign=True)
        await bench.attempt(step)
    return notes


def _describe(bench: Workbench) -> None:
    for name in DESCRIBING:
        if (bench.job.tree / name).is_file():
            shutil.copyfile(bench.job.tree / name, bench.layer / name)


def _leave_modules(bench: Workbench) -> None:
    for name in DESCRIBING:
        (bench.layer / name).unlink(missing_ok=True)
    (bench.layer / "node_modules").mkdir(exist_ok=True)


async def _rebuild(bench: Workbench, node: Node, names: tuple[str, ...]) -> Notes:
    cache = bench.cache("npm", foreign=True)
    bench.job.tell(f"running the install scripts of {some(names)}")
    await bench.run(
        "install scripts",
        node.path, node.npm_script, "rebuild", *names, "--cache", str(cache),
        env=QUIET,
        network=True,
        registries=False,
        foreign=True,
    )  # fmt: skip
    return Notes((f"install scripts ran, so not reproducible: {some(names)}",), reproducible=False)


def link_modules(layer: Path, target: str) -> None:
    """Let the app find its packages in the layer of dependencies."""
    link = layer / "node_modules"
    if link.is_symlink():
        link.unlink()
    else:
        discard(link)
    link.symlink_to(target)
