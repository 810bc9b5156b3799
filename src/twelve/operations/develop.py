"""Develop: the app in a folder as it is, with resources of its own, started anew on changes."""

import hashlib
import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from twelve.engines.contract import Here, Job, Staged, Tell
from twelve.factors.codebase.tree import Tree, TreeFacts
from twelve.factors.concurrency.formation import formation_of, parse_formation
from twelve.factors.config.contract import Declared, build_values
from twelve.factors.processes.types import ProcessType, reloads
from twelve.factors.releases.build import Build
from twelve.factors.releases.journal import Step
from twelve.factors.releases.release import Release
from twelve.manifest import Manifest, read_manifest, to_plain
from twelve.manifest.reading import PROCFILE, build_variables
from twelve.operations.attach import attached
from twelve.operations.attempt import Attempt, attempt
from twelve.operations.configure import check_names
from twelve.operations.cut import cut_release
from twelve.operations.house import House
from twelve.operations.proposing import require_processes
from twelve.operations.provision import provision
from twelve.operations.release_phase import release_phase
from twelve.operations.roll_out import roll_out
from twelve.store import apps, builds, forgetting, versions
from twelve.store.apps import Deploy
from twelve.store.connection import Store

DEPLOY = "development"
DRAIN = 1.0
"""Seconds: nobody wants to wait for an open stream after saving a file."""
SETTLE = 0.5
"""Seconds alive after which a process without a port counts as up."""
KEPT = 10
"""Releases that are remembered: nobody goes back to one here."""


@dataclass(frozen=True)
class Folder:
    """What ``up`` runs: a folder, its Procfile, the variables of its ``.env``."""

    path: Path
    app: str
    procfile: str
    variables: Mapping[str, str]
    words: tuple[str, ...] = ()
    """Quantities, written ``web=2``."""
    here: Here = Here()  # noqa: RUF009 - a NamedTuple is frozen too
    """How it is lived in; hooks run before the first start only."""

    def read(self, name: str) -> bytes | None:
        """A file by the name that it has in other codebases."""
        path = self.path / (self.procfile if name == PROCFILE else name)
        return path.read_bytes() if path.is_file() else None


def read(folder: Folder, names: tuple[str, ...]) -> tuple[Manifest, dict[str, int]]:
    """The folder's manifest, and how many of each type are to run. Raises Invalid."""
    manifest = read_manifest(
        lambda name: folder.read(PROCFILE if name == folder.procfile else name), folder.procfile
    )
    require_processes(manifest, names, folder.read)
    check_names(folder.variables)
    quick = {
        name: kind._replace(drain=min(kind.drain, DRAIN), settle=min(kind.settle, SETTLE))
        for name, kind in manifest.processes.items()
    }
    quantities = formation_of(quick, {})
    quantities |= parse_formation(folder.words, quick, quantities)
    return manifest._replace(processes=quick), quantities


def introduce(house: House, name: str) -> Deploy:
    """The development deploy of an app, so that others may attach it before it runs."""
    app = apps.find(house.store, name) or apps.create(house.store, name, "", house.now())
    return apps.ensure_deploy(house.store, app, DEPLOY, house.now())


async def develop(
    house: House,
    folder: Folder,
    who: str,
    tell: Tell,
    *,
    first: bool,
    changed: Collection[str] | None = None,
) -> Release:
    """Dependencies, config, resources and processes as the folder has them now.

    ``changed`` are the files that were, for the types that start anew for some only; None is all.
    The first time the release command runs too. Else a file has changed: new processes beside the
    old, requests to the new, old ones stopped; on any failure the old ones go on.
    """
    deploy = introduce(house, folder.app)
    async with attempt(house, deploy, "up" if first else "reload", who, tell) as mine:
        names = house.engine.names(folder.path)
        manifest, quantities = read(folder, names)
        for note in manifest.notes if first else ():
            mine.tell("note", note)
        mine.enter(Step.BUILD)
        build = await inhabit(mine, folder, manifest, names, hooks=folder.here.hooks and first)
        configure(mine, folder, manifest)
        await provision(mine, manifest)
        release = cut_release(
            mine,
            build,
            reason="up" if first else "reload",
            formation=quantities,
            afresh=concerned(manifest.processes, changed),
        )
        if first:
            await release_phase(mine, release, manifest)
        await roll_out(mine, release)
    forgetting.trim(house.store, deploy, KEPT)
    return release


def concerned(types: Mapping[str, ProcessType], changed: Collection[str] | None) -> set[str]:
    """The types that start anew for these files; what else changed, the release itself shows."""
    if changed is None:
        return set(types)
    return {name for name, kind in types.items() if reloads(kind, changed)}


async def inhabit(
    mine: Attempt, folder: Folder, manifest: Manifest, names: tuple[str, ...], *, hooks: bool
) -> Build:
    """Dependencies as they are declared now; the app itself stays the folder."""
    house, deploy = mine.house, mine.deploy
    plain = to_plain(manifest)
    staged = Staged(folder.path, Tree("", TreeFacts("folder"), names), {PROCFILE: folder.procfile})
    uid = house.uid_of("build")
    here = folder.here._replace(hooks=hooks)
    job = Job(deploy.app, deploy.name, staged, plain["build"], build_variables(manifest), uid)
    artifact = await house.engine.inhabit(job, mine.tell, here=here)
    text = json.dumps([artifact, plain], sort_keys=True, default=str)
    # Each state of the folder's declarations has a row of its own: old processes keep theirs.
    digest = hashlib.sha256(text.encode()).hexdigest()
    build = Build(digest, deploy.app, "", "folder", "", "", 0, True, plain, artifact)
    builds.add(house.store, apps.get(house.store, deploy.app), build, house.now())
    return build


def configure(mine: Attempt, folder: Folder, manifest: Manifest) -> None:
    """The variables of ``.env``; what the contract still misses is made up, and said."""
    house = mine.house
    head = versions.head(house.store, mine.deploy, "config")
    has = versions.values(house.store, mine.deploy, "config", head)
    wanted = {**made_up(mine, manifest.contract, folder.variables, has), **folder.variables}
    put = {name: value for name, value in wanted.items() if has.get(name) != value}
    drop = has.keys() - wanted.keys()
    if put or drop:
        mine.make_version("config", put, drop, "from .env")
    # A URL of one's own goes before the resource that was made; its data stay.
    own = attached(house, mine.deploy).keys() & folder.variables.keys()
    if own:
        mine.make_version("attachments", {}, own, "from .env")


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
        mine.tell("warning", f"not in .env, made up for development: {', '.join(sorted(made))}")
    return made


def forget_former(store: Store) -> set[str]:
    """Nothing of a former session is current any more; the layers that are still worth keeping."""
    for deploy in apps.deploys(store):
        apps.set_running(store, deploy, None)
        forgetting.trim(store, deploy, KEPT // 2)
    forgetting.forget_attempts(store)
    artifacts = [kept.build.artifact for kept in builds.kept(store)]
    return {str(artifact["built"]["deps_digest"]) for artifact in artifacts}
