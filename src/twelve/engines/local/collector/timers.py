"""The few things that happen without an event, by name; none set means none waited for."""

_LONGEST = 300.0


class Timers:
    """When something is due, in seconds of the monotonic clock."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._delay: dict[str, float] = {}

    def at(self, name: str, when: float, *, unless_sooner: bool = False) -> None:
        """Set it; an earlier time that is set already may stay."""
        if unless_sooner and name in self._due:
            return
        self._due[name] = when
        self._delay.pop(name, None)

    def back_off(self, name: str, now: float) -> None:
        """Set it again, each time twice as far away, up to five minutes."""
        delay = min(_LONGEST, self._delay.get(name, 1.0) * 2)
        self._due[name] = now + delay
        self._delay[name] = delay

    def due(self, name: str, now: float) -> bool:
        """Whether it is time; then it is unset."""
        if name not in self._due or self._due[name] > now:
            return False
        del self._due[name]
        return True

    def wait(self, now: float) -> float | None:
        """How long nothing is due; None for ever."""
        if not self._due:
            return None
        return max(0.0, min(self._due.values()) - now)
