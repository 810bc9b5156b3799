"""The release phase: the release's own command, once, before any of its processes starts."""

import secrets

from twelve.engines.contract import OneOff
from twelve.errors import ReleaseFailed
from twelve.factors.logs.filter import Filter
from twelve.factors.processes.command import argv_for
from twelve.factors.processes.instance import Instance
from twelve.factors.releases.journal import Step
from twelve.factors.releases.release import Release
from twelve.manifest import Manifest
from twelve.operations.attempt import Attempt
from twelve.operations.wanted import build_of, variables_of
from twelve.store import runs
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
    runs.begin(house.store, deploy, run)
    await house.engine.run(OneOff(instance, words, variables, build.artifact, uid))
    end = await house.engine.ended(instance.name)
    runs.end(house.store, run_id, end.code, end.signal, house.now())
    last = Filter(processes=frozenset({instance.process}), n=LAST_LINES)
    tail = [
        line.data.decode(errors="replace")
        async for line in house.engine.lines(deploy.app, deploy.name, last, follow=False)
    ]
    if end.status != 0:
        raise ReleaseFailed(
            f"{release.name}: the release command {end}: {command}",
            hint="mend the command and deploy again; what ran before runs on",
            problems=tuple(tail),
        )
    mine.tell(Step.RELEASE_PHASE, "done", seconds=mine.lap())
