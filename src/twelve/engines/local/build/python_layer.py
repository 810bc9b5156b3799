"""Installs what a Python app declares into ``venv`` of a layer."""

import asyncio
import re
import shutil
from pathlib import Path

from twelve.engines.local.build.interpreters import Interpreter
from twelve.engines.local.build.job import Workbench
from twelve.engines.local.build.layers import Notes
from twelve.engines.local.build.steps import failed
from twelve.engines.local.build.uv import fetch, run_uv
from twelve.factors.codebase.tree import some
from twelve.factors.dependencies.python.plan import PythonPlan
from twelve.factors.dependencies.python.project import package_name

FROM_REPOSITORY = re.compile(r"(?:git|hg|svn|bzr)\+")
SYNC = ("sync", "--locked", "--no-default-groups", "--no-install-local", "--no-editable")
PROJECT_CONFIG = {"UV_NO_CONFIG": "0"}
"""The project's own [tool.uv] is part of its declaration."""

LEFT_BY_VENV = ("CACHEDIR.TAG", ".gitignore", ".lock")


async def install_python(bench: Workbench, python: Interpreter, plan: PythonPlan) -> Notes:
    """Make the virtual environment and fill it. Raises BuildFailed."""
    bench.job.tell(f"installing Python {python.version} dependencies from {plan.manager}")
    await make_venv(bench, python)
    match plan.manager:
        case "uv.lock":
            notes = await _sync(bench, python, plan, bench.job.tree)
        case "poetry.lock" | "Pipfile.lock":
            notes = await _install_exactly(bench, plan)
        case "pylock.toml":
            notes = await _sync_pylock(bench, plan)
        case "requirements.txt":
            notes = await install_requirements(bench, plan)
        case "pyproject.toml":
            notes = await _lock_and_sync(bench, python, plan)
        case _:
            notes = Notes()
    await finish_venv(bench, python)
    return notes


async def make_venv(bench: Workbench, python: Interpreter) -> None:
    """Make an empty virtual environment in the layer."""
    await run_uv(
        bench, "environment", "venv", "--relocatable", "--python", python.path, _venv(bench)
    )


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
            python.path, "-I", "-S", "-W", "ignore", "-m", "compileall", "-f", "-qq", *options,
            "--invalidation-mode", "unchecked-hash", "-s", str(bench.layer), "-p", "/",
            "-x", r"/node_modules/", str(folder),
        ),
    )  # fmt: skip
    result = await bench.attempt(step)
    # 1 means that a file is no valid Python: templates of code generators are not.
    if result.code not in (0, 1):
        raise failed(step, result)


async def _sync(bench: Workbench, python: Interpreter, plan: PythonPlan, project: Path) -> Notes:
    chosen = [*_each("--extra", plan.extras), *_each("--group", plan.groups)]
    members = ["--all-packages"] if plan.members else _each("--package", (plan.member,))
    built = await fetch(
        bench,
        "dependencies",
        (*SYNC, *members, "--python", python.path, *chosen),
        cwd=project,
        env={"UV_PROJECT_ENVIRONMENT": _venv(bench), **PROJECT_CONFIG},
    )
    return _notes(built)


async def _lock_and_sync(bench: Workbench, python: Interpreter, plan: PythonPlan) -> Notes:
    project = bench.staging / "project"
    await asyncio.to_thread(shutil.copytree, bench.job.tree, project, symlinks=True)
    built = await fetch(
        bench,
        "resolution",
        ("lock", "--python", python.path),
        cwd=project,
        env=PROJECT_CONFIG,
        write=(project,),
    )
    notes = await _sync(bench, python, plan, project)
    shutil.copyfile(project / "uv.lock", bench.layer / "uv.lock")
    return Notes((*_notes(built).warnings, *notes.warnings), reproducible=False)


async def _install_exactly(bench: Workbench, plan: PythonPlan) -> Notes:
    """Install what a translated lock says: no version and no dependency is left to find."""
    if not plan.requirements:
        return Notes()
    given = _write(bench, "requirements.txt", plan.requirements)
    # What has a hash is checked against it also where repositories, which have none, stand beside.
    checks = ("--require-hashes",) if plan.hashed else ("--verify-hashes",)
    indexes = _each("--index", tuple(f"{one.name}={one.url}" for one in plan.indexes))
    # Which registry answers does not matter where the hash tells that it is the file that is meant.
    if indexes and plan.hashed:
        indexes += ["--index-strategy", "unsafe-best-match"]
    words = ("pip", "install", *_python(bench), "--no-deps", *checks, *indexes, "-r", given)
    building = bool(FROM_REPOSITORY.search(plan.requirements))
    return _notes(await fetch(bench, "dependencies", words, building=building))


async def _sync_pylock(bench: Workbench, plan: PythonPlan) -> Notes:
    given = _write(bench, "pylock.toml", plan.requirements)
    chosen = [*_each("--extra", plan.extras), *_each("--group", plan.groups)]
    words = ("pip", "sync", *_python(bench), "--allow-empty-requirements", *chosen, given)
    return _notes(await fetch(bench, "dependencies", words, building=not plan.hashed))


async def install_requirements(bench: Workbench, plan: PythonPlan) -> Notes:
    """Install requirements: exact files with their hashes, resolved first where needed."""
    if not plan.requirements.strip():
        return Notes()
    text = _anchored(plan.requirements, bench.job.tree)
    given = _write(bench, "requirements.txt", text)
    python = _python(bench)
    building = bool(FROM_REPOSITORY.search(text))
    if plan.hashed:
        words = ("pip", "install", *python, "--require-hashes", "-r", given)
        return _notes(await fetch(bench, "dependencies", words, building=building))
    resolved = bench.layer / "resolved.txt"
    resolve = (
        "pip",
        "compile",
        "--generate-hashes",
        "--no-header",
        "--no-annotate",
        "--quiet",
        *python,
    )
    limits = ("-c", _write(bench, "constraints.txt", plan.constraints)) if plan.constraints else ()
    words = (*resolve, *limits, "-o", str(resolved), given)
    compiled = await fetch(bench, "resolution", words, building=building)
    exact = await asyncio.to_thread(resolved.read_text)
    options = "".join(f"{line}\n" for line in text.splitlines() if line.startswith("-"))
    more = ("-r", _write(bench, "options.txt", options)) if options else ()
    # What comes from a repository is named by its commit; there is no file to hash.
    checks = () if building else ("--require-hashes",)
    words = ("pip", "install", "--no-deps", *checks, *python, *more, "-r", str(resolved))
    # What had to be built to be resolved has to be built to be installed.
    built = await fetch(bench, "dependencies", words, building=bool(building or compiled))
    return _notes(built or compiled, _unpinned(plan, exact))


def _anchored(text: str, tree: Path) -> str:
    """Let relative folders of packages be the codebase's: uv reads them from the file's place."""
    return re.sub(
        r"^(?:-f|--find-links)[\s=]+(?!\w+:|/)(\S+)",
        rf"--find-links {tree}/\1",
        text,
        flags=re.MULTILINE,
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


def _python(bench: Workbench) -> tuple[str, str]:
    return "--python", f"{_venv(bench)}/bin/python"


def _each(option: str, values: tuple[str, ...]) -> list[str]:
    return [word for value in values if value for word in (option, value)]
