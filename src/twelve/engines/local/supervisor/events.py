"""What happened, numbered: the newest are kept, so that a control that was away can read on."""

import collections
from typing import Any

from twelve.engines.local.supervisor import protocol

KEPT = 10_000


class Ring:
    """
    The newest events as frames ready to send.

    Numbers go on over a restart of the supervisor: they begin at the milliseconds of the wall
    clock, and nobody has a thousand events a second for long.
    """

    def __init__(self, first: int, kept: int = KEPT) -> None:
        self._frames: collections.deque[bytes] = collections.deque(maxlen=kept)
        self._oldest = first
        self._first = first
        self.newest = first - 1

    def add(self, event: str, fields: dict[str, Any]) -> bytes:
        """The frame of a new event."""
        self.newest += 1
        frame = protocol.encode({"event": event, "n": self.newest, **fields})
        if len(self._frames) == self._frames.maxlen:
            self._oldest += 1
        self._frames.append(frame)
        return frame

    def since(self, number: int) -> list[bytes]:
        """The frames after ``number``; when some of them are gone, first one that says how many."""
        if (
            number > self.newest
        ):  # a number of another life, or of a clock that went back: give what there is
            number = self._first - 1
        lost = self._oldest - max(number + 1, self._first)
        kept = list(self._frames)[max(0, number + 1 - self._oldest) :]
        if lost > 0:
            return [
                protocol.encode({"event": "overrun", "n": self._oldest - 1, "lost": lost}),
                *kept,
            ]
        return kept
