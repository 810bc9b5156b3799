"""What the collector says has grown, and what of it one reader has still to look at."""

import json
from typing import NamedTuple


class Growth(NamedTuple):
    """The streams with new records, and the sequence up to which everything is on disk.

    ``folders`` None: the collector was away, anything may have grown.
    """

    folders: frozenset[str] | None
    sequence: int | None


ANYTHING = Growth(None, None)


def heard(line: bytes) -> Growth:
    """A line of a watch connection. Raises ValueError or KeyError for another one."""
    told = json.loads(line)
    if "watching" in told:
        return Growth(None, told.get("sequence"))
    return Growth(frozenset(told["grew"]), told.get("sequence"))


class Gathered:
    """The growth of the streams whose folder begins with ``prefix``, merged.

    So a reader that is slow, or stands still, costs no memory.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._folders: set[str] | None = set()
        self._sequence: int | None = None

    def __bool__(self) -> bool:
        """Whether there is something to look at."""
        return self._folders is None or bool(self._folders)

    def add(self, growth: Growth) -> None:
        """Note what grew, as far as it is ours."""
        self._sequence = growth.sequence
        if growth.folders is None:
            self._folders = None
        elif self._folders is not None:
            self._folders |= {one for one in growth.folders if one.startswith(self._prefix)}

    def take(self) -> Growth:
        """All of it, which is then no longer to be looked at."""
        folders, self._folders = self._folders, set()
        return ANYTHING if folders is None else Growth(frozenset(folders), self._sequence)
