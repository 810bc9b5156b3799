"""Deploy: a codebase becomes a build, the build a release, the release running processes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

from twelve.engines.contract import Job, Staged, Tell
from twelve.errors import Refused, ReleaseFailed
from twelve.factors.codebase.tree import TreeFacts
from twelve.factors.lifecycle.judge import Baseline
from twelve.factors.releases.build import Build
from twelve.factors.releases.journal import Point, Step
from twelve.factors.releases.release import Release
from twelve.manifest import Manifest, build_variables, read_manifest, to_plain
from twelve.operations.attempt import Attempt, attempt
from twelve.operations.auditing import audit
from twelve.operations.cut import check, cut_release
from twelve.operations.house import House, to_the_end
from twelve.operations.proposing import require_processes
from twelve.operations.provision import provision
from twelve.operations.prune import prune
from twelve.operations.release_phase import release_phase
from twelve.operations.roll_out import roll_out
from twelve.operations.room import tidy
from twelve.operations.watch import baseline, watch
from twelve.store import apps, builds
from twelve.store.apps import Deploy


class Wish(NamedTuple):
    """What the caller asks of a deploy."""

    app: str
    deploy: str
    who: str
    provision: bool = False
    adopt: bool = False
    wait: bool = True
    gate: bool = True
    """Watch the release after the switch, and go back when it is clearly worse."""
    stay: bool = False
    """Answer only when the old release is gone and the watch is over."""
    strict: bool = False
    """Refuse a tree that breaks a demand of the twelve factors, where it would be a warning."""


async def deploy(house: House, archive: Path, facts: TreeFacts, wish: Wish, tell: Tell) -> Release:
    """Tree, build, release, release phase, start, switch; the old release serves until then.

    Raises Invalid, BuildFailed, Refused or ReleaseFailed; nothing of the attempt is left then.
    """
    async with received(house, archive, facts) as staged:
        manifest = read_manifest(staged.read)
        require_processes(manifest, staged.tree.names, staged.read)
        concerns = await audit(staged.folder, strict=wish.strict)
        target = known(house, facts, wish)
        async with attempt(house, target, "deploy", wish.who, tell, wait=wish.wait) as mine:
            require_same_codebase(house, facts, wish)
            for note in manifest.notes:
                mine.tell("note", note)
            for concern in concerns:
                mine.tell("warning", concern)
            check(mine, manifest, made_later=wish.provision)
            build = await make_build(mine, staged, manifest)
            why = f"deploy {build.label} {build.subject}".strip()
            before = await bring(mine, build, manifest, wish, why)
            learn_codebase(house, facts, wish)
    return await see_through(mine, before, wish)


async def bring(mine: Attempt, build: Build, manifest: Manifest, wish: Wish, why: str) -> Baseline:
    """Release a build and run it: resources, release, release phase, start, switch.

    What the release before had to show, for the watch.
    """
    if wish.provision:
        await provision(mine, manifest)
    mine.hold_back(())
    release = cut_release(mine, build, reason=why)
    await release_phase(mine, release, manifest)
    before = await baseline(mine.house, mine.before)
    await roll_out(mine, release)
    return before


async def see_through(mine: Attempt, before: Baseline, wish: Wish) -> Release:
    """What goes on after the switch: the old release drains, the new one is watched.

    The new release. Raises ReleaseFailed when the caller stays and the release was taken back.
    """
    house, release = mine.house, mine.release
    assert release is not None
    house.under_way.go_on(prune_after(house, mine))
    gate = bool(wish.gate and mine.before.current and house.settings.watch)
    goes_on = [
        *([f"v{mine.before.current} drains"] if mine.before.current else []),
        *([f"{release.tag} is watched for {house.settings.watch:g} s"] if gate else []),
    ]
    if goes_on:
        mine.tell("watch", ", ".join(goes_on))
    watching = (
        house.under_way.go_on(watch(house, mine.deploy, release.number, before)) if gate else None
    )
    if wish.stay:
        await asyncio.gather(*(task for task in (mine.retiring,) if task))
        if watching and (why := await watching):
            raise ReleaseFailed(
                f"{release.name} served and was taken back: {why}",
                hint=f"twelve releases show {release.tag}; twelve logs --release {release.tag}",
            )
    return release


@contextlib.asynccontextmanager
async def received(house: House, archive: Path, facts: TreeFacts) -> AsyncIterator[Staged]:
    """The tree, for as long as the deploy takes."""
    staged = await house.engine.receive(archive, facts)
    try:
        yield staged
    finally:
        await to_the_end(house.engine.discard(staged))


def known(house: House, facts: TreeFacts, wish: Wish) -> Deploy:
    """The deploy that is meant, made when it is new. Raises Refused for another codebase."""
    require_same_codebase(house, facts, wish)
    app = apps.find(house.store, wish.app) or apps.create(house.store, wish.app, "", house.now())
    return apps.ensure_deploy(house.store, app, wish.deploy, house.now())


def require_same_codebase(house: House, facts: TreeFacts, wish: Wish) -> None:
    """An app is known by its root commit; one without history fits any. Raises Refused."""
    app = apps.find(house.store, wish.app)
    theirs = facts.root_commit
    if app and app.root_commit and theirs and app.root_commit != theirs and not wish.adopt:
        raise Refused(
            f"{app.name} is another codebase: its root commit is {app.root_commit[:7]},"
            f" this one's {theirs[:7]}",
            hint="name another app with -a, or say --adopt if the history was rewritten",
        )


def learn_codebase(house: House, facts: TreeFacts, wish: Wish) -> None:
    """From its first release on an app is known by its root commit; --adopt changes it."""
    if facts.root_commit:
        apps.adopt(house.store, apps.get(house.store, wish.app), facts.root_commit)


async def prune_after(house: House, mine: Attempt) -> None:
    """Make room once what ran before is gone."""
    if mine.retiring:
        await asyncio.wait({mine.retiring})
    await prune(house)
    await tidy(house)


async def make_build(mine: Attempt, staged: Staged, manifest: Manifest) -> Build:
    """The build of a tree: made, or found made before."""
    house, target, facts = mine.house, mine.deploy, staged.tree.facts
    mine.enter(Step.BUILD)
    placeholders = build_variables(manifest)
    plain = to_plain(manifest)
    uid = house.uid_of("build")
    job = Job(target.app, target.name, staged, plain["build"], placeholders, uid)
    artifact = await house.engine.place(job, mine.tell)
    mine.reach(Point.BUILT)
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
    mine.reach(Point.BUILD_KEPT)
    mine.tell(Step.BUILD, f"build {build.digest[:12]} of {build.label}", seconds=mine.lap())
    return build
