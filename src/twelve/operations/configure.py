"""Configure: change variables of a deploy; each change is a version and a release."""

from collections.abc import Collection, Mapping

from twelve.engines.contract import Tell
from twelve.errors import Invalid, NotFound
from twelve.factors.config.names import (
    name_problem,
    reserved_problem,
    total_problem,
    value_problem,
)
from twelve.factors.releases.release import Release
from twelve.operations.attempt import Attempt, attempt
from twelve.operations.cut import cut_release
from twelve.operations.house import House
from twelve.operations.roll_out import roll_out
from twelve.operations.wanted import build_of
from twelve.store import releases, versions
from twelve.store.apps import Deploy


async def configure(
    house: House,
    deploy: Deploy,
    *,
    put: Mapping[str, str],
    drop: Collection[str],
    who: str,
    tell: Tell,
    wait: bool = True,
) -> Release | None:
    """Set and unset variables, all of them or none; before the first build only a version is made.

    Raises Invalid for bad names or values, NotFound for an unset of what is not set, and what
    a release may raise: then the version stays in the history as failed.
    """
    check_names(put)
    async with attempt(house, deploy, "config", who, tell, wait=wait) as mine:
        head = versions.head(house.store, mine.deploy, "config")
        has = versions.values(house.store, mine.deploy, "config", head)
        if missing := sorted(set(drop) - has.keys()):
            raise NotFound(
                f"{deploy.label} has no config {', '.join(missing)}", hint="twelve config lists it"
            )
        put = {name: value for name, value in put.items() if has.get(name) != value}
        if not put and not drop:
            tell("config", "nothing changes")
            return releases.current(house.store, mine.deploy)
        note = " ".join([*(f"set {n}" for n in sorted(put)), *(f"unset {n}" for n in sorted(drop))])
        mine.make_version("config", put, drop, note)
        return await release_again(mine, f"config {note}")


def check_names(put: Mapping[str, str]) -> None:
    """Refuse what no process could be handed, all of it at once. Raises Invalid."""
    problems = [
        f"{name!r} {fault}"
        for name, value in put.items()
        for fault in (name_problem(name) or reserved_problem(name) or value_problem(name, value),)
        if fault
    ]
    if total := total_problem(put.items()):
        problems.append(total)
    if problems:
        raise Invalid(problems[0], "nothing was set", problems=tuple(problems[1:]))


async def release_again(mine: Attempt, reason: str) -> Release | None:
    """A release of the same build; nothing when there is none yet."""
    house = mine.house
    before = releases.current(house.store, mine.deploy)
    if before is None:
        mine.tell("config", "no build yet: the first deploy takes it up")
        return None
    build = build_of(house, mine.deploy, before)
    release = cut_release(mine, build, reason=reason, formation=before.formation)
    await roll_out(mine, release)
    return release
