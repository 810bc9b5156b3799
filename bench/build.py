"""What a build costs: `python bench/build.py [APP] [ROUNDS]`; the app is examples/flask by default.

Each round changes one line, commits, packs, receives and builds with the dependencies' layer there.
Steps run as plain children, so the supervisor's share is not in it.
"""

import asyncio
import itertools
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from twelve.engines.local.build.builder import build
from twelve.engines.local.build.seal import discard
from twelve.engines.local.build.steps import Step, StepResult
from twelve.engines.local.receive import receive
from twelve.engines.local.source import pack
from twelve.factors.dependencies.plan import plan_build

ROOT = Path(__file__).resolve().parent.parent


async def execute(step: Step) -> StepResult:
    child = await asyncio.create_subprocess_exec(
        *step.argv, env=dict(step.env), cwd=step.cwd,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await child.communicate()
    return StepResult(child.returncode or 0, said.decode().splitlines())


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@twelve.invalid")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


async def deploy(app: Path, top: Path, number: int) -> dict[str, float]:
    marks = {"start": time.perf_counter()}
    packed = pack(app, into=top)
    marks["pack"] = time.perf_counter()
    folder = top / f"tree-{number}"
    tree = await asyncio.to_thread(receive, packed.archive, folder, packed.facts)
    marks["receive"] = time.perf_counter()

    def read(name: str) -> bytes | None:
        path = folder / name
        return path.read_bytes() if path.is_file() else None

    plan = plan_build(tree.names, read, {})
    marks["plan"] = time.perf_counter()
    built = await build(
        folder, plan, placeholders={"SECRET_KEY": "x"}, home=top / "home", execute=execute,
        tell=lambda _: None, tree=tree.digest,
    )  # fmt: skip
    marks["build"] = time.perf_counter()
    assert not built.reused
    spent = {name: marks[name] - marks[before] for before, name in itertools.pairwise(marks)}
    return {**spent, "whole": marks["build"] - marks["start"]}


async def main(source: Path, rounds: int) -> None:
    top = Path(tempfile.mkdtemp(prefix="twelve-bench-"))
    try:
        (top / "home").mkdir()
        app = top / "app"
        shutil.copytree(source, app)
        git(app, "init", "--quiet")
        table = []
        for number in range(rounds + 1):
            (app / "changed.py").write_text(f"ROUND = {number}\n")
            git(app, "add", "--all")
            git(app, "commit", "--quiet", "--message", f"round {number}")
            table.append(await deploy(app, top, number))
        print(
            f"{source.name}: first {table[0]['whole']:.2f} s; then, medians of {rounds}, seconds:"
        )
        for name in table[0]:
            spent = [row[name] for row in table[1:]]
            least, most = min(spent), max(spent)
            print(f"  {name:8} {statistics.median(spent):.3f}  ({least:.3f} to {most:.3f})")
    finally:
        discard(top)


if __name__ == "__main__":
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "examples" / "flask"
    asyncio.run(main(chosen, int(sys.argv[2]) if len(sys.argv) > 2 else 11))
