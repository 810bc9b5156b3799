"""Runs uv: with ready-made packages only, and with building from source where there are none."""

import os
import re
from collections.abc import Sequence
from typing import Unpack

from uv import find_uv_bin

from twelve.engines.local.build.interpreters import outside_system
from twelve.engines.local.build.job import Options, Workbench
from twelve.engines.local.build.steps import Step, StepResult, failed
from twelve.errors import BuildFailed
from twelve.factors.codebase.tree import some

UV = {
    "UV_NO_MANAGED_PYTHON": "1",
    "UV_PYTHON_DOWNLOADS": "never",
    "UV_NO_CONFIG": "1",
    "UV_LINK_MODE": "copy",
    "UV_NO_PROGRESS": "1",
    "NO_COLOR": "1",
}

NEEDS_BUILDING = re.compile(
    r"building from source is disabled|no usable wheels|is marked as `--no-build`"
)
NEEDING = re.compile(
    r"[Ww]heels are required for `([^`]+)`|Distribution `([^`]+)` can't be installed"
)
BUILT = re.compile(r"^ *Built ([^ =]+)(?:==| @ )", re.MULTILINE)
OWN = re.compile(r"@ (?:editable|directory)\+")


def uv_program() -> tuple[str, tuple[str, ...]]:
    """Give the path of uv, and what must be readable for it to run."""
    path = find_uv_bin()
    return path, outside_system([os.path.dirname(os.path.realpath(path))])


async def run_uv(bench: Workbench, name: str, *words: str) -> None:
    """Run uv without a network. Raises BuildFailed."""
    program, read = uv_program()
    cache = bench.cache("uv", foreign=False)
    env = {**UV, "UV_CACHE_DIR": str(cache)}
    await bench.run(
        name, program, *words, "--quiet", cwd=bench.job.tree, env=env, write=(cache,), read=read
    )


async def fetch(
    bench: Workbench,
    name: str,
    words: Sequence[str],
    *,
    building: bool = False,
    **options: Unpack[Options],
) -> tuple[str, ...]:
    """Run uv with ready-made packages only; when there are not all, again with building allowed.

    Gives the names of the packages that were built. ``building`` allows it at once.
    Raises BuildFailed.
    """
    names: tuple[str, ...] = ("packages from repositories",)
    if not building:
        step = _step(bench, name, (*words, "--no-build"), options, foreign=False)
        result = await bench.attempt(step)
        if result.code == 0:
            return ()
        if not NEEDS_BUILDING.search("\n".join(result.tail)):
            raise failed(step, result)
        names = _needing(result)
        for missing in names:
            bench.job.tell(f"{missing}: no ready-made package, building from source")
    step = _step(bench, f"{name}, building from source", words, options, foreign=True)
    result = await bench.attempt(step)
    if result.code:
        raise _unbuildable(failed(step, result), () if building else names)
    # uv names the first that it misses, but then all that it built.
    return tuple(sorted(set(BUILT.findall("\n".join(result.tail))))) or names


def _step(
    bench: Workbench, name: str, words: Sequence[str], options: Options, *, foreign: bool
) -> Step:
    program, read = uv_program()
    cache = bench.cache("uv", foreign=foreign)
    argv = (program, *words)
    if words[:2] == ("pip", "compile"):
        # It prints what it writes: hundreds of hashes that nobody wants to see.
        argv = ("/bin/sh", "-c", 'exec "$@" >/dev/null', "sh", *argv)
    return bench.step(
        name,
        argv,
        cwd=options.get("cwd", bench.job.tree),
        env={**UV, "UV_CACHE_DIR": str(cache), **options.get("env", {})},
        write=(cache, *options.get("write", ())),
        read=read,
        network=True,
        foreign=foreign,
    )


def _unbuildable(error: BuildFailed, names: tuple[str, ...]) -> BuildFailed:
    hint = (
        f"there is no ready-made package of {some(names)} for this Python: choose a version that "
    )
    mend = hint + "has one, or another Python in .python-version"
    return BuildFailed(error.message, error.hint or (mend if names else ""))


def _needing(result: StepResult) -> tuple[str, ...]:
    names = ("".join(found) for found in NEEDING.findall("\n".join(result.tail)))
    # To ask a project of this codebase for its dependencies is no building of a package.
    return tuple(
        dict.fromkeys(re.split("==| @ ", name)[0] for name in names if not OWN.search(name))
    )
