"""Retire: what no route names any more ends what it has under way; then its processes stop."""

import asyncio
import logging
import time
from collections.abc import Collection
from typing import NamedTuple

from twelve.factors.processes.instance import parse_instance
from twelve.factors.releases.journal import Point, Step
from twelve.factors.releases.release import Release
from twelve.operations.counting import added, count
from twelve.operations.house import House
from twelve.operations.keeping import make_good
from twelve.operations.leaving import Farewell, Route
from twelve.operations.room import written
from twelve.operations.settle import stop_all
from twelve.operations.wanted import backends_of, build_of, manifest_of, route_table
from twelve.store import apps, journal, leases, releases
from twelve.store.apps import Deploy

RETIRING = "retire"
"""What goes on after the answer was given, whatever the verb."""

log = logging.getLogger("twelve.operations")


def farewell(house: House, deploy: Deploy, release: Release, names: Collection[str]) -> Farewell:
    """What leaves with a release: its clusters, with the time that its own types promise."""
    types = manifest_of(build_of(house, deploy, release)).processes
    routes = [
        Route(kind, backend, types[kind].drain)
        for kind, backend in backends_of(house, deploy, release).items()
        if backend.ports
    ]
    return Farewell(tuple(routes), tuple(names))


class Cost(NamedTuple):
    """What users met while something left."""

    cut: int = 0
    """Requests that did not end in time."""
    requests: int = 0
    failures: int = 0
    """Answers 500 to 599, the router's own among them."""


async def see_off(house: House, what: Farewell, number: int) -> Cost:
    """Drain and stop, type by type; what that cost.

    ``number`` is that of the farewell among all that leave. Raises what stopping may raise: then
    some of it may run on, and settling stops it.
    """

    async def leave(kind: str) -> int:
        routes = [route for route in what.routes if route.type == kind]
        left = await asyncio.gather(
            *(house.engine.drain(route.backend.cluster, route.seconds) for route in routes)
        )
        house.reached(RETIRING, Point.DRAINED)
        mine = [name for name in what.names if parse_instance(name).type == kind]
        await stop_all(house, house.leaving.still(number, mine))
        return sum(left)

    kinds = {route.type for route in what.routes} | {parse_instance(n).type for n in what.names}
    try:
        cut = await asyncio.gather(*(leave(kind) for kind in sorted(kinds)))
        gone = house.leaving.still(number, what.names)
        # With its cluster its counters go.
        answers = added(what.counted, await count(house, what.counted))
    finally:
        house.leaving.dismiss(number)
    if what.routes:
        await house.engine.switch(route_table(house))
    await written(lambda: give_ports_back(house, gone))
    return Cost(sum(cut), answers.requests, answers.failures)


def give_ports_back(house: House, gone: Collection[str]) -> None:
    """Processes that are gone need none."""
    with house.store.writing():
        for name in gone:
            leases.release_port(house.store, name)


async def let_go(house: House, deploy: Deploy, what: Farewell, number: int) -> Cost | None:
    """See off after the answer was given: a failure is written down, made good, and nothing said.

    What it cost, or nothing when it failed.
    """
    try:
        return await see_off(house, what, number)
    except Exception:
        log.exception("%s: what ran before could not be retired", deploy.label)
        house.under_way.go_on(make_good(house, deploy))
        return None


async def turn_away(house: House, deploy: Deploy, what: Farewell) -> None:
    """Send requests another way, as the ledger says by now; only then what they left may go.

    A cluster that routes still lead to looks quiet between two requests, and would be taken for
    drained. Raises TwelveError when the router does not take it; nothing leaves then.
    """
    number = house.leaving.enlist(what)
    try:
        await house.engine.switch(route_table(house))
    except BaseException:
        house.leaving.dismiss(number)
        raise
    house.under_way.go_on(let_go(house, deploy, what, number))


async def retire(
    house: House, deploy: Deploy, release: int, entry: int, what: Farewell, number: int, said: str
) -> None:
    """The last step of an attempt: see off what ran before, and close the journal."""
    began = time.monotonic()
    await house.engine.note(deploy.app, deploy.name, said)
    cost = await let_go(house, deploy, what, number)
    house.reached(RETIRING, Point.GONE)
    if apps.find_deploy(house.store, deploy.app, deploy.name) is None:
        return
    kind, outcome = ("unsettled",) * 2 if cost is None else ("drained", "done")
    detail = (cost or Cost())._asdict()
    detail["seconds"] = {Step.DRAIN: round(time.monotonic() - began, 3)}

    def write() -> None:
        with house.store.writing():
            journal.step(house.store, entry, Step.DONE)
            house.reached(RETIRING, Step.DONE)
            releases.record(house.store, deploy, release, kind, house.now(), **detail)
            journal.end(house.store, entry, outcome, house.now())

    await written(write)
    house.reached(RETIRING, Point.CLOSED)
