"""An attempt to change what a deploy runs: held alone, journaled, undone when it fails."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from twelve.engines.contract import Tell
from twelve.errors import Cancelled, TwelveError
from twelve.factors.releases.journal import Step
from twelve.factors.releases.release import Release
from twelve.operations.house import Holder, House
from twelve.store import apps, journal, releases, versions
from twelve.store.apps import Deploy
from twelve.store.versions import Kind

KINDS: tuple[Kind, ...] = ("config", "attachments")


@dataclass
class Attempt:
    """What an operation knows of itself while it is under way."""

    house: House
    deploy: Deploy
    verb: str
    who: str
    tell: Tell
    entry: int
    heads: dict[Kind, int]
    """The heads as they were before."""
    made: list[tuple[Kind, int]] = field(default_factory=list)
    """Versions made by this attempt: they fail with it."""
    release: Release | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each step took, for the release's record."""
    step: Step = Step.RECEIVED
    since: float = field(default_factory=time.monotonic)

    def enter(self, step: Step) -> None:
        """Journal the step that is about to act."""
        self.lap()
        self.step = step
        journal.step(self.house.store, self.entry, step)

    def lap(self) -> float:
        """Close the clock of the running step; seconds since it began."""
        now = time.monotonic()
        spent, self.since = now - self.since, now
        self.seconds[self.step] = round(self.seconds.get(self.step, 0) + spent, 3)
        return spent

    def refresh(self) -> Deploy:
        """The deploy as the store has it now."""
        self.deploy = apps.get_deploy(self.house.store, self.deploy.app, self.deploy.name)
        return self.deploy

    @property
    def past_the_switch(self) -> bool:
        """From here on the new release serves: it is detached from, not cancelled."""
        return self.step in {Step.DRAIN, Step.DONE}


@contextlib.asynccontextmanager
async def attempt(
    house: House, deploy: Deploy, verb: str, who: str, tell: Tell, *, wait: bool = True
) -> AsyncIterator[Attempt]:
    """Hold the deploy, open a journal entry, and leave old or new behind, never half."""

    def waiting(other: Holder) -> None:
        tell("wait", f"{other.verb} by {other.who} is under way; waiting for it")

    async with house.under_way.alone(deploy, Holder(verb, who), wait=wait, waiting=waiting):
        store = house.store
        deploy = apps.get_deploy(store, deploy.app, deploy.name)
        heads = {kind: versions.head(store, deploy, kind) for kind in KINDS}
        entry = journal.begin(store, deploy, verb, who, house.now())
        mine = Attempt(house, deploy, verb, who, tell, entry, heads)
        try:
            yield mine
        except asyncio.CancelledError:
            await give_up(mine, "cancelled", f"{verb} cancelled by {who}")
            raise Cancelled(f"{deploy.label}: {verb} cancelled; nothing was changed") from None
        except TwelveError as error:
            await give_up(mine, "failed", error.message)
            raise
        except Exception as error:
            await give_up(mine, "failed", f"internal error: {type(error).__name__}")
            raise
        if not mine.past_the_switch:
            journal.end(store, entry, "done", house.now())


async def give_up(mine: Attempt, state: str, why: str) -> None:
    """Write down that it came to nothing, and let the heads go back."""
    house, deploy = mine.house, mine.deploy
    with house.store.writing():
        restore_heads(house, deploy, mine.heads, mine.made)
        apps.set_formation(house.store, deploy, deploy.formation)
        if mine.release:
            mine.lap()
            detail = {"why": why, "step": mine.step, "seconds": mine.seconds}
            number = mine.release.number
            releases.record(house.store, deploy, number, state, house.now(), **detail)
        journal.end(house.store, mine.entry, state, house.now())
    tag = f" {mine.release.tag}" if mine.release else ""
    await house.engine.note(deploy.app, deploy.name, f"{mine.verb}{tag} {state}: {why}")


def restore_heads(
    house: House, deploy: Deploy, heads: dict[Kind, int], made: list[tuple[Kind, int]]
) -> None:
    """The heads as they were; versions of this attempt stay in the history as failed."""
    for kind, before in heads.items():
        if versions.head(house.store, deploy, kind) != before:
            versions.make_head(house.store, deploy, kind, before)
    for kind, version in made:
        versions.mark_failed(house.store, deploy, kind, version)
