"""The number that puts all blocks of a home in one order; it never goes back, whatever dies."""

import os

_AHEAD = 1 << 20


class Sequence:
    """Counts upwards across restarts: a mark on disk is always ahead of every number given out."""

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        text = os.pread(self._fd, 20, 0)
        self.last = int(text) if text.isdigit() else 0
        """The number given out most recently."""
        self._mark = 0
        self._reserve()

    def next(self) -> int:
        """The next number, from 1."""
        self.last += 1
        if self.last >= self._mark:
            self._reserve()
        return self.last

    def at_least(self, seen: int) -> None:
        """A number found on disk: the next ones are greater, even if the mark was lost."""
        if seen > self.last:
            self.last = seen
            self._reserve()

    def _reserve(self) -> None:
        self._mark = self.last + _AHEAD
        # Twenty digits in place: no room is needed, so a full disk does not stop the count.
        try:
            os.pwrite(self._fd, b"%020d" % self._mark, 0)
            os.fdatasync(self._fd)
        except OSError:
            # Then the streams' own last records are what a restart counts on from.
            return
