"""Rolling out: start the new beside the old, switch, then let the old go."""

from collections.abc import Collection, Iterable

from twelve.engines.contract import Process
from twelve.factors.processes.instance import parse_instance
from twelve.factors.releases.journal import Point, Step
from twelve.factors.releases.release import Release
from twelve.operations.attempt import Attempt
from twelve.operations.counting import count, families
from twelve.operations.leaving import Farewell
from twelve.operations.retire import farewell, retire
from twelve.operations.settle import observed, staying, stop_all
from twelve.operations.start import start_all
from twelve.operations.wanted import backends_of, processes_of, route_table
from twelve.reconciler import plan
from twelve.store import apps, journal, releases


async def roll_out(mine: Attempt, release: Release, said: str = "") -> None:
    """Make a release the one that runs. On any failure the attempt goes back to the old one.

    ``said`` is what the stream is told then, other than that the release serves.
    """
    house, deploy = mine.house, mine.deploy
    mine.enter(Step.START)
    wanted = processes_of(house, deploy, release)
    house.leaving.rescue(wanted)
    seen = await observed(house)
    todo = plan(wanted, seen, staying(house, deploy, seen))
    await start_all(mine, todo.starts)
    mine.reach(Point.ALL_UP)
    mine.enter(Step.SWITCH)
    mine.tell(Step.SWITCH, "sending requests to the new processes")
    old = what_leaves(mine, release, todo.stops)
    old = old._replace(counted=await count(house, concerned(mine, release)))
    number = house.leaving.enlist(old)
    house.instead[deploy.id] = deploy, release
    try:
        await house.engine.switch(route_table(house))
        mine.reach(Point.SWITCHED)
        mine.enter(Step.SUCCEED)
        await succeed(mine, todo.late, todo.stops)
        hand_over(mine, release, old, number, said or f"{release.tag} serves: {release.reason}")
    except BaseException:
        house.leaving.dismiss(number)
        raise
    finally:
        del house.instead[deploy.id]


def what_leaves(mine: Attempt, release: Release, names: Collection[str]) -> Farewell:
    """The processes that are not wanted any more, and the clusters that no route will name."""
    house = mine.house
    before = releases.current(house.store, mine.before)
    if before is None:
        return Farewell((), tuple(names))
    old = farewell(house, mine.before, before, names)
    now = {own.cluster for own in backends_of(house, mine.deploy, release).values()}
    return old._replace(routes=tuple(r for r in old.routes if r.backend.cluster not in now))


def concerned(mine: Attempt, release: Release) -> list[str]:
    """The families of clusters that a switch to this release concerns."""
    house = mine.house
    before = releases.current(house.store, mine.before)
    both = [(mine.before, before), (mine.deploy, release)]
    return list(
        dict.fromkeys(
            name for deploy, each in both if each for name in families(house, deploy, each)
        )
    )


async def succeed(mine: Attempt, late: Collection[Process], stops: Iterable[str]) -> None:
    """The types that must not overlap: stop the old, wait for the group, start the new."""
    if late:
        types = {process.instance.type for process in late}
        await stop_all(mine.house, [n for n in stops if parse_instance(n).type in types])
        mine.reach(Point.OLD_STOPPED)
        await start_all(mine, late)
        mine.reach(Point.NEW_IN_PLACE)


def hand_over(mine: Attempt, release: Release, old: Farewell, number: int, said: str) -> None:
    """Record that the new release serves, all at once; from here on the old one only leaves."""
    house, deploy, store = mine.house, mine.deploy, mine.house.store
    with store.writing():
        mine.enter(Step.DRAIN)
        journal.note(store, mine.entry, farewell=old.to_plain())
        apps.set_running(store, deploy, release.number)
        if mine.release:
            if mine.before.current:
                releases.record(store, deploy, mine.before.current, "superseded", house.now())
            mine.record("released", tier=house.tier)
    mine.reach(Point.HANDED_OVER)
    house.under_way.resting.discard(deploy.id)
    mine.retiring = house.under_way.go_on(
        retire(house, deploy, release.number, mine.entry, old, number, said)
    )
