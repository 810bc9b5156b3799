"""Runs build steps as plain children, and builds a folder as a deploy does."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from twelve.engines.local.build.builder import build
from twelve.engines.local.build.built import Built, Runtime, runtime
from twelve.engines.local.build.steps import Step, StepResult
from twelve.factors.dependencies.plan import BuildPlan, plan_build

STEP_SECONDS = 110


async def execute(step: Step) -> StepResult:
    """Run a step without a sandbox; what it says is kept."""
    child = await asyncio.create_subprocess_exec(
        *step.argv,
        env=dict(step.env),
        cwd=step.cwd,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        said, _ = await asyncio.wait_for(child.communicate(), STEP_SECONDS)
    except BaseException:
        os.killpg(child.pid, signal.SIGKILL)
        await child.wait()
        raise
    return StepResult(child.returncode or 0, said.decode("utf-8", "replace").splitlines())


def names_of(folder: Path) -> tuple[str, ...]:
    paths = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())
    return tuple(sorted(map(str, paths)))


def plan_of(folder: Path, table: Mapping[str, Any] | None = None) -> BuildPlan:
    def read(name: str) -> bytes | None:
        path = folder / name
        return path.read_bytes() if path.is_file() else None

    return plan_build(names_of(folder), read, table or {})


async def build_folder(
    folder: Path,
    home: Path,
    *,
    table: Mapping[str, Any] | None = None,
    placeholders: Mapping[str, str] | None = None,
    tell: Callable[[str], None] = lambda line: None,
    **options: Any,
) -> Built:
    home.mkdir(parents=True, exist_ok=True)
    return await build(
        folder,
        plan_of(folder, table),
        placeholders=placeholders or {},
        home=home,
        execute=options.pop("execute", execute),
        tell=tell,
        **options,
    )


def run_of(built: Built, home: Path) -> Runtime:
    return runtime(built, home)
