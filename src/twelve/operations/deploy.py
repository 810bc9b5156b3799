"""Deploy: a codebase becomes a build, the build a release, the release running processes."""

from pathlib import Path
from typing import NamedTuple

from twelve.engines.contract import Job, Staged, Tell
from twelve.errors import Refused
from twelve.factors.codebase.tree import TreeFacts
from twelve.factors.releases.build import Build
from twelve.factors.releases.journal import Step
from twelve.factors.releases.release import Release
from twelve.manifest import Manifest, build_variables, read_manifest, to_plain
from twelve.operations.attempt import Attempt, attempt
from twelve.operations.cut import check, cut_release
from twelve.operations.house import House
from twelve.operations.proposing import require_processes
from twelve.operations.provision import provision
from twelve.operations.release_phase import release_phase
from twelve.operations.roll_out import roll_out
from twelve.store import apps, builds
from twelve.store.apps import App, Deploy


class Wish(NamedTuple):
    """What the caller asks of a deploy."""

    app: str
    deploy: str
    who: str
    provision: bool = False
    adopt: bool = False
    wait: bool = True


async def deploy(house: House, archive: Path, facts: TreeFacts, wish: Wish, tell: Tell) -> Release:
    """Tree, build, release, release phase, start, switch; the old release serves until then.

    Raises Invalid, BuildFailed, Refused or ReleaseFailed; nothing of the attempt is left then.
    """
    staged = await house.engine.receive(archive, facts)
    manifest = read_manifest(staged.read)
    require_processes(manifest, staged.tree.names, staged.read)
    target = known(house, facts, wish)
    async with attempt(house, target, "deploy", wish.who, tell, wait=wish.wait) as mine:
        check(mine, manifest, made_later=wish.provision)
        build = await make_build(mine, staged, manifest)
        if wish.provision:
            await provision(mine, manifest)
        release = cut_release(mine, build, reason=f"deploy {build.label} {build.subject}".strip())
        await release_phase(mine, release, manifest)
        await roll_out(mine, release)
    return release


def known(house: House, facts: TreeFacts, wish: Wish) -> Deploy:
    """The deploy that is meant, made when it is new. Raises Refused for another codebase."""
    app = apps.find(house.store, wish.app)
    if app is None:
        app = apps.create(house.store, wish.app, facts.root_commit or "", house.now())
    elif not same_codebase(app, facts):
        # What never ran has no history to protect: the name was taken by a deploy that failed.
        ran = any(each.current for each in apps.deploys(house.store, app.name))
        if ran and not wish.adopt:
            raise Refused(
                f"{app.name} is another codebase: its root commit is {app.root_commit[:7]},"
                f" this one's {(facts.root_commit or '')[:7]}",
                hint="name another app with -a, or say --adopt if the history was rewritten",
            )
        apps.adopt(house.store, app, facts.root_commit or "")
    return apps.ensure_deploy(house.store, app, wish.deploy, house.now())


def same_codebase(app: App, facts: TreeFacts) -> bool:
    """An app is known by its root commit; one without history fits any."""
    return not app.root_commit or not facts.root_commit or app.root_commit == facts.root_commit


async def make_build(mine: Attempt, staged: Staged, manifest: Manifest) -> Build:
    """The build of a tree: made, or found made before."""
    house, target, facts = mine.house, mine.deploy, staged.tree.facts
    mine.enter(Step.BUILD)
    placeholders = build_variables(manifest)
    plain = to_plain(manifest)
    uid = house.uid_of("build")
    job = Job(target.app, target.name, staged, plain["build"], placeholders, uid)
    artifact = await house.engine.place(job, mine.tell)
    build = Build(
        digest=artifact["digest"],
        app=target.app,
        tree=staged.tree.digest,
        source=facts.source,
        commit=facts.commit or "",
        subject=facts.subject or "",
        committed_ns=facts.committed_ns or 0,
        dirty=facts.dirty,
        manifest=plain,
        artifact=artifact,
    )
    builds.add(house.store, apps.get(house.store, target.app), build, house.now())
    mine.tell(Step.BUILD, f"build {build.digest[:12]} of {build.label}", seconds=mine.lap())
    return build
