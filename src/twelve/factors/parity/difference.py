"""What differs between two releases, part by part, without telling a value."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Side(NamedTuple):
    """One release, opened as far as a comparison needs."""

    name: str
    build: str
    commit: str
    manifest: Mapping[str, Any]
    interpreter: str
    config: Mapping[str, str]
    """Keyed digests by variable: equal values have equal digests."""
    attachments: Mapping[str, str]
    """Masked URLs by variable."""
    formation: Mapping[str, int]


class Drift(NamedTuple):
    """One thing that is not the same on both sides; nothing where it does not exist."""

    part: str
    name: str
    before: str
    after: str

    def to_plain(self) -> dict[str, str]:
        """As JSON-ready data."""
        return dict(self._asdict())


def drifts(before: Side, after: Side) -> list[Drift]:
    """Every difference, in the order of the factors."""
    found = []
    for part in ("commit", "build", "interpreter"):
        old, new = getattr(before, part), getattr(after, part)
        if old != new:
            found.append(Drift(part, part, short(old), short(new)))
    found += changed("manifest", flat(before.manifest), flat(after.manifest))
    found += [
        Drift("config", d.name, "set" if d.before else "", said(d))
        for d in changed("config", before.config, after.config)
    ]
    found += changed("attachments", before.attachments, after.attachments)
    found += changed("formation", texts(before.formation), texts(after.formation))
    return found


def said(drift: Drift) -> str:
    """A config value's change in words, since the value is nobody's business."""
    if not drift.after:
        return ""
    return "set to another value" if drift.before else "set"


def changed(part: str, before: Mapping[str, str], after: Mapping[str, str]) -> list[Drift]:
    """The names whose texts differ."""
    return [
        Drift(part, name, before.get(name, ""), after.get(name, ""))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]


def flat(table: Mapping[str, Any], path: str = "") -> dict[str, str]:
    """A nested table as one: ``processes.web.command``."""
    found: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{path}{key}.")
        elif value not in (None, [], {}):
            found[f"{path}{key}"] = str(value)
    return found


def texts(numbers: Mapping[str, int]) -> dict[str, str]:
    """Numbers as texts."""
    return {name: str(number) for name, number in numbers.items()}


def short(text: str) -> str:
    """Digests as people quote them; other texts as they are."""
    hexadecimal = len(text) >= 40 and all(c in "0123456789abcdef" for c in text)
    return text[:12] if hexadecimal else text
