"""Watch: look at a new release for a while after the switch; go back when it is clearly worse."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from twelve.engines.contract import AtWork, Tell
from twelve.errors import TwelveError
from twelve.factors.lifecycle.judge import Baseline, Sample, seen_again, worse
from twelve.factors.releases.release import Release
from twelve.operations.counting import added, count, families
from twelve.operations.health import look_at
from twelve.operations.house import House
from twelve.operations.rollback import rollback
from twelve.operations.wanted import instances_of
from twelve.store import apps, exits, leases, releases
from twelve.store.apps import Deploy

BY = "twelve"
"""Who goes back when nobody was asked."""

PAUSE = 1.0
"""Seconds between two looks."""

LATELY = 600 * 10**9
"""Nanoseconds in which a process that came back three times was not staying up."""

WATCHES = frozenset({"watching", "watched", "worse"})
"""Events of a release that say how far its watch has come."""

log = logging.getLogger("twelve.operations")


async def baseline(house: House, deploy: Deploy) -> Baseline:
    """What the release that serves now is like; nothing when there is none."""
    current = releases.current(house.store, deploy)
    if current is None:
        return Baseline()
    answers = added({}, await count(house, families(house, deploy, current)))
    return Baseline(Sample(*answers), await lately(house, deploy, current))


async def lately(house: House, deploy: Deploy, release: Release) -> Sample:
    """What its processes have answered in the last minute, how they fared, and how they are."""
    try:
        now = await house.engine.at_work()
    except TwelveError:
        now = {}
    names = [instance.name for instance in instances_of(deploy, release)]
    leased = leases.ports(house.store)
    ports = [leased[name] for name in names if name in leased]
    before = house.health.looks[0] if house.health.looks else now
    answers = added(counts(before, ports), counts(now, ports))
    since = house.now() - LATELY
    fallen = [
        f"{row.process}@{row.release}"
        for row in exits.ls(house.store, deploy)
        if row.at_ns > since and not row.asked
    ]
    restarts = max((fallen.count(name.rsplit("/", 1)[-1]) for name in names), default=0)
    return Sample(*answers, restarts, unready=sum(map(house.health.is_out, names)))


def counts(work: Mapping[int, AtWork], ports: list[int]) -> dict[str, tuple[int, int]]:
    """Requests and failures of ports."""
    own = {port: work.get(port, AtWork()) for port in ports}
    return {str(port): (each.answered, each.failed) for port, each in own.items()}


async def sample(house: House, deploy: Deploy, release: Release) -> Sample:
    """What the clusters of a release have answered, and how its processes fare."""
    answers = added({}, await count(house, families(house, deploy, release)))
    seen = await house.engine.observe()
    names = [instance.name for instance in instances_of(deploy, release)]
    restarts = max((seen[name].restarts for name in names if name in seen), default=0)
    out = [name for name in names if house.health.is_out(name)]
    why = house.health.pulses[out[0]].why if out else ""
    return Sample(*answers, restarts, len(out), why=why)


async def watch(
    house: House, deploy: Deploy, number: int, old: Baseline, left: float | None = None
) -> str:
    """Look at release ``number`` for as long as the settings say.

    It ends as soon as something else serves; quantities may change. A release that is clearly
    worse than ``old`` is rolled back, with the evidence on its record, which is returned; else
    nothing. ``left`` is what remains of a watch that a death of control has cut off.
    """
    if left is None:
        left = house.settings.watch
        until = house.now() + int(left * 1e9)
        plain = [span._asdict() for span in old]
        releases.record(
            house.store, deploy, number, "watching", house.now(), until=until, old=plain
        )
    new = Sample(0, 0)
    try:
        for turn in range(max(1, round(left / PAUSE))):
            await asyncio.sleep(PAUSE)
            now = apps.find_deploy(house.store, deploy.app, deploy.name)
            if now is None:
                return ""
            if now.current != number:
                if not is_same_again(house, now, number):
                    looked(house, deploy, number, new, f"superseded by v{now.current}")
                    return ""
                number = now.current or number
            if turn % 2 == 0 and house.settings.probe:
                look_at(house, now)
            release = releases.get(house.store, now, number)
            new = seen_again(old, new, await sample(house, now, release))
            if why := worse(old, new):
                await go_back(house, now, number, why)
                return why
        looked(house, deploy, number, new)
    except TwelveError:
        log.exception("%s v%d: the watch ended early", deploy.label, number)
    return ""


def is_same_again(house: House, deploy: Deploy, number: int) -> bool:
    """Whether what serves now is the same code, config and attachments, only more or anew of it."""
    now = releases.current(house.store, deploy)
    if now is None or now.digest != releases.get(house.store, deploy, number).digest:
        return False
    return all(e.kind != "watching" for e in releases.events(house.store, deploy, now.number))


def looked(house: House, deploy: Deploy, number: int, new: Sample, why: str = "") -> None:
    """The watch is over; what it has seen."""
    seen: dict[str, Any] = {"requests": new.requests, "failures": new.failures}
    seen |= {"restarts": new.restarts, **({"why": why} if why else {})}
    releases.record(house.store, deploy, number, "watched", house.now(), **seen)


def watch_on(house: House) -> None:
    """Watches that a death of control has cut off go on for what is left of their time."""
    for deploy in apps.deploys(house.store):
        if deploy.current is None:
            continue
        told = releases.events(house.store, deploy, deploy.current)
        last = next((event for event in reversed(told) if event.kind in WATCHES), None)
        if last is None or last.kind != "watching":
            continue
        left = (last.detail["until"] - house.now()) / 1e9
        if left > 0:
            old = Baseline(*(Sample(**span) for span in last.detail["old"]))
            house.under_way.go_on(watch(house, deploy, deploy.current, old, left))


async def go_back(house: House, deploy: Deploy, number: int, why: str) -> None:
    """Roll back to what served before, and say why on the release and in the stream."""
    store = house.store
    releases.record(store, deploy, number, "worse", house.now(), why=why)
    await house.engine.note(deploy.app, deploy.name, f"v{number} is worse: {why}; going back")
    before = releases.rollback_target(store, deploy)
    if before is not None:
        await rollback(house, deploy, before.number, only_from=number, who=BY, tell=silent())


def silent() -> Tell:
    """Nobody listens."""

    def tell(step: str, text: str, **more: object) -> None:
        del step, text, more

    return tell
