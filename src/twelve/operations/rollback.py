"""Rollback: a new release that copies an old one whole: build, config and attachments."""

from collections.abc import Mapping

from twelve.engines.contract import Tell
from twelve.errors import Refused
from twelve.factors.releases.release import Release
from twelve.operations.attempt import Attempt, attempt
from twelve.operations.cut import cut_release
from twelve.operations.house import House
from twelve.operations.roll_out import roll_out
from twelve.operations.wanted import build_of, manifest_of
from twelve.store import builds, releases, versions
from twelve.store.apps import Deploy


async def rollback(  # noqa: PLR0913 - who asks for what, and under which conditions
    house: House,
    deploy: Deploy,
    to: int | None,
    *,
    formation: bool = False,
    only_from: int | None = None,
    who: str,
    tell: Tell,
    wait: bool = True,
) -> Release:
    """Go back to a release, or to the newest before that ran something else.

    A current quantity is never lowered unless ``formation`` asks for the old one. ``only_from`` is
    the release that must still serve when it is our turn. Raises Refused when there is nothing to
    go back to, and what a release may raise.
    """
    async with attempt(house, deploy, "rollback", who, tell, wait=wait) as mine:
        if only_from is not None and mine.deploy.current != only_from:
            raise Refused(
                f"{deploy.label}: v{only_from} does not serve any more", hint="twelve releases"
            )
        old = target(mine, to)
        build = build_of(house, deploy, old)
        now = releases.current(house.store, mine.deploy)
        for sentence in cannot_undo(mine, old, now):
            tell("warning", sentence)
        versions.make_head(house.store, deploy, "config", old.config)
        versions.make_head(house.store, deploy, "attachments", old.attachments)
        if formation:
            mine.ask(old.formation)
        wanted = old.formation if formation else at_least(old.formation, now)
        release = cut_release(mine, build, reason=f"rollback to {old.tag}", formation=wanted)
        await roll_out(mine, release)
    return release


def target(mine: Attempt, to: int | None) -> Release:
    """The release that is meant. Raises NotFound or Refused."""
    store, deploy = mine.house.store, mine.deploy
    if to is not None:
        old = releases.get(store, deploy, to)
        if builds.is_kept(store, deploy.app_id, old.build):
            return old
        raise Refused(
            f"{old.name}: its build is not kept any more",
            hint="check out its commit and deploy that; TWELVE_KEEP_RELEASES keeps more of them",
        )
    if newest := releases.rollback_target(store, deploy):
        return newest
    raise Refused(
        f"{deploy.label} has no earlier release that ran something else and is kept",
        hint="twelve releases",
    )


def at_least(old: Mapping[str, int], now: Release | None) -> dict[str, int]:
    """The old types, each at its current quantity where that is higher."""
    current = now.formation if now else {}
    return {kind: max(quantity, current.get(kind, 0)) for kind, quantity in old.items()}


def cannot_undo(mine: Attempt, old: Release, now: Release | None) -> list[str]:
    """What stays as it is: data that newer release commands have changed."""
    if now is None or now.build == old.build:
        return []
    house, deploy = mine.house, mine.deploy
    command = manifest_of(build_of(house, deploy, now)).release_command
    said = f"{now.tag} ran {command!r} on its release; a rollback does not undo what that changed"
    return [said] if command else []
