"""Runs build steps as plain children, and builds a folder as a deploy does."""

import asyncio
import hashlib
import os
import signal
import stat
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from twelve.engines.local.build.builder import build
from twelve.engines.local.build.built import Built, Runtime, runtime
from twelve.engines.local.build.seal import discard
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


class Workshop(NamedTuple):
    """A folder for sources and one for a home; what was told, and which steps ran."""

    folder: Path
    home: Path
    told: list[str]
    steps: list[Step]

    def source(self, files: Mapping[str, str], name: str = "app") -> Path:
        """Write the files of an app; a file that begins with a shebang is made executable."""
        top = self.folder / name
        for path, text in files.items():
            target = top / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
            if text.startswith("#!"):
                target.chmod(0o755)
        top.mkdir(exist_ok=True)
        return top

    async def build(
        self,
        source: Path,
        *,
        home: Path | None = None,
        table: Mapping[str, Any] | None = None,
        placeholders: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Built:
        """Build a folder into a home."""
        where = home or self.home
        where.mkdir(parents=True, exist_ok=True)
        return await build(
            source,
            plan_of(source, table),
            placeholders=placeholders or {},
            home=where,
            execute=options.pop("execute", self.execute),
            tell=self.told.append,
            **options,
        )

    async def execute(self, step: Step) -> StepResult:
        """Run a step, and remember it."""
        self.steps.append(step)
        return await execute(step)

    def runtime(self, built: Built, home: Path | None = None) -> Runtime:
        """Tell what a process of the build needs."""
        return runtime(built, home or self.home)

    async def run(self, built: Built, *argv: str, home: Path | None = None) -> str:
        """Run a program as a process of the build would, and give what it said."""
        needs = self.runtime(built, home)
        env = {"PATH": ":".join(needs.path), "LANG": "C.UTF-8", "HOME": "/nonexistent", **needs.env}
        step = Step("run", argv, env, needs.cwd)
        result = await execute(step)
        assert result.code == 0, result
        return "\n".join(result.tail)


@pytest.fixture
def workshop(tmp_path: Path):
    made = Workshop(tmp_path, tmp_path / "home", [], [])
    made.home.mkdir()
    yield made
    # pytest cannot remove what is sealed when it does not run as root.
    for layers in tmp_path.rglob("layers"):
        discard(layers)


def plan_of(folder: Path, table: Mapping[str, Any] | None = None) -> BuildPlan:
    def read(name: str) -> bytes | None:
        path = folder / name
        return path.read_bytes() if path.is_file() else None

    paths = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())
    return plan_build(tuple(sorted(map(str, paths))), read, table or {})


@pytest.fixture
def environ_with(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """Give an environment with a manager of Node's packages, fetched by npm, on its PATH."""
    versions = {"yarn": "1.22.22", "pnpm": "9.15.9"}

    def fetch(manager: str) -> dict[str, str]:
        place = tmp_path / manager
        wanted = f"{manager}@{versions[manager]}"
        words = ("npm", "install", "--prefix", str(place), "--ignore-scripts", wanted)
        subprocess.run(words, check=True, capture_output=True, timeout=STEP_SECONDS)
        return {**os.environ, "PATH": f"{place}/node_modules/.bin:{os.environ['PATH']}"}

    return fetch


@pytest.fixture
def bytes_of() -> Callable[[Path], dict[str, tuple[int, int, int, str]]]:
    """Give mode, owner, time and content of all below a folder: by code of its own."""

    def walk(folder: Path) -> dict[str, tuple[int, int, int, str]]:
        found = {}
        for path in [folder, *folder.rglob("*")]:
            facts = path.lstat()
            if path.is_symlink():
                content = os.readlink(path)
            elif stat.S_ISREG(facts.st_mode):
                content = hashlib.md5(path.read_bytes()).hexdigest()
            else:
                content = "folder"
            mode = 0 if path.is_symlink() else facts.st_mode
            found[str(path.relative_to(folder))] = (mode, facts.st_uid, facts.st_mtime_ns, content)
        return found

    return walk
