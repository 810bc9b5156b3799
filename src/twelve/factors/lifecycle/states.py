"""The states of a process, and the only moves between them."""

import enum

from twelve.errors import Bug


class State(enum.Enum):
    """What a supervised process is doing."""

    STARTING = "starting"
    UP = "up"
    BACKOFF = "backoff"
    STOPPING = "stopping"
    EXITED = "exited"
    ADOPTED = "adopted"
    """It runs, found by a new supervisor, which cannot start it again until control says how."""


LIVE = frozenset({State.STARTING, State.UP, State.STOPPING, State.ADOPTED})
"""States in which there is a process."""

RESTARTED = "the machine restarted"
"""What ended a process, or cut off an attempt, that an earlier boot of the machine had begun."""

MOVES: dict[State, frozenset[State]] = {
    State.STARTING: frozenset({State.UP, State.BACKOFF, State.STOPPING, State.EXITED}),
    State.UP: frozenset({State.STARTING, State.BACKOFF, State.STOPPING, State.EXITED}),
    State.BACKOFF: frozenset({State.STARTING, State.EXITED}),
    State.STOPPING: frozenset({State.EXITED}),
    State.EXITED: frozenset({State.STARTING}),
    State.ADOPTED: frozenset({State.UP, State.STOPPING, State.EXITED}),
}


def moved(name: str, now: State, to: State) -> State:
    """The state after the move. Raises Bug when there is no such move."""
    if to not in MOVES[now]:
        raise Bug(f"{name}: no move from {now.value} to {to.value}")
    return to
