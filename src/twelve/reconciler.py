"""The reconciler: what to start and what to stop so that what runs is what is wanted."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from twelve.engines.contract import EARLY, Process, Seen

ADOPTED = "adopted"
LIVING = frozenset({"starting", "up", "exited", "backoff", "stopping", ADOPTED, EARLY})
"""One that exited and is not gone is about to be started again."""


class Plan(NamedTuple):
    """What to do, and in which order: ``starts`` beside the old ones, then the rest.

    A type that must not overlap is started only after its old processes are gone, so its
    processes stand in ``late``.
    """

    starts: tuple[Process, ...]
    late: tuple[Process, ...]
    stops: tuple[str, ...]

    @property
    def nothing(self) -> bool:
        """Nothing is to be done."""
        return not (self.starts or self.late or self.stops)


def plan(wanted: Mapping[str, Process], seen: Mapping[str, Seen], mine: Collection[str]) -> Plan:
    """New processes start before old ones stop.

    ``mine`` names the processes among ``seen`` that the caller answers for; others are left alone.
    """
    living = {name for name in mine if seen[name].state in LIVING}
    stops = tuple(sorted(living - wanted.keys()))
    # One that a new supervisor adopted runs on, but is not kept up until it is started "again".
    kept_up = {name for name in living if seen[name].state not in (ADOPTED, EARLY)}
    missing = [wanted[name] for name in sorted(wanted.keys() - kept_up)]
    replaced = {_type_of(name) for name in stops}
    late = tuple(p for p in missing if not p.type.overlap and _type_of(p.name) in replaced)
    starts = tuple(p for p in missing if p not in late)
    return Plan(starts, late, stops)


def _type_of(name: str) -> str:
    return name.rsplit("/", 1)[-1].split(".", 1)[0]
