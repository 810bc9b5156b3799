"""Where control can die in an attempt, as the code has it, and the deaths that are tested."""

import os
from typing import NamedTuple

from twelve.factors.releases.journal import Point, Step

CUT_OFF = 69
"""The exit code of a command whose control hung up."""


class Death(NamedTuple):
    """A change, the places where control dies on the way (each once), and what must come of it."""

    change: str
    points: tuple[str, ...]
    completed: bool
    says: str = ""
    codes: tuple[int, ...] = (CUT_OFF,)

    def __str__(self) -> str:
        return f"{self.change}: {', '.join(self.points)}"


BEFORE = (Step.RECEIVED, Step.RELEASE, Point.RELEASE_CUT, Step.START, Point.PROCESS_UP)
SWITCHING = (Point.ALL_UP, Step.SWITCH, Point.SWITCHED, Step.SUCCEED)
OF_A_BUILD = (Step.BUILD, Point.BUILT, Point.BUILD_KEPT)
OF_A_COMMAND = (Step.RELEASE_PHASE, Point.COMMAND_RUNS, Point.COMMAND_RAN)
IN_PLACE = (Point.OLD_STOPPED, Point.NEW_IN_PLACE)
AFTER = (Point.DRAINED, Point.GONE, Step.DONE, Point.CLOSED)
"""Of what goes on when the answer was given."""

UNDONE = {
    "deploy": (*BEFORE, *OF_A_BUILD, *OF_A_COMMAND, *SWITCHING, *IN_PLACE, Step.DRAIN),
    "rollback": (*BEFORE, *SWITCHING, *IN_PLACE, Step.DRAIN),
    "config": (Point.VERSION_MADE, *BEFORE, *SWITCHING, *IN_PLACE, Step.DRAIN),
    "scale": (*BEFORE, *SWITCHING, Step.DRAIN),
}
"""``drain`` is written in the transaction that records the new release: a death in it undoes it."""


LONG = bool(os.environ.get("FAULTS_LONG"))
"""Every death, as ``make faults`` has it; else those at points between steps are a deploy's."""


def in_short_form(death: Death) -> bool:
    """Whether it is tested each time."""
    place = death.points[0].partition(" ")[2]
    return death.change in {"deploy", "provision", "broken"} or place in {*Step, Point.HANDED_OVER}


OPERATIONS = ("deploy", "rollback", "config", "scale")

_NO_BUILD = dict.fromkeys(OF_A_BUILD, "it makes no build")
_NO_COMMAND = dict.fromkeys(OF_A_COMMAND, "the release command runs on a deploy only")
_NO_RESOURCE = dict.fromkeys((Point.RESOURCE_MADE, Point.PROVISIONED), "it makes no resource")
_NO_FAILURE = dict.fromkeys(
    (Point.GIVING_UP, Point.GIVEN_UP), "all give up by the same lines: a deploy's is tested"
)
_NO_VERSION = {Point.VERSION_MADE: "it makes no version"}
_NO_LATE = dict.fromkeys(IN_PLACE, "the worker stays as it is")

ELSEWHERE: dict[str, dict[str, str]] = {
    "deploy": {},
    "rollback": _NO_BUILD | _NO_COMMAND | _NO_RESOURCE | _NO_FAILURE | _NO_VERSION,
    "config": _NO_BUILD | _NO_COMMAND | _NO_RESOURCE | _NO_FAILURE,
    "scale": _NO_BUILD | _NO_COMMAND | _NO_RESOURCE | _NO_FAILURE | _NO_VERSION | _NO_LATE,
}
"""Where a change does not come by, and why; a live test sees that this is so."""

ANSWERED = (0, CUT_OFF)
"""The command has its answer, or nearly had."""


def deaths() -> list[Death]:
    """Each change, dead at each place that it comes by."""
    found = []
    for verb, points in UNDONE.items():
        found += [Death(verb, (f"{verb} {point}",), False, "undone") for point in points]
        after = (f"{verb} {Point.HANDED_OVER}", *(f"retire {point}" for point in AFTER))
        found += [Death(verb, (point,), True, "", ANSWERED) for point in after]
    for point in (Point.RESOURCE_MADE, Point.PROVISIONED, Point.VERSION_MADE):
        found.append(Death("provision", (f"deploy {point}",), False, "undone"))
    for point in (Point.GIVING_UP, Point.GIVEN_UP):
        found.append(Death("broken", (f"deploy {point}",), False, ""))
    return found


DEATHS = deaths()
RECOVERIES = [
    Death("deploy", (f"deploy {Point.SWITCHED}", "recover found"), False, "undone"),
    Death("deploy", (f"deploy {Point.SWITCHED}", "recover taken back"), False, "undone"),
    Death("config", (f"config {Point.ALL_UP}", "recover settled"), False, "undone"),
    Death("deploy", (f"deploy {Point.HANDED_OVER}", "recover found"), True, "", ANSWERED),
    Death("scale", (f"scale {Point.HANDED_OVER}", "recover settled"), True, "", ANSWERED),
]
"""Control dies again while it makes good what its predecessor left."""
