"""Streams that retention has deleted whole: the collector writes down how long they were."""

import os

from twelve.factors.logs import index


class Graves:
    """The graves of one deploy's log folder; each is heard of once."""

    def __init__(self, folder: str, heard: int) -> None:
        self.heard = heard
        """The time, in ns, up to which everything was heard."""
        self._path = f"{folder}/{index.GRAVES}"
        self._stamp = (0, 0)

    def news(self) -> list[index.Grave]:
        """What was deleted since the last call."""
        try:
            facts = os.stat(self._path)
            stamp = (facts.st_ino, facts.st_size)
            if stamp == self._stamp:
                return []
            with open(self._path) as file:
                text = file.read()
        except OSError:
            return []
        self._stamp = stamp
        found = [grave for grave in index.graves(text) if grave[4] > self.heard]
        self.heard = max((grave[4] for grave in found), default=self.heard)
        return found
