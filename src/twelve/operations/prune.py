"""Prune: builds that nobody could go back to any more make room."""

from collections.abc import Iterable

from twelve.factors.processes.instance import parse_instance
from twelve.operations.house import House
from twelve.store import apps, builds, releases
from twelve.store.apps import Deploy

Key = tuple[int, str]
"""An app's id and the digest of a build of it."""


async def prune(house: House) -> list[str]:
    """Remove the layers that no kept build needs; the digests of the builds that went.

    Kept are, for each deploy, what serves, what a rollback would go to, the newest releases that
    served (TWELVE_KEEP_RELEASES), and whatever a living process runs. A layer may belong to
    several builds: it goes with the last, and so does one that a death left without any. While an
    attempt is under way nothing is removed: it may count on a build that no release names yet.
    """
    seen = await house.engine.observe()
    if house.under_way.holders:
        return []
    needed = set[Key]()
    for deploy in apps.deploys(house.store):
        needed |= {(deploy.app_id, digest) for digest in needed_by(house, deploy, seen)}
    kept = builds.kept(house.store)
    staying = [each.build for each in kept if (each.app_id, each.build.digest) in needed]
    going = [each for each in kept if (each.app_id, each.build.digest) not in needed]
    with house.store.writing():
        for each in going:
            builds.mark_pruned(house.store, each.app_id, each.build.digest, house.now())
    await house.engine.prune([build.artifact for build in staying])
    return [each.build.digest for each in going]


def needed_by(house: House, deploy: Deploy, seen: Iterable[str]) -> set[str]:
    """The digests of the builds that a deploy runs or may go back to."""
    store = house.store
    rows = {release.number: release for release in releases.ls(store, deploy)}
    served = sorted(releases.served(store, deploy) & rows.keys(), reverse=True)
    numbers = set(served[: house.settings.keep_releases])
    for instance in map(parse_instance, seen):
        own = (instance.app, instance.deploy) == (deploy.app, deploy.name)
        if own and instance.release is not None:
            numbers.add(instance.release)
    if now := releases.current(store, deploy):
        numbers |= {now.number, *now.runtimes.values()}
    if target := releases.rollback_target(store, deploy):
        numbers.add(target.number)
    return {rows[number].build for number in numbers if number in rows}
