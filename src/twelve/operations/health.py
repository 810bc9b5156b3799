"""Health in service: who does not answer leaves the rotation, and may be restarted for it."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from twelve.engines.contract import AtWork
from twelve.errors import TwelveError
from twelve.factors.ports.health import (
    OUT_AFTER,
    WELL,
    Pulse,
    after,
    is_booting,
    is_hopeless,
    is_stuck,
    patience,
    pause,
)
from twelve.factors.ports.hosts import default_hosts
from twelve.factors.processes.instance import Instance
from twelve.factors.processes.types import ProcessType
from twelve.operations.house import House
from twelve.operations.keeping import missed
from twelve.operations.leaving import Farewell, Route
from twelve.operations.retire import turn_away
from twelve.operations.wanted import (
    backends_of,
    build_of,
    instances_of,
    manifest_of,
)
from twelve.store import apps, leases, releases
from twelve.store.apps import Deploy

UP = frozenset({"up", "adopted"})

Kinds = Mapping[str, ProcessType]

log = logging.getLogger("twelve.health")


class Asked(NamedTuple):
    """A process that is asked on its port."""

    instance: Instance
    type: ProcessType
    port: int

    @property
    def name(self) -> str:
        """``shop/production/web.1@v7``."""
        return self.instance.name


async def keep_healthy(house: House) -> None:
    """For as long as control lives; a period of nought asks nobody."""
    period = house.settings.probe
    before: Mapping[int, AtWork] = {}
    kinds = dict[int, tuple[str, Kinds]]()
    while period:
        now = await looked(house)
        those = [
            each
            for each in serving(house, kinds)
            if each.type.health or each.type.liveness or stuck(each.port, before, now)
        ]
        before = now
        house.health.looks.append(now)
        await forget(house)
        for each in those:
            await asyncio.sleep(period / len(those))
            if each.name not in house.health.doubted:
                house.under_way.go_on(look(house, each))
        if not those:
            await asyncio.sleep(period)


async def looked(house: House) -> Mapping[int, AtWork]:
    """What the router says of each port; nothing while it does not answer."""
    try:
        return await house.engine.at_work()
    except TwelveError:
        return {}


def stuck(port: int, before: Mapping[int, AtWork], now: Mapping[int, AtWork]) -> bool:
    """Who has no path for its health is asked only when something seems wrong."""
    if port not in before or port not in now:
        return False
    return is_stuck(before[port][:2], now[port][:2])


def look_at(house: House, deploy: Deploy) -> None:
    """Ask all processes of a deploy that have a path for their health, out of their turn."""
    for each in serving(house, {}):
        mine = (each.instance.app, each.instance.deploy) == (deploy.app, deploy.name)
        if mine and each.type.health and each.name not in house.health.doubted:
            house.under_way.go_on(look(house, each))


def serving(house: House, known: dict[int, tuple[str, Kinds]]) -> Iterator[Asked]:
    """The processes with a port of all releases that serve.

    ``known`` has the types of each deploy's build: a manifest is not read again at each round.
    """
    leased = leases.ports(house.store)
    for deploy in apps.deploys(house.store):
        release = releases.current(house.store, deploy)
        if release is None or deploy.id in house.under_way.resting:
            continue
        build, kinds = known.get(deploy.id, ("", {}))
        if build != release.build:
            kinds = manifest_of(build_of(house, deploy, release)).processes
            known[deploy.id] = release.build, kinds
        for instance in instances_of(deploy, release):
            kind = kinds[instance.type]
            if kind.port and instance.name in leased:
                yield Asked(instance, kind, leased[instance.name])


async def forget(house: House) -> None:
    """Who is gone has no pulse."""
    seen = await house.engine.observe()
    for name in house.health.pulses.keys() - seen.keys():
        del house.health.pulses[name]


async def look(house: House, each: Asked) -> None:
    """Ask once; who gives no good answer is asked again and again until it does, or is gone."""
    house.health.doubted.add(each.name)
    try:
        while await is_doubtful(house, each):  # noqa: ASYNC110 - it tells nobody that it is well
            await asyncio.sleep(pause(house.settings.probe))
    finally:
        house.health.doubted.discard(each.name)


async def is_doubtful(house: House, each: Asked) -> bool:
    """Ask, act on the answer, and say whether to ask again."""
    seen = (await house.engine.observe()).get(each.name)
    if seen is None:
        return False
    loop, period = asyncio.get_running_loop(), house.settings.probe
    asked_at, was = loop.time(), house.health.pulses.get(each.name, WELL)
    if seen.state not in UP:
        return was.failures > 0
    host = default_hosts(each.instance.app, each.instance.deploy)[0]
    why = await house.engine.ask(each.port, each.type.health, host, patience(period))
    if why and missed(house, each.instance) is None:
        house.health.pulses.pop(each.name, None)  # it is to run no more, so nobody is to mind
        return False
    pulse = after(was, why, asked_at, seen.started_ns)
    await take_in(house, each, was, pulse)
    if each.type.liveness and is_hopeless(pulse, loop.time(), period):
        age = (house.now() - seen.started_ns) / 1e9
        if not is_booting(pulse, seen.started_ns, age, each.type.ready):
            await restart(house, each, pulse)
    return pulse.failures > 0


async def take_in(house: House, each: Asked, was: Pulse, pulse: Pulse) -> None:
    """Note the pulse; when it tips, requests go another way."""
    if was.out == pulse.out:
        house.health.pulses[each.name] = pulse
        return
    deploy = apps.find_deploy(house.store, each.instance.app, each.instance.deploy)
    release = releases.current(house.store, deploy) if deploy else None
    if deploy is None or release is None:
        return
    before = backends_of(house, deploy, release)
    house.health.pulses[each.name] = pulse
    backends = backends_of(house, deploy, release)
    changed = [kind for kind, own in backends.items() if own != before[kind] and before[kind].ports]
    label = f"{each.instance.process}@{each.instance.tag}"
    text = f"{label} does not answer: {pulse.why}" if pulse.out else f"{label} answers again"
    where = "requests go to the others" if changed else "it is the last one, so it stays"
    await house.engine.note(
        deploy.app, deploy.name, f"{text}; {where}" if pulse.out and each.type.route else text
    )
    if changed:
        routes = tuple(Route(kind, before[kind], each.type.drain) for kind in changed)
        await switch(house, deploy, Farewell(routes, ()))


async def switch(house: House, deploy: Deploy, what: Farewell) -> None:
    """New requests go to the processes that answer; what is under way may end where it is."""
    try:
        await turn_away(house, deploy, what)
    except TwelveError:
        log.exception("%s: the rotation could not be changed", deploy.label)


async def restart(house: House, each: Asked, pulse: Pulse) -> None:
    """End it, and let its policy start it again; of one type one at a time."""
    at, kind = each.instance, each.type
    turn = house.health.restarting.setdefault((at.app, at.deploy, at.type), asyncio.Lock())
    if turn.locked():
        return
    async with turn:
        said = f"{at.process}@{at.tag} is restarted: {pulse.why}"
        await house.engine.note(at.app, at.deploy, said)
        try:
            await house.engine.restart(each.name, grace=kind.grace, signal=kind.stop_signal)
        except TwelveError:
            log.exception("%s could not be restarted", each.name)
            return
    house.health.pulses[each.name] = pulse._replace(
        since=asyncio.get_running_loop().time(), failures=OUT_AFTER
    )
