"""An attempt to change what a deploy runs: held alone, journaled, undone when it fails."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from twelve.engines.contract import Tell
from twelve.errors import Cancelled, TwelveError, as_full
from twelve.factors.releases.journal import ORDER, Point, Step
from twelve.factors.releases.release import Release
from twelve.operations.go_back import go_back
from twelve.operations.house import Holder, House, say, to_the_end
from twelve.operations.room import written
from twelve.operations.undo import heads_of, undo
from twelve.store import apps, journal, releases, versions
from twelve.store.apps import Deploy
from twelve.store.versions import Kind


@dataclass
class Attempt:
    """What an operation knows of itself while it is under way."""

    house: House
    before: Deploy
    """The deploy as it was."""
    deploy: Deploy
    """The deploy as it will be: quantities and what is held back change with the switch."""
    verb: str
    who: str
    listener: Tell
    entry: int
    release: Release | None = None
    retiring: asyncio.Task[None] | None = None
    """The end of what ran before. From here on the new release serves: nothing is undone."""
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each step took, for the release's record."""
    warnings: list[dict[str, str]] = field(default_factory=list)
    """What was warned of, for the release's record."""
    step: Step = Step.RECEIVED
    since: float = field(default_factory=time.monotonic)

    def tell(self, step: str, text: str, **more: Any) -> None:
        """Say what happens; warnings are kept."""
        if step == "warning":
            self.warnings.append({"process": more.get("process", ""), "text": text})
        self.listener(step, text, **more)

    def enter(self, step: Step) -> None:
        """Journal the step that is about to act."""
        self.lap()
        self.step = step
        journal.step(self.house.store, self.entry, step)
        self.listener("enter", step)
        self.reach(step)

    def reach(self, point: Step | Point) -> None:
        """A place where a death must leave old or new whole: tests of faults die there."""
        self.house.reached(self.verb, point)

    def lap(self) -> float:
        """Close the clock of the running step; seconds since it began."""
        now = time.monotonic()
        spent, self.since = now - self.since, now
        self.seconds[self.step] = round(self.seconds.get(self.step, 0) + spent, 3)
        return spent

    def ask(self, formation: Mapping[str, int]) -> None:
        """From the switch on these quantities outrank the manifest's."""
        self.deploy = self.deploy._replace(formation={**self.deploy.formation, **formation})

    def hold_back(self, names: Collection[str]) -> None:
        """From the switch on these types and processes do not run."""
        self.deploy = self.deploy._replace(stopped=frozenset(names))

    def make_version(
        self, kind: Kind, put: Mapping[str, str], drop: Collection[str], note: str
    ) -> None:
        """Make a version of config or attachments and its head; it fails with the attempt."""
        house = self.house
        with house.store.writing():
            version = versions.commit(
                house.store,
                self.deploy,
                kind,
                put=put,
                drop=drop,
                who=self.who,
                note=note,
                now_ns=house.now(),
            )
            journal.note(house.store, self.entry, made={kind: version})
        self.reach(Point.VERSION_MADE)

    def record(self, kind: str, **detail: Any) -> None:
        """What befell the release, and what was warned of on the way there."""
        assert self.release is not None
        house, number = self.house, self.release.number
        for warning in self.warnings:
            releases.record(house.store, self.deploy, number, "warning", house.now(), **warning)
        self.lap()
        detail["seconds"] = self.seconds
        releases.record(house.store, self.deploy, number, kind, house.now(), **detail)


@contextlib.asynccontextmanager
async def attempt(
    house: House, deploy: Deploy, verb: str, who: str, tell: Tell, *, wait: bool = True
) -> AsyncIterator[Attempt]:
    """Hold the deploy, open a journal entry, and leave old or new behind, never half.

    Who changes the deploy reads it from the attempt: while it waited, others have changed it.
    """

    def waiting(other: Holder) -> None:
        tell("wait", f"{other.verb} by {other.who} is under way; waiting for it")

    async with house.under_way.alone(deploy, Holder(verb, who), wait=wait, waiting=waiting):
        deploy = apps.get_deploy(house.store, deploy.app, deploy.name)
        detail = {"heads": heads_of(house.store, deploy), "boot": house.boot}
        entry = journal.begin(house.store, deploy, verb, who, house.now(), detail)
        mine = Attempt(house, deploy, deploy, verb, who, tell, entry)
        mine.reach(Step.RECEIVED)
        try:
            yield mine
        except asyncio.CancelledError:
            await to_the_end(give_up(mine, "cancelled", f"{verb} cancelled by {who}"))
            raise Cancelled(
                f"{deploy.label}: {verb} cancelled; nothing was changed",
                hint="call it again to begin anew",
            ) from None
        except Exception as error:
            told = as_full(error) or error
            ours = f"internal error: {type(error).__name__}"
            why = told.message if isinstance(told, TwelveError) else ours
            await to_the_end(give_up(mine, "failed", why))
            if told is error:
                raise
            raise told from None
        if not mine.retiring:
            await written(lambda: journal.end(house.store, entry, "done", house.now()))


async def give_up(mine: Attempt, state: str, why: str) -> None:
    """Write down that it came to nothing, and let what ran before run alone."""
    if mine.retiring:
        return
    house, store = mine.house, mine.house.store
    tag = f" {mine.release.tag}" if mine.release else ""
    said = f"{mine.verb}{tag} {state}: {why}"
    mine.reach(Point.GIVING_UP)

    def write() -> None:
        with store.writing():
            undo(store, mine.before, journal.detail(store, mine.entry))
            if mine.release:
                mine.record(state, why=why, step=mine.step)
            journal.note(store, mine.entry, said=said, outcome=state)

    await written(write)
    mine.reach(Point.GIVEN_UP)
    await say(house, mine.before, said)
    await written(lambda: journal.end(store, mine.entry, state, house.now()))
    if ORDER.index(mine.step) >= ORDER.index(Step.START):
        served = mine.release if mine.step is not Step.START else None
        await go_back(house, mine.before, served)
