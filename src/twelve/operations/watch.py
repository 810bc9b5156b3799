"""Watch: look at a new release for a while after the switch; go back when it is clearly worse."""

import asyncio
import logging

from twelve.engines.contract import Tell
from twelve.errors import TwelveError
from twelve.factors.lifecycle.judge import Sample, worse
from twelve.factors.releases.release import Release
from twelve.operations.house import House
from twelve.operations.rollback import rollback
from twelve.operations.wanted import backends_of, instances_of
from twelve.store import apps, releases
from twelve.store.apps import Deploy

BY = "twelve"
"""Who goes back when nobody was asked."""

PAUSE = 1.0
"""Seconds between two looks."""

log = logging.getLogger("twelve.operations")


async def sample(house: House, deploy: Deploy, release: Release) -> Sample:
    """What the clusters of a release have answered, and how often its processes came back."""
    backends = backends_of(house, deploy, release).values()
    counted = [await house.engine.totals(own.cluster) for own in backends if own.ports]
    seen = await house.engine.observe()
    restarts = [
        seen[instance.name].restarts
        for instance in instances_of(deploy, release)
        if instance.name in seen
    ]
    requests = sum(answers.requests for answers in counted)
    failures = sum(answers.failures for answers in counted)
    return Sample(requests, failures, max(restarts, default=0))


async def sample_current(house: House, deploy: Deploy) -> Sample:
    """The same of the release that serves now; nothing when there is none."""
    current = releases.current(house.store, deploy)
    return await sample(house, deploy, current) if current else Sample(0, 0)


async def watch(house: House, deploy: Deploy, number: int, old: Sample) -> str:
    """Look at release ``number`` for as long as the settings say.

    It ends as soon as another release serves. A release that is clearly worse than ``old`` is
    rolled back, with the evidence on its record, which is returned; else nothing.
    """
    new = Sample(0, 0)
    try:
        for _ in range(max(1, round(house.settings.watch / PAUSE))):
            await asyncio.sleep(PAUSE)
            now = apps.find_deploy(house.store, deploy.app, deploy.name)
            if now is None or now.current != number:
                return ""
            new = await sample(house, now, releases.get(house.store, now, number))
            if why := worse(old, new):
                await go_back(house, now, number, why)
                return why
        seen = {"requests": new.requests, "failures": new.failures, "restarts": new.restarts}
        releases.record(house.store, deploy, number, "watched", house.now(), **seen)
    except TwelveError:
        log.exception("%s v%d: the watch ended early", deploy.label, number)
    return ""


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
