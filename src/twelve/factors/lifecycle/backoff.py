"""When a process that ended is started again: at once, then ever later, never given up."""

from typing import Any, NamedTuple

from twelve.errors import Invalid

_EXPONENT_LIMIT = (
    64  # 2.0 ** 64 seconds is over every cap; more would overflow after days of failures
)


class Backoff(NamedTuple):
    """
    The policy of one process.

    All times in seconds; ``jitter`` is the share by which a delay may be off.
    """

    base: float = 1.0
    factor: float = 2.0
    cap: float = 60.0
    jitter: float = 0.2
    stable: float = 60.0
    """A process that was up for this long starts again with a clean record."""


def failures_after(policy: Backoff, failures: int, uptime: float) -> int:
    """Failures in a row, after one more exit at ``uptime`` seconds."""
    return 1 if uptime >= policy.stable else failures + 1


def delay(policy: Backoff, failures: int, chance: float) -> float:
    """
    Seconds to wait before the next start.

    ``chance`` lies in -1..1 and spreads those that fell together. The first failure costs
    nothing: a worker that was shot is back before anybody asks.
    """
    if failures <= 1:
        return 0.0
    plain = policy.base * policy.factor ** min(failures - 2, _EXPONENT_LIMIT)
    return max(0.0, min(policy.cap, plain) * (1.0 + policy.jitter * chance))


def from_plain(restart: dict[str, Any]) -> Backoff | None:
    """
    The policy that a launch's ``restart`` table asks for; None for ``never``.

    Raises Invalid for another mode, for an unknown key and for a number that makes no sense.
    """
    mode = restart.get("mode", "always")
    if mode not in {"always", "never"}:
        raise Invalid(f"restart: mode is {mode!r}", hint="say always or never")
    numbers = {key: value for key, value in restart.items() if key != "mode"}
    if unknown := sorted(set(numbers) - set(Backoff._fields)):
        raise Invalid(
            f"restart: unknown key {unknown[0]!r}", hint="known: " + ", ".join(Backoff._fields)
        )
    for key, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
            raise Invalid(
                f"restart: {key} is {value!r}, which is not a number of at least 0",
                hint="write seconds, such as 0.5 or 30",
            )
    return None if mode == "never" else Backoff(**numbers)
