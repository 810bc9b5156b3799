"""The judge: whether a new release is clearly worse than the one that it replaced."""

import math
from typing import NamedTuple

FEW = 20
"""Requests below which a share of failures says nothing."""

NEW_TO_US = 0.25
"""Share of failures that is too much when the old release had too few requests to compare with."""

FLOOR = 0.05
"""Share of failures that is never held against a release by itself."""

CONFIDENCE = 1.645
"""Of the intervals, one-sided 95 %."""

RESTARTS = 3
"""Of one process within the watch: it does not stay up."""


class Sample(NamedTuple):
    """What a release answered while it was looked at, and how often its processes came back."""

    requests: int
    failures: int
    """Answers 500 to 599, the router's own among them."""
    restarts: int = 0
    """Of the process that was restarted most."""

    @property
    def share(self) -> float:
        """Failures of requests."""
        return self.failures / self.requests if self.requests else 0.0

    def __str__(self) -> str:
        """``12 of 240 requests failed (5.0 %)``."""
        return f"{self.failures} of {self.requests} requests failed ({self.share:.1%})"


def worse(old: Sample, new: Sample) -> str:
    """Why the new release should go, with the evidence; empty when it may stay.

    It goes when even the kindest reading of its failures is above the harshest of the old one's:
    so a handful of requests proves nothing, and neither does an old release that was as bad.
    """
    if new.restarts >= RESTARTS:
        return f"a process came back {new.restarts} times"
    if new.requests < FEW:
        return ""
    allowed = upper(old) if old.requests >= FEW else NEW_TO_US
    if lower(new) <= max(allowed, FLOOR):
        return ""
    before = f"; of the old release {old}" if old.requests >= FEW else ""
    return f"{new}{before}"


def lower(sample: Sample) -> float:
    """The lower bound of the share of failures (Wilson 1927)."""
    return _bound(sample, -1)


def upper(sample: Sample) -> float:
    """The upper bound of the share of failures (Wilson 1927)."""
    return _bound(sample, 1)


def _bound(sample: Sample, sign: int) -> float:
    n, share, z = sample.requests, sample.share, CONFIDENCE
    middle = share + z * z / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (middle + sign * spread) / (1 + z * z / n)
