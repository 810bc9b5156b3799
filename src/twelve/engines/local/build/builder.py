"""Build: from a tree and its plan to two layers, each made only when it is not there yet."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from twelve.engines.local.build.app_layer import make_app
from twelve.engines.local.build.built import Built
from twelve.engines.local.build.equipment import disagreements, equip
from twelve.engines.local.build.inplace import copy_named, digest_of_declarations
from twelve.engines.local.build.interpreters import libc
from twelve.engines.local.build.job import Job, Room, Workbench, always
from twelve.engines.local.build.layers import Layer, Notes, ensure, key_of
from twelve.engines.local.build.node_layer import install_node
from twelve.engines.local.build.python_layer import install_python
from twelve.engines.local.build.seal import digest_folder
from twelve.engines.local.build.steps import Execute
from twelve.factors.dependencies.plan import BuildPlan

NOT_ISOLATED = (
    "hooks could reach the network: this machine does not let Twelve take it away "
    "(see `twelve doctor`)"
)


async def build(  # noqa: PLR0913 - what a build depends on is all named here
    tree_dir: Path,
    plan: BuildPlan,
    *,
    placeholders: Mapping[str, str],
    home: Path,
    execute: Execute,
    tell: Callable[[str], None],
    hooks: Sequence[str] | None = None,
    tree: str = "",
    pythons: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
    fresh: bool = False,
    room: Room = always,
) -> Built:
    """Make, or find, the layers of a tree.

    ``placeholders`` stand for config while hooks run and are part of the build's identity.
    ``hooks`` are the plan's unless given. ``tree`` is the digest of the tree when it is known.
    ``fresh`` builds although it is there.
    ``room`` is asked before anything starts, and once more before dependencies are made.
    Raises BuildFailed, Invalid, Missing, Refused.
    """
    await asyncio.to_thread(room, False)
    job = await _job(tree_dir, plan, home, execute, tell, pythons, environ, fresh=fresh)
    job = job._replace(room=room)
    tree = tree or await asyncio.to_thread(digest_folder, tree_dir)
    chosen = plan.hooks if hooks is None else tuple(hooks)
    deps = await _dependencies(job, plan, tree)
    digest = deps.digest if deps else None
    key = key_of(
        "app", tree, digest, list(chosen), sorted(placeholders.items()),
        plan.node and (plan.node.build, plan.node.local), plan.python and plan.python.projects,
        _tool(job.python), _tool(job.node),
    )  # fmt: skip

    async def make(staging: Path) -> Notes:
        bench = Workbench(job, staging, [])
        return await make_app(
            bench, plan, tree=tree, deps=digest, hooks=chosen, placeholders=placeholders
        )

    app = await ensure(home, key, make, fresh=fresh)
    built = _built(job, plan, tree, deps, app, chosen)
    if built.reused:
        tell(f"build {built.digest[:12]} is there already: the same files, dependencies and hooks")
    return built


async def build_dependencies(  # noqa: PLR0913 - as above
    tree_dir: Path,
    plan: BuildPlan,
    *,
    home: Path,
    execute: Execute,
    tell: Callable[[str], None],
    names: Sequence[str],
    pythons: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
    room: Room = always,
) -> Built:
    """Make, or find, only the dependencies: the app stays a folder (``runtime(…, folder=…)``).

    Steps see copies of the files with these names: a folder that is lived in holds config too.
    """
    await asyncio.to_thread(room, False)
    job = await _job(tree_dir, plan, home, execute, tell, pythons, environ, fresh=False)
    job = job._replace(room=room)
    tree = ""
    if plan.python and plan.python.dynamic:
        tree = await asyncio.to_thread(digest_of_declarations, tree_dir, names)
    deps = await _dependencies(job, plan, tree, names)
    return _built(job, plan, tree, deps, None, ())


async def _job(  # noqa: PLR0913 - as above
    tree_dir: Path,
    plan: BuildPlan,
    home: Path,
    execute: Execute,
    tell: Callable[[str], None],
    pythons: Sequence[str],
    environ: Mapping[str, str],
    *,
    fresh: bool,
) -> Job:
    memory = home / "cache" / "interpreters.json"
    python, node = await asyncio.to_thread(equip, plan, pythons, environ, memory)
    return Job(home, tree_dir, python, node, environ, execute, tell, fresh)


async def _dependencies(
    job: Job, plan: BuildPlan, tree: str, names: Sequence[str] | None = None
) -> Layer | None:
    shipped = plan.node if plan.node and plan.node.shipped and not plan.node.local else None
    if not (plan.python or shipped):
        return None
    parts: list[Any] = ["dependencies", libc()]
    if plan.python:
        parts += [
            plan.python.manager,
            plan.python.lock,
            tree if plan.python.dynamic else "",
            _tool(job.python),
            version("uv"),
        ]
    if shipped:
        parts += [shipped.lock, _tool(job.node)]

    async def make(staging: Path) -> Notes:
        await asyncio.to_thread(job.room, True)
        seen = job
        if names is not None:
            copied = await asyncio.to_thread(copy_named, job.tree, names, staging / "source")
            seen = job._replace(tree=copied)
        bench = Workbench(seen, staging, [])
        notes = (
            [await install_python(bench, job.python, plan.python)]
            if plan.python and job.python
            else []
        )
        if shipped and job.node:
            notes.append(await install_node(bench, job.node, shipped))
        warnings = tuple(line for note in notes for line in note.warnings)
        return Notes(warnings, all(note.reproducible for note in notes), all(bench.isolated))

    return await ensure(job.home, key_of(*parts), make, fresh=job.fresh)


def _built(
    job: Job,
    plan: BuildPlan,
    tree: str,
    deps: Layer | None,
    app: Layer | None,
    hooks: tuple[str, ...],
) -> Built:
    layers = [layer for layer in (deps, app) if layer]
    said = disagreements(plan, job.python, job.node)
    warnings = [*plan.warnings, *said, *(line for layer in layers for line in layer.notes.warnings)]
    if not all(layer.notes.isolated for layer in layers):
        warnings.append(NOT_ISOLATED)
    deps_digest, app_digest = (deps.digest if deps else None), (app.digest if app else "")
    return Built(
        digest=key_of("build", deps_digest, app_digest),
        tree=tree,
        deps_digest=deps_digest,
        app_digest=app_digest,
        python=job.python,
        node=job.node,
        modules=bool(plan.node and plan.node.shipped),
        static=plan.static,
        hooks=hooks,
        warnings=tuple(dict.fromkeys(warnings)),
        reproducible=all(layer.notes.reproducible for layer in layers),
        reused=all(layer.reused for layer in layers),
    )


def _tool(tool: Any) -> tuple[str, ...] | None:
    manager = [tool.manager_version] if getattr(tool, "manager", "") else []
    return (tool.path, tool.version, *manager) if tool else None
