"""Builds in the folder itself, for development: its hooks, as its own user, and nothing copied."""

import asyncio
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from twelve.engines.local.build.app_layer import app_environment, app_path, shortened
from twelve.engines.local.build.built import Built
from twelve.engines.local.build.interpreters import twelves_own
from twelve.engines.local.build.job import Job, Options, Workbench
from twelve.engines.local.build.layers import layer_path
from twelve.engines.local.build.node_layer import QUIET
from twelve.engines.local.build.node_managers import words_here
from twelve.engines.local.build.seal import discard
from twelve.engines.local.build.steps import Execute
from twelve.factors.dependencies.plan import BuildPlan

OWN_PATH = (
    "no dependencies are declared, so programs are found on your own PATH; a deploy has only the "
    "system's"
)
DECLARING = (".toml", ".cfg", ".txt", ".in", ".lock", "setup.py")


class InPlace(NamedTuple):
    """A folder to build in, and how its steps are run."""

    folder: Path
    home: Path
    environ: Mapping[str, str]
    execute: Execute


def undeclared(plan: BuildPlan) -> bool:
    """Tell whether nothing says what the app needs, so that it can only be what is installed."""
    python = plan.python is None or plan.python.manager == "nothing"
    return python and not (plan.node and plan.node.shipped)


def copy_named(folder: Path, names: Iterable[str], target: Path) -> Path:
    """Copy these files of a folder; links stay links."""
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / name, target / name, follow_symlinks=False)
    return target


def digest_of_declarations(folder: Path, names: Iterable[str]) -> str:
    """Digest what a build backend may read dependencies from: saving a module changes nothing."""
    total = hashlib.sha256()
    for name in names:
        if name.endswith(DECLARING):
            total.update(f"{name}\0{(folder / name).read_text(errors='replace')}\0".encode())
    return total.hexdigest()


async def build_here(
    place: InPlace,
    plan: BuildPlan,
    built: Built,
    placeholders: Mapping[str, str],
    *,
    tools: Mapping[str, list[str]],
    tell: Callable[[str], None],
) -> None:
    """Run npm's build script and the hooks, in this order. Raises BuildFailed."""
    folder = place.folder
    tools_found = (built.python, built.node)
    job = Job(place.home, folder, *tools_found, place.environ, place.execute, tell, fresh=False)
    staging = await asyncio.to_thread(_stage, place.home)
    bench = Workbench(job, staging, [])
    options = _options(plan, built, place, placeholders, tools)
    try:
        if plan.node and plan.node.build and built.node:
            npm = (built.node.path, built.node.npm_script)
            if not (folder / "node_modules").is_dir() and plan.node.lock_path:
                words = words_here(built.node, plan.node.manager)
                name = f"{plan.node.manager} {words[-1].lstrip('-')}"
                tell(f"{name}, because there is no node_modules")
                await bench.run(name, *words, **(options | {"network": True}))
            tell("npm run build")
            await bench.run("npm run build", *npm, "run", "build", **options)
        for number, hook in enumerate(plan.hooks, 1):
            await bench.run(f"hook {number} ({shortened(hook)})", "/bin/sh", "-c", hook, **options)
    finally:
        await asyncio.to_thread(discard, staging)


def _stage(home: Path) -> Path:
    staging = Path(tempfile.mkdtemp(dir=home / "builds"))
    staging.chmod(0o755)
    for name in ("layer", "home", "tmp"):
        (staging / name).mkdir()
    return staging


def _options(
    plan: BuildPlan,
    built: Built,
    place: InPlace,
    placeholders: Mapping[str, str],
    tools: Mapping[str, list[str]],
) -> Options:
    folder = place.folder
    dependencies = layer_path(place.home, built.deps_digest) if built.deps_digest else None
    own, readable = twelves_own() if plan.static else ("", ())
    env = {**QUIET, **app_environment(folder), **placeholders}
    if (folder / "src").is_dir():
        env["PYTHONPATH"] = str(folder / "src")
    if built.modules and dependencies and not os.path.lexists(folder / "node_modules"):
        env["NODE_PATH"] = str(dependencies / "node_modules")
    return Options(
        cwd=folder,
        env=env,
        path=(
            str(folder / "node_modules/.bin"),
            *app_path(folder, built.modules, dependencies),
            *([own] if own else []),
            *tools.get("path", ()),
        ),
        write=(folder,),
        read=(
            *([str(dependencies)] if dependencies else []), *readable, *tools.get("read", ()),
        ),
        foreign=True,
    )  # fmt: skip
