"""The steps of an attempt to change what runs, in order, and what a death at each leaves to do."""

from enum import StrEnum


class Step(StrEnum):
    """Journaled before it acts."""

    RECEIVED = "received"
    BUILD = "build"
    RELEASE = "release"
    RELEASE_PHASE = "release phase"
    START = "start"
    SWITCH = "switch"
    SUCCEED = "succeed"
    DRAIN = "drain"
    DONE = "done"


ORDER: tuple[Step, ...] = tuple(Step)


class Verdict(StrEnum):
    """What recovery does with an attempt that nobody finished."""

    UNDO = "undone"
    COMPLETE = "completed"


def verdict(step: Step) -> Verdict:
    """Undo before the switch was recorded as done; complete after it: old or new, never half."""
    return Verdict.COMPLETE if ORDER.index(step) >= ORDER.index(Step.DRAIN) else Verdict.UNDO
