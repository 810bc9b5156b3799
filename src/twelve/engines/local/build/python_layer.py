"""Installs what a Python app declares into ``venv`` of a layer."""

import asyncio
import re
import shutil
from pathlib import Path

from twelve.engines.local.build.interpreters import Interpreter
from twelve.engines.local.build.job import Workbench, uv_program
from twelve.engines.local.build.layers import Notes
from twelve.engines.local.build.steps import StepResult, failed
from twelve.factors.codebase.tree import some
from twelve.factors.dependencies.plan import PythonPlan
from twelve.factors.dependencies.python import package_name

NEEDS_BUILDING = re.compile(r"building from source is disabled|no usable wheels|git\+")
LEFT_BY_VENV = ("CACHEDIR.TAG", ".gitignore", ".lock")


async def install_python(bench: Workbench, python: Interpreter, plan: PythonPlan) -> Notes:
    """Make the virtual environment and fill it. Raises BuildFailed."""
    bench.job.tell(f"installing Python {python.version} dependencies from {plan.manager}")
    await make_venv(bench, python)
    match plan.manager:
        case "uv.lock":
            notes = await _sync(bench, python, plan, bench.job.tree)
        case "requirements.txt":
            notes = await _install(bench, plan)
        case "pyproject.toml":
            notes = await _lock_and_sync(bench, python, plan)
        case _:
            notes = Notes()
    await finish_venv(bench, python)
    return notes


async def make_venv(bench: Workbench, python: Interpreter) -> None:
    """Make an empty virtual environment in the layer."""
    await _uv(bench, "environment", "venv", "--relocatable", "--python", python.path, _venv(bench))


async def finish_venv(bench: Workbench, python: Interpreter) -> None:
    """Remove what differs from time to time or serves nobody, and compile the modules."""
    await asyncio.to_thread(_tidy, bench.layer / "venv")
    await compile_modules(bench, python, bench.layer / "venv" / "lib", "-j", "2")


async def compile_modules(
    bench: Workbench, python: Interpreter, folder: Path, *options: str
) -> None:
    """Compile what can be compiled; paths in the bytecode are relative to the layer.

    The interpreter starts without the environment's own start-up files, so no foreign code runs.
    """
    if tuple(map(int, python.version.split(".")[:2])) < (3, 9):
        return
    step = bench.step(
        "bytecode",
        (
            python.path, "-I", "-S", "-m", "compileall", "-f", "-qq", *options,
            "--invalidation-mode", "unchecked-hash", "-s", str(bench.layer), "-p", "/",
            "-x", r"/node_modules/", str(folder),
        ),
    )  # fmt: skip
    result = await bench.attempt(step)
    # 1 means that a file is no valid Python: templates of code generators are not.
    if result.code not in (0, 1):
        raise failed(step, result)


async def install_requirements(bench: Workbench, plan: PythonPlan) -> Notes:
    """Install requirements into the layer's environment: an exact set of hashed files, resolved where needed."""
    return await _install(bench, plan)


async def _sync(bench: Workbench, python: Interpreter, plan: PythonPlan, project: Path) -> Notes:
    chosen = [*_each("--extra", plan.extras), *_each("--group", plan.groups)]
    built = await _with_building(
        bench,
        "dependencies",
        ["sync", "--locked", "--no-default-groups", "--no-install-local", "--no-editable",
         "--python", python.path, *chosen],
        cwd=project,
        env={"UV_PROJECT_ENVIRONMENT": _venv(bench), "UV_NO_CONFIG": "0"},
    )  # fmt: skip
    return _notes(built)


async def _lock_and_sync(bench: Workbench, python: Interpreter, plan: PythonPlan) -> Notes:
    project = bench.staging / "project"
    await asyncio.to_thread(shutil.copytree, bench.job.tree, project, symlinks=True)
    built = await _with_building(
        bench,
        "resolution",
        ["lock", "--python", python.path],
        cwd=project,
        env={"UV_NO_CONFIG": "0"},
        write=(project,),
    )
    notes = await _sync(bench, python, plan, project)
    shutil.copyfile(project / "uv.lock", bench.layer / "uv.lock")
    return Notes((*_notes(built).warnings, *notes.warnings), reproducible=False)


