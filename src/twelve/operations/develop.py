"""Develop: the app in a folder as it is, with resources of its own, started anew on changes."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from twelve.engines.contract import Job, Staged, Tell
from twelve.factors.codebase.tree import Tree, TreeFacts
from twelve.factors.concurrency.formation import formation_of, parse_formation
from twelve.factors.config.contract import Declared, build_values
from twelve.factors.releases.build import Build
from twelve.factors.releases.journal import Step
from twelve.factors.releases.release import Release
from twelve.manifest import Manifest, read_manifest, to_plain
from twelve.operations.attempt import Attempt, attempt
from twelve.operations.configure import check_names, commit
from twelve.operations.cut import cut_release
from twelve.operations.house import House
from twelve.operations.proposing import require_processes
from twelve.operations.provision import provision
from twelve.operations.release_phase import release_phase
from twelve.operations.roll_out import roll_out
from twelve.store import apps, builds, versions
from twelve.store.apps import Deploy

DEPLOY = "development"
DRAIN = 1.0
"""Seconds: nobody wants to wait for an open stream after saving a file."""


@dataclass(frozen=True)
class Folder:
    """What ``up`` runs: a folder, its Procfile, the variables of its ``.env``."""

    path: Path
    app: str
    procfile: str
    variables: Mapping[str, str]
    words: tuple[str, ...] = ()
    """Quantities, written ``web=2``."""
    hooks: bool = False


async def develop(house: House, folder: Folder, who: str, tell: Tell) -> Release:
    """The first start: dependencies, resources, config, release phase, processes."""
    app = apps.find(house.store, folder.app) or apps.create(
        house.store, folder.app, "", house.now()
    )
    deploy = apps.ensure_deploy(house.store, app, DEPLOY, house.now())
    async with attempt(house, deploy, "up", who, tell) as mine:
        manifest = read(house, folder)
        await provision(mine, manifest)
        configure(mine, folder, manifest)
        return await release(mine, folder, manifest, first=True)


async def reload(house: House, deploy: Deploy, folder: Folder, who: str, tell: Tell) -> Release:
    """A file has changed: new processes beside the old, requests to the new, old ones stopped."""
    async with attempt(house, deploy, "reload", who, tell) as mine:
        manifest = read(house, folder)
        configure(mine, folder, manifest)
        return await release(mine, folder, manifest, first=False)


def read(house: House, folder: Folder) -> Manifest:
    """The folder's manifest. Raises Invalid."""

    def read_file(name: str) -> bytes | None:
        path = folder.path / (folder.procfile if name == "Procfile" else name)
        return path.read_bytes() if path.is_file() else None

    manifest = read_manifest(read_file)
    require_processes(manifest, house.engine.names(folder.path), read_file)
    quick = {
        name: kind._replace(drain=min(kind.drain, DRAIN))
        for name, kind in manifest.processes.items()
    }
    return manifest._replace(processes=quick)


def configure(mine: Attempt, folder: Folder, manifest: Manifest) -> None:
    """The variables of ``.env``; what the contract still misses is made up, and said."""
    house = mine.house
    check_names(folder.variables)
    head = versions.head(house.store, mine.deploy, "config")
    has = versions.values(house.store, mine.deploy, "config", head)
    wanted = {**made_up(mine, manifest.contract, folder.variables, has), **folder.variables}
    put = {name: value for name, value in wanted.items() if has.get(name) != value}
    drop = has.keys() - wanted.keys()
    if put or drop:
        commit(mine, put, drop, "from .env")


def made_up(
    mine: Attempt,
    contract: Mapping[str, Declared],
    given: Mapping[str, str],
    has: Mapping[str, str],
) -> dict[str, str]:
    """Values for what is required and not given: random for secrets, the same each time."""
    missing = {
        name: declared
        for name, declared in contract.items()
        if declared.required and declared.default is None and name not in given
    }
    plain = build_values(missing)
    made = {}
    for name, declared in missing.items():
        made[name] = has.get(name) or (secrets.token_hex(24) if declared.secret else plain[name])
    if made:
        mine.tell("warning", f"made up for development, not in .env: {', '.join(sorted(made))}")
    return made


async def release(mine: Attempt, folder: Folder, manifest: Manifest, *, first: bool) -> Release:
    """Dependencies as they are now, the folder as it is, and the processes from both."""
    house, deploy = mine.house, mine.deploy
    mine.enter(Step.BUILD)
    plain = to_plain(manifest)
    tree = Tree("", TreeFacts("folder"), house.engine.names(folder.path))
    staged, uid = Staged(folder.path, tree), house.uid_of("build")
    job = Job(deploy.app, deploy.name, staged, plain["build"], {}, uid)
    artifact = await house.engine.inhabit(job, mine.tell)
    build = Build(artifact["digest"], deploy.app, "", "folder", "", "", 0, True, plain, artifact)
    builds.drop(house.store, build.digest)
    builds.add(house.store, apps.get(house.store, deploy.app), build, house.now())
    quantities = formation_of(manifest.processes, {})
    asked = parse_formation(folder.words, manifest.processes, quantities)
    made = cut_release(
        mine,
        build,
        reason="up" if first else "reload",
        formation={**quantities, **asked},
        afresh=manifest.processes.keys(),
    )
    if first:
        await release_phase(mine, made, manifest)
    await roll_out(mine, made)
    return made
