"""What differs between two releases, part by part, without telling a value."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

NS = 1_000_000_000
UNITS = ((86400, "d"), (3600, "h"), (60, "m"))
NO_VERSION = {"http", "https"}
"""What is reached so is an app, and not a product of some version."""
COMMIT = 40
"""Characters of a whole commit id; a build's digest has more."""


class Resource(NamedTuple):
    """A backing service as one deploy sees it: enough to compare, nothing to log in with."""

    kind: str
    product: str
    """Name and major version of what answers there, ``Postgres 18``; empty when nobody can tell."""
    shown: str
    """Its URL, masked."""

    def __str__(self) -> str:
        return self.product.lower() or self.kind


class Side(NamedTuple):
    """One release, opened as far as a comparison needs."""

    name: str
    build: str
    commit: str
    committed_ns: int
    dirty: bool
    manifest: Mapping[str, Any]
    interpreter: str
    config: Mapping[str, str]
    """Keyed digests by variable: equal values have equal digests."""
    resources: Mapping[str, Resource]
    """By variable, whether it is attached or configured."""
    formation: Mapping[str, int]
    stopped: Collection[str] = ()
    """Types and processes that are held back."""


class Drift(NamedTuple):
    """One thing that is not the same on both sides; nothing where it does not exist."""

    part: str
    name: str
    before: str
    after: str

    def to_plain(self) -> dict[str, str]:
        """As JSON-ready data."""
        return dict(self._asdict())


def drifts(before: Side, after: Side, now_ns: int) -> list[Drift]:
    """Every difference between two releases of one deploy, in the order of the factors."""
    return [
        *of_builds(before, after, now_ns),
        *(
            Drift("config", d.name, "set" if d.before else "", said(d))
            for d in changed("config", before.config, after.config)
        ),
        *changed("attachments", masked(before), masked(after)),
        *of_resources(before, after, also_absent=False),
        *of_formations(before, after),
    ]


def disparities(before: Side, after: Side, now_ns: int) -> list[Drift]:
    """What two deploys of one app do not have in common although they should.

    Values of config and addresses of resources differ between deploys, that is what they are for:
    compared are the keys, and of each resource kind, product and major version.
    """
    keys = dict.fromkeys(before.config.keys() - before.resources.keys(), "set")
    others = dict.fromkeys(after.config.keys() - after.resources.keys(), "set")
    return [
        *of_builds(before, after, now_ns),
        *changed("config", keys, others),
        *of_resources(before, after, also_absent=True),
        *of_formations(before, after),
    ]


def unknowns(before: Side, after: Side) -> list[str]:
    """Sentences about resources of one kind on both sides whose versions nobody could compare."""
    return [
        f"{name} of {side.name}: what answers there did not say its version"
        for name in sorted(before.resources.keys() & after.resources.keys())
        for side in (before, after)
        if before.resources[name].shown != after.resources[name].shown
        if before.resources[name].kind == after.resources[name].kind not in NO_VERSION
        if not side.resources[name].product
    ]


def of_builds(before: Side, after: Side, now_ns: int) -> list[Drift]:
    """Code with its age, build, interpreter, manifest."""
    found = []
    if before.commit != after.commit:
        found.append(Drift("commit", "commit", aged(before, now_ns), aged(after, now_ns)))
    if before.build != after.build:
        found.append(Drift("build", "build", built(before), built(after)))
    if before.interpreter != after.interpreter:
        found.append(Drift("interpreter", "interpreter", before.interpreter, after.interpreter))
    return found + changed("manifest", flat(before.manifest), flat(after.manifest))


def of_resources(before: Side, after: Side, *, also_absent: bool) -> list[Drift]:
    """Kind, product and major version of what stands under the same variable.

    Versions that nobody could tell are no difference; ``unknowns`` names them.
    """
    found = []
    for name in sorted(before.resources.keys() | after.resources.keys()):
        old, new = before.resources.get(name), after.resources.get(name)
        if old is None or new is None:
            differs = also_absent
        else:
            told = old.product and new.product and old.shown != new.shown
            differs = old.kind != new.kind or bool(told and old.product != new.product)
        if differs:
            found.append(Drift("resources", name, str(old or ""), str(new or "")))
    return found


def of_formations(before: Side, after: Side) -> list[Drift]:
    """Quantities, and what is held back of them."""
    return changed("formation", quantities(before), quantities(after))


def quantities(side: Side) -> dict[str, str]:
    """``2``, or ``2, held back``."""
    found = {}
    for kind, number in side.formation.items():
        back = sorted(each for each in side.stopped if each.partition(".")[0] == kind)
        names = "" if back == [kind] else f" {' '.join(back)}"
        found[kind] = f"{number}, held back{names}" if back else str(number)
    return found


def masked(side: Side) -> dict[str, str]:
    """The URLs of the resources, as they may be shown."""
    return {name: each.shown for name, each in side.resources.items() if name not in side.config}


def built(side: Side) -> str:
    """A build's digest, marked when its tree held what is in no commit."""
    return short(side.build) + (" with uncommitted changes" if side.dirty else "")


def aged(side: Side, now_ns: int) -> str:
    """``0a1b2c3d4e5f, 3d old``; a tree that is in no repository has neither."""
    if not side.commit:
        return "no commit"
    if not side.committed_ns:
        return short(side.commit)
    return f"{short(side.commit)}, {age(now_ns - side.committed_ns)} old"


def age(ns: int) -> str:
    """``3d``: so long."""
    seconds = max(0, ns // NS)
    return next((f"{seconds // size}{unit}" for size, unit in UNITS if seconds >= size), "0m")


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


def short(text: str) -> str:
    """Digests as people quote them; other texts as they are."""
    hexadecimal = len(text) >= COMMIT and all(c in "0123456789abcdef" for c in text)
    return text[:12] if hexadecimal else text
