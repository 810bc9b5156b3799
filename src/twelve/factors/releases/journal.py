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


class Point(StrEnum):
    """Between two steps: something was done of which the journal does not tell yet."""

    VERSION_MADE = "version made"
    BUILT = "built"
    BUILD_KEPT = "build kept"
    RESOURCE_MADE = "resource made"
    PROVISIONED = "provisioned"
    RELEASE_CUT = "release cut"
    COMMAND_RUNS = "release command runs"
    COMMAND_RAN = "release command ran"
    PROCESS_UP = "process up"
    ALL_UP = "all up"
    SWITCHED = "switched"
    OLD_STOPPED = "old stopped"
    NEW_IN_PLACE = "new in place"
    HANDED_OVER = "handed over"
    DRAINED = "drained"
    GONE = "gone"
    CLOSED = "closed"
    GIVING_UP = "giving up"
    GIVEN_UP = "given up"
    FOUND = "found"
    TAKEN_BACK = "taken back"
    SETTLED = "settled"


class Verdict(StrEnum):
    """What recovery does with an attempt that nobody finished."""

    UNDO = "undone"
    COMPLETE = "completed"


def verdict(step: Step) -> Verdict:
    """Undo before the switch was recorded as done; complete after it: old or new, never half."""
    return Verdict.COMPLETE if ORDER.index(step) >= ORDER.index(Step.DRAIN) else Verdict.UNDO
