"""The release phase: the release's own command, once, before any of its processes starts."""

import secrets

from twelve.engines.contract import OneOff
from twelve.errors import ReleaseFailed
from twelve.factors.lifecycle.advice import advice
from twelve.factors.logs.filter import Filter
from twelve.factors.processes.command import argv_for
from twelve.factors.processes.instance import Instance
from twelve.factors.releases.journal import Point, Step
from twelve.factors.releases.release import Release
from twelve.manifest import Manifest
from twelve.operations.addresses import hosts_of_others
from twelve.operations.attempt import Attempt
from twelve.operations.house import House, to_the_end
from twelve.operations.run_once import GRACE, begin, record_end
from twelve.operations.wanted import build_of, variables_of
from twelve.store.runs import Run

LAST_LINES = 20


async def release_phase(mine: Attempt, release: Release, manifest: Manifest) -> None:
    """Run the release command as a one-off of the new release. Raises ReleaseFailed."""
    command = manifest.release_command
    if not command:
        return
    house, deploy = mine.house, mine.deploy
    mine.enter(Step.RELEASE_PHASE)
    mine.tell(Step.RELEASE_PHASE, command)
    words = tuple(argv_for(command))
    run_id = secrets.token_hex(4)
    instance = Instance(deploy.app, deploy.name, "release", run_id, release.number)
    build = build_of(house, deploy, release)
    variables = variables_of(house, deploy, release)
    uid = house.uid_of(f"deploy {deploy.label}")
    run = Run(run_id, release.number, "release", words, mine.who, False, house.now(), *[None] * 3)
    others = hosts_of_others(house, deploy, release.attachments)
    one_off = OneOff(instance, words, variables, build.artifact, uid, others=others)
    await begin(house, deploy, run, one_off)
    mine.reach(Point.COMMAND_RUNS)
    try:
        end = await record_end(house, run_id, one_off.name)
    except BaseException:
        # Taken back: it must not go on beside what comes next.
        await to_the_end(stop_now(house, run_id, one_off.name))
        raise
    mine.reach(Point.COMMAND_RAN)
    if end.status != 0:
        said = tuple(await last_lines(house, instance))
        raise ReleaseFailed(
            f"{release.name}: the release command {end}: {command}",
            hint=advice(said) or "mend the command and deploy again; what ran before runs on",
            problems=said,
        )
    mine.tell(Step.RELEASE_PHASE, "done", seconds=mine.lap())


async def stop_now(house: House, run_id: str, name: str) -> None:
    """End it, and its record."""
    await house.engine.stop(name, grace=GRACE, signal="SIGTERM")
    await record_end(house, run_id, name)


async def last_lines(house: House, instance: Instance) -> list[str]:
    """What it printed last."""
    last = Filter(processes=frozenset({instance.process}), n=LAST_LINES)
    lines = house.engine.lines(instance.app, instance.deploy, last, follow=False)
    return [line.data.decode(errors="replace") async for line in lines]
