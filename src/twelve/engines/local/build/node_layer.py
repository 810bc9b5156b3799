"""Installs what a Node app declares, and runs its build script."""

import asyncio
import shutil
from pathlib import Path

from twelve.engines.local.build.interpreters import Node
from twelve.engines.local.build.job import Workbench
from twelve.engines.local.build.layers import Notes
from twelve.engines.local.build.seal import discard
from twelve.factors.codebase.tree import some
from twelve.factors.dependencies.plan import NodePlan

DESCRIBING = ("package.json", "package-lock.json", "npm-shrinkwrap.json", ".npmrc")

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
    if not plan.lock_path:
        (bench.layer / "node_modules").mkdir()
        return Notes()
    for name in DESCRIBING:
        if (bench.job.tree / name).is_file():
            shutil.copyfile(bench.job.tree / name, bench.layer / name)
    notes = await install_here(bench, node, plan)
    for name in DESCRIBING:
        (bench.layer / name).unlink(missing_ok=True)
    (bench.layer / "node_modules").mkdir(exist_ok=True)
    return notes


async def install_here(
    bench: Workbench, node: Node, plan: NodePlan, *, tools: bool = False
) -> Notes:
    """Install beside the layer's package.json, with the tools of the build script or without."""
    bench.job.tell(f"installing Node {node.version} dependencies from {plan.lock_path}")
    # A project's .npmrc can name programs, so what it is used with is not shared.
    foreign = (bench.layer / ".npmrc").is_file()
    cache = bench.cache("npm", foreign=foreign)
    await bench.run(
        "dependencies",
        node.path, node.npm_script, "ci", "--include=dev" if tools else "--omit=dev",
        "--ignore-scripts", "--cache", str(cache),
        env=QUIET,
        write=(cache,),
        network=True,
        foreign=foreign,
    )  # fmt: skip
    if not plan.scripted:
        return Notes()
    return await _rebuild(bench, node, plan.scripted)


async def run_build_script(
    bench: Workbench, node: Node, plan: NodePlan, placeholders: dict[str, str]
) -> Notes:
    """Run ``npm run build`` with its tools, which are gone afterwards. Raises BuildFailed."""
    notes = await install_here(bench, node, plan, tools=True) if plan.lock_path else Notes()
    if plan.scripted_tools:
        # Most of these scripts only check or thank; where one matters, the build script tells.
        program = (node.path, node.npm_script, "rebuild", *plan.scripted_tools)
        await bench.attempt(
            bench.step("install scripts of tools", program, env=QUIET, foreign=True)
        )
    bench.job.tell("running npm run build")
    await bench.run(
        "npm run build",
        node.path, node.npm_script, "run", "build",
        env={**QUIET, **placeholders, "NODE_ENV": "production", "CI": "true"},
        foreign=True,
    )  # fmt: skip
    await asyncio.to_thread(discard, bench.layer / "node_modules")
    return notes


async def _rebuild(bench: Workbench, node: Node, names: tuple[str, ...]) -> Notes:
    cache = bench.cache("npm", foreign=True)
    bench.job.tell(f"running the install scripts of {some(names)}")
    await bench.run(
        "install scripts",
        node.path, node.npm_script, "rebuild", *names, "--cache", str(cache),
        env=QUIET,
        network=True,
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
