"""Accounts: counters that go on although the one who counts dies, and counts from nought again."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

KEPT = 5000
"""Accounts: the oldest that nothing was added to goes when there are more."""

Counts = Mapping[str, int]


class Accounts:
    """What counters have come to over all lives of the counting process, by key and name.

    Of each counter two numbers are known: what former lives have counted, and what the present
    one said last.
    """

    def __init__(self, plain: Mapping[str, Any] | None = None) -> None:
        plain = plain or {}
        self.changes = 0
        """How often anything was added: who has seen this number has seen all there is."""
        self.life: str = plain.get("life", "")
        self.counts: dict[str, dict[str, tuple[int, int]]] = {
            key: {name: (former, last) for name, (former, last) in own.items()}
            for key, own in plain.get("counts", {}).items()
        }

    def take(self, life: str, said: Mapping[str, Counts]) -> None:
        """Take in what the counting process says; ``life`` is another one after each of its deaths.

        Who is not named has not changed. A counter that went back although its owner lives was
        made anew, and has counted from nought, too.
        """
        if life != self.life:
            self.life = life
            self.changes += 1
            for own in self.counts.values():
                own.update({name: (former + last, 0) for name, (former, last) in own.items()})
        for key, counts in said.items():
            own = self.counts.get(key, {})
            now = {name: _after(*own.get(name, (0, 0)), value) for name, value in counts.items()}
            if now.items() <= own.items() and key in self.counts:
                continue
            # The end of the table is where things happen, so its beginning may be forgotten.
            self.counts.pop(key, None)
            self.counts[key] = own | now
            self.changes += 1
        while len(self.counts) > max(KEPT, len(said)):
            del self.counts[next(iter(self.counts))]

    def totals(self, prefix: str) -> Counter[str]:
        """By name, over all keys that begin so."""
        found = Counter[str]()
        for key, own in self.counts.items():
            if key.startswith(prefix):
                found.update({name: former + last for name, (former, last) in own.items()})
        return found

    def to_plain(self) -> dict[str, Any]:
        """As JSON-ready data, for the next control plane."""
        return {"life": self.life, "counts": self.counts}


def _after(former: int, last: int, value: int) -> tuple[int, int]:
    return (former, value) if value >= last else (former + last, value)
