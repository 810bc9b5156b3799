"""How a process is told to end: a signal, its own time to obey, then force."""

from typing import NamedTuple


class StopPlan(NamedTuple):
    """One stop under way. ``deadline`` is on the caller's monotonic clock, in seconds."""

    signal: int
    deadline: float


def plan_stop(now: float, signal: int, grace: float) -> StopPlan:
    """A stop asked for at ``now``: its group has ``grace`` seconds, whoever else is stopping."""
    return StopPlan(signal, now + max(0.0, grace))


def hasten(plan: StopPlan, other: StopPlan) -> StopPlan:
    """Two stops of one process: the last signal and the earlier deadline; nobody can prolong it."""
    return StopPlan(other.signal, min(plan.deadline, other.deadline))


def seconds_left(plan: StopPlan, now: float) -> float:
    """Seconds until force is used; 0 when it is due."""
    return max(0.0, plan.deadline - now)
