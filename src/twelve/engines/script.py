"""The script of the engine in memory: which acts fail, and which wait."""

import asyncio
import fnmatch
from typing import NamedTuple


class Act(NamedTuple):
    """Something that the engine was asked to do."""

    verb: str
    subject: str


class Hold:
    """An act that waits: ``reached`` is set when it has come there, ``go`` lets it go on."""

    def __init__(self, act: Act) -> None:
        self.act = act
        self.reached = asyncio.Event()
        self.go = asyncio.Event()


class Script:
    """What is to go wrong, each thing once; subjects may hold wildcards."""

    def __init__(self) -> None:
        self._failures: list[tuple[Act, Exception]] = []
        self._holds: list[Hold] = []

    def fail(self, verb: str, subject: str, error: Exception) -> None:
        """The next act of that kind raises this."""
        self._failures.append((Act(verb, subject), error))

    def hold(self, verb: str, subject: str) -> Hold:
        """The next act of that kind waits until it is let go."""
        self._holds.append(found := Hold(Act(verb, subject)))
        return found

    async def play(self, verb: str, subject: str) -> None:
        """What the script says of an act."""
        for hold in self._holds:
            if matches(hold.act, verb, subject):
                self._holds.remove(hold)
                hold.reached.set()
                await hold.go.wait()
                break
        for failure in self._failures:
            if matches(failure[0], verb, subject):
                self._failures.remove(failure)
                raise failure[1]


def matches(act: Act, verb: str, subject: str) -> bool:
    """Whether a script means this act."""
    return act.verb == verb and fnmatch.fnmatchcase(subject, act.subject)
