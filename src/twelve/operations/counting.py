"""Counting: what the clusters of a release have answered, and what was added since a moment."""

import logging
from collections.abc import Iterable, Mapping

from twelve.engines.contract import Answers
from twelve.errors import TwelveError
from twelve.factors.ports.routes import cluster_family
from twelve.factors.releases.release import Release
from twelve.operations.house import House
from twelve.operations.wanted import build_of, manifest_of
from twelve.store.apps import Deploy

Counts = Mapping[str, tuple[int, int]]
"""Requests and failures of each family of clusters."""

log = logging.getLogger("twelve.operations")


def families(house: House, deploy: Deploy, release: Release) -> list[str]:
    """How the names of the clusters begin that have served, or will serve, a release."""
    types = manifest_of(build_of(house, deploy, release)).processes
    return [
        cluster_family(
            deploy.app, deploy.name, kind, f"v{release.runtimes.get(kind, release.number)}"
        )
        for kind, own in types.items()
        if own.route
    ]


async def count(house: House, names: Iterable[str]) -> Counts:
    """What the router says of them; nothing where it does not answer."""
    found: dict[str, tuple[int, int]] = {}
    try:
        for name in names:
            answers = await house.engine.totals(name)
            found[name] = answers.requests, answers.failures
    except TwelveError as error:
        log.warning("the router does not say what it has answered: %s", error)
    return found


def added(before: Counts, now: Counts) -> Answers:
    """What came to it. The engine's counters never go back, unless its records were lost."""
    pairs = [(before.get(name, (0, 0)), counts) for name, counts in now.items()]
    news = [(max(0, there[0] - then[0]), max(0, there[1] - then[1])) for then, there in pairs]
    return Answers(sum(each[0] for each in news), sum(each[1] for each in news))
