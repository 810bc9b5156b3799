"""Executing: the steps of a build run as one-offs, in boxes, their lines in the deploy's stream."""

import asyncio
import contextlib
import os
import secrets
from collections import deque
from collections.abc import AsyncIterator
from typing import Protocol

from twelve.engines.contract import Exit, Job, Tell
from twelve.engines.local.build.steps import TAIL_LINES, Execute, Step, StepResult
from twelve.engines.local.launching import STEP_SECONDS, step_launch
from twelve.engines.local.machine import Machine
from twelve.engines.local.output import as_lines
from twelve.engines.local.parts import Parts
from twelve.errors import TwelveError
from twelve.factors.processes.instance import BUILD_STEP, Instance


class Steps(Protocol):
    """What of the engine a step needs."""

    parts: Parts
    machine: Machine

    def output(self, name: str) -> AsyncIterator[tuple[str, bytes]]:
        """Its bytes while they come."""

    async def ended(self, name: str) -> Exit:
        """Its end."""

    async def stop(self, name: str, *, grace: float, signal: str) -> None:
        """End it."""


def executor(engine: Steps, job: Job, tell: Tell, *, spared: tuple[str, ...] = ()) -> Execute:
    """Runs the steps of one build as one-offs of type ``build`` in the deploy's stream.

    ``spared`` are folders that stay their owner's although steps may write to them.
    """

    async def execute(step: Step) -> StepResult:
        instance = Instance(job.app, job.deploy, BUILD_STEP, secrets.token_hex(4))
        tell("build", step.name)
        if job.uid is not None:
            own = tuple(path for path in step.write if path not in spared)
            await asyncio.to_thread(hand_over, own, job.uid)
        tail: deque[str] = deque(maxlen=TAIL_LINES)
        await engine.parts.launch(step_launch(engine.machine, instance, step, job.uid))
        try:
            async for text in as_lines(engine.output(instance.name)):
                tail.append(text)
                tell("line", text, source=step.name)
            end = await engine.ended(instance.name)
        except asyncio.CancelledError:
            with contextlib.suppress(TwelveError):
                await engine.stop(instance.name, grace=STEP_SECONDS, signal="SIGTERM")
            raise
        return StepResult(end.status, list(tail), engine.machine.tier.network)

    return execute


def hand_over(folders: tuple[str, ...], uid: int) -> None:
    """Make folders, and all they hold, a build's own; links are not followed."""
    for folder in folders:
        os.makedirs(folder, exist_ok=True)
        os.lchown(folder, uid, uid)
        for parent, folders_in, files in os.walk(folder):
            for name in (*folders_in, *files):
                path = os.path.join(parent, name)
                if os.lstat(path).st_uid != uid:
                    os.lchown(path, uid, uid)
