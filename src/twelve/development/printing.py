"""Printing: the deploy's log stream to the voice, from now until all is said."""

import sys
import threading
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from twelve.development.early import Call, Early
from twelve.development.voice import Voice
from twelve.engines.local.following import Following
from twelve.factors.logs.filter import Filter
from twelve.factors.logs.line import Block

SHORT = 0.0005
"""Seconds after which a thread that only computes lets another one print."""
STREAMS = frozenset({"stdout", "stderr", "events"})


class Printing:
    """Follows the stream in a thread of its own.

    So a terminal that is held holds nothing else, and nothing else holds it: neither an event loop
    that is busy, nor one that is not there yet.
    """

    def __init__(
        self,
        folders: tuple[str, str],
        label: tuple[str, str],
        voice: Voice,
        shown: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self.home, self.run = folders
        self.label = label
        self.shown = dict(shown)
        """How many bytes of a stream have been printed before us, by its folder."""
        self.voice = voice
        self.over = False
        self.thread = threading.Thread(target=self.follow, name="printing", daemon=True)

    def begin(self, since: int) -> None:
        """From here on: what has been printed since then, and what will be."""
        want = Filter(since=since, streams=STREAMS)
        self.following = Following((self.home, self.run), self.label, want)
        self.thread.start()

    def end(self) -> None:
        """Print what is left; returns when it is written. Ending twice is ending once."""
        if self.over:
            return
        self.over = True
        if self.thread.ident:
            self.following.end()
            self.thread.join()

    def follow(self) -> None:
        """Print what there is and what comes, until it is over; then once more all there is."""
        for batch in self.following.batches():
            self.voice.lines(filter(None, map(self.rest_of, batch)) if self.shown else batch)

    def rest_of(self, block: Block) -> Block | None:
        """What of a block is not on the screen yet: it was shown by whole lines."""
        process, release, stream = block.origin
        folder = f"logs/{self.label[0]}/{self.label[1]}/{process}@{release}/{stream}"
        known = self.shown.get(folder, 0) - block.offset
        if known <= 0:
            return block
        data = block.data[known:]
        return block._replace(data=data, offset=block.offset + known) if data else None


class Begun(NamedTuple):
    """An ``up`` whose processes run already."""

    early: Early
    printing: Printing


class Beginning(NamedTuple):
    """How ``up`` was called, by which the next one finds what is foreseen, and what has begun."""

    call: Call
    out: int
    colour: bool
    begun: Begun | None


def go_on(early: Early) -> Begun:
    """Show what they say from where the first look ended, while everything else comes up."""
    sys.setswitchinterval(SHORT)
    voice = Voice(sys.stdout.fileno(), colour=early.colour, gone=early.leave)
    voice.meet(early.types, early.names)
    printing = Printing((early.home, early.run), early.label, voice, early.shown)
    printing.begin(early.since)
    return Begun(early, printing)
