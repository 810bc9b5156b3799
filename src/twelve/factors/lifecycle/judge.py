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

LOOKS = 3
"""In a row in which a process was not ready."""


class Sample(NamedTuple):
    """What a release answered while it was looked at, and how its processes fared."""

    requests: int
    failures: int
    """Answers 500 to 599, the router's own among them."""
    restarts: int = 0
    """Of the process that was restarted most."""
    unready: int = 0
    """Processes that do not answer for their health, now."""
    looks: int = 0
    """In a row in which more of them were unready than of the old release."""
    why: str = ""
    """What one of these said."""

    @property
    def share(self) -> float:
        """Failures of requests."""
        return self.failures / self.requests if self.requests else 0.0

    def __str__(self) -> str:
        """``12 of 240 requests failed (5.0 %)``."""
        return f"{self.failures} of {self.requests} requests failed ({self.share:.1%})"


class Baseline(NamedTuple):
    """What the old release was like: in all its life, and shortly before the switch."""

    life: Sample = Sample(0, 0)
    lately: Sample = Sample(0, 0)

    @property
    def worst(self) -> Sample | None:
        """The span in which it may have been worse; nothing when both had too few requests."""
        known = [span for span in self if span.requests >= FEW]
        return max(known, key=upper, default=None)


def worse(old: Baseline, new: Sample) -> str:
    """Why the new release should go, with the evidence; empty when it may stay.

    It goes when even the kindest reading of its failures is above the harshest of the old one's:
    so a handful of requests proves nothing, and neither does an old release that was as bad, be it
    only of late: then it is not the code that has changed. The same holds for restarts and
    readiness.
    """
    if new.restarts >= RESTARTS > old.lately.restarts:
        return f"a process came back {new.restarts} times"
    if new.looks >= LOOKS:
        return f"{new.unready} of its processes not ready: {new.why}"
    if new.requests < FEW:
        return ""
    before = old.worst
    allowed = upper(before) if before else NEW_TO_US
    if lower(new) <= max(allowed, FLOOR):
        return ""
    return f"{new}{f'; of the old release {before}' if before else ''}"


def seen_again(old: Baseline, last: Sample, now: Sample) -> Sample:
    """The new look, with how many in a row showed more unready processes than the old had."""
    return now._replace(looks=last.looks + 1 if now.unready > old.lately.unready else 0)


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