async def _install(bench: Workbench, plan: PythonPlan) -> Notes:
    given = _write(bench, "requirements.txt", plan.requirements)
    if not plan.requirements.strip():
        return Notes()
    python = ["--python", f"{_venv(bench)}/bin/python"]
    if plan.hashed:
        hashed = ["pip", "install", *python, "--require-hashes", "-r", given]
        built = await _with_building(bench, "dependencies", hashed)
        return _notes(built)
    resolved = str(bench.layer / "resolved.txt")
    limits = ["-c", _write(bench, "constraints.txt", plan.constraints)] if plan.constraints else []
    resolve = [
        "pip",
        "compile",
        "--generate-hashes",
        "--no-header",
        "--no-annotate",
        *python,
        *limits,
        "-o",
        resolved,
        given,
    ]
    compiled = await _with_building(bench, "resolution", resolve)
    options = "".join(
        f"{line}\n" for line in plan.requirements.splitlines() if line.startswith("-")
    )
    exact = Path(resolved).read_text()
    # What comes from a repository is named by its commit; there is no file to hash.
    checks = [] if " @ git+" in exact else ["--require-hashes"]
    install = [
        "pip",
        "install",
        "--no-deps",
        *checks,
        *python,
        "-r",
        _write(bench, "options.txt", options),
        "-r",
        resolved,
    ]
    built = await _with_building(bench, "dependencies", install)
    return _notes(built or compiled, _unpinned(plan, exact))


async def _with_building(
    bench: Workbench,
    name: str,
    words: list[str],
    *,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    write: tuple[Path, ...] = (),
) -> tuple[str, ...]:
    """Run uv with ready-made packages only; when some have to be built here, again with building allowed.

    Gives the names of the packages that made building necessary.
    """
    result: StepResult | None = None
    for foreign in (False, True):
        program, read = uv_program()
        cache = bench.cache("uv", foreign=foreign)
        step = bench.step(
            name if not foreign else f"{name}, building from source",
            (program, *words, *([] if foreign else ["--no-build"])),
            cwd=cwd or bench.job.tree,
            env={**UV, "UV_CACHE_DIR": str(cache), **(env or {})},
            write=(cache, *write),
            read=read,
            network=True,
            foreign=foreign,
        )
        last, result = result, await bench.attempt(step)
        if result.code == 0:
            return _needing(last) if last else ()
        said = "\n".join(result.tail)
        if foreign or not NEEDS_BUILDING.search(said):
            raise failed(step, result)
        bench.job.tell(
            f"{', '.join(_needing(result))}: no ready-made package, building from source"
        )
    raise AssertionError


def _needing(result: StepResult) -> tuple[str, ...]:
    said = "\n".join(result.tail)
    names = re.findall(
        r"[Ww]heels are required for `([^`]+)`|`([^`]+)` is marked as|git\+\S*/([\w.-]+)", said
    )
    return tuple(dict.fromkeys("".join(found) for found in names)) or ("a package",)


UV = {
    "UV_NO_MANAGED_PYTHON": "1",
    "UV_PYTHON_DOWNLOADS": "never",
    "UV_NO_CONFIG": "1",
    "UV_LINK_MODE": "copy",
    "UV_NO_PROGRESS": "1",
    "NO_COLOR": "1",
}


async def _uv(bench: Workbench, name: str, *words: str) -> None:
    program, read = uv_program()
    cache = bench.cache("uv", foreign=False)
    env = {**UV, "UV_CACHE_DIR": str(cache)}
    await bench.run(
        name, program, *words, "--quiet", cwd=bench.job.tree, env=env, write=(cache,), read=read
    )


def _notes(built: tuple[str, ...], unpinned: tuple[str, ...] = ()) -> Notes:
    warnings = []
    if built:
        warnings.append(f"built from source, so not reproducible: {some(built)}")
    if unpinned:
        warnings.append(
            f"requirements.txt does not fix the versions of {some(unpinned)}: another build may "
            "get others (`uv pip compile --generate-hashes` writes a file that fixes all)"
        )
    return Notes(tuple(warnings), reproducible=not warnings)


def _unpinned(plan: PythonPlan, exact: str) -> tuple[str, ...]:
    names = {package_name(line) for line in exact.splitlines() if line[:1].isalnum()}
    return tuple(sorted(names - plan.pinned - {""}))


def _tidy(venv: Path) -> None:
    for name in LEFT_BY_VENV:
        (venv / name).unlink(missing_ok=True)
    for path in (venv / "bin").iterdir():
        if path.name.startswith("activate") or path.suffix == ".bat":
            path.unlink()


def _write(bench: Workbench, name: str, text: str) -> str:
    path = bench.staging / name
    path.write_text(text)
    return str(path)


def _venv(bench: Workbench) -> str:
    return str(bench.layer / "venv")


def _each(option: str, values: tuple[str, ...]) -> list[str]:
    return [word for value in values for word in (option, value)]
