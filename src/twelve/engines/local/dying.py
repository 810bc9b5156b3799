"""Dying where a test of faults says so; in normal use nobody says."""

import os
import signal
from pathlib import Path


class Dying:
    """Kills this process at a point whose name stands in a file, and takes it out of the file."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def __call__(self, verb: str, point: str) -> None:
        """An operation has come there."""
        try:
            points = self.path.read_text().splitlines()
        except FileNotFoundError:
            return
        name = f"{verb} {point}"
        if name not in points:
            return
        points.remove(name)
        # Whoever comes after us must not die of the same line.
        self.path.write_text("".join(f"{each}\n" for each in points))
        os.kill(os.getpid(), signal.SIGKILL)
