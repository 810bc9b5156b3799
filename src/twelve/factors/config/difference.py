"""What differs between two sets of variables, without telling the values."""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from twelve.factors.config.secret import MASK

Change = Literal["added", "removed", "changed"]
SIGNS: dict[Change, str] = {"added": "+", "removed": "-", "changed": "~"}


class Difference(NamedTuple):
    """One variable that is not the same on both sides; None where it does not exist."""

    name: str
    change: Change
    before: str | None = None
    after: str | None = None

    @property
    def sign(self) -> str:
        """``+``, ``-`` or ``~``."""
        return SIGNS[self.change]

    def __repr__(self) -> str:
        return f"Difference({self.name!r}, {self.change!r})"


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> list[Difference]:
    """Every variable that was added, removed or changed, by name, with its values in clear."""
    found = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old != new:
            change: Change = "added" if old is None else "removed" if new is None else "changed"
            found.append(Difference(name, change, old, new))
    return found


def masked(differences: Iterable[Difference]) -> list[Difference]:
    """The same, fit to be shown: that a value changed is told, what it was is not."""
    return [
        item._replace(
            before=None if item.before is None else MASK,
            after=None if item.after is None else MASK,
        )
        for item in differences
    ]
