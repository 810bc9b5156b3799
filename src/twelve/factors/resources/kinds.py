"""The kinds of resource that Twelve can make: a row each."""

import difflib
import re
from typing import NamedTuple

from twelve.errors import Invalid


class Kind(NamedTuple):
    """One kind of backing service.

    ``schemes`` are those that an app of this kind's clients understands, without a driver's suffix
    (``postgresql+psycopg`` counts as ``postgresql``); the first is the one that Twelve writes.
    ``placeholder`` is what build hooks see: well formed, and nobody listens there.
    """

    name: str
    title: str
    schemes: tuple[str, ...]
    variable: str
    placeholder: str


RESOURCE_KINDS: dict[str, Kind] = {
    "postgres": Kind(
        name="postgres",
        title="Postgres",
        # SQLAlchemy refuses "postgres", and no client refuses "postgresql".
        schemes=("postgresql", "postgres", "postgis", "pgsql", "timescale", "cockroachdb"),
        variable="DATABASE_URL",
        placeholder="postgresql://build:build@127.0.0.1:1/build",
    ),
    "redis": Kind(
        name="redis",
        title="Redis (Valkey)",
        schemes=("redis", "rediss", "valkey", "valkeys", "unix"),
        variable="REDIS_URL",
        placeholder="redis://build:build@127.0.0.1:1/0",
    ),
}


APP = "app:"
"""Leads the kind of a resource that is another app of this home."""
NOBODY = "http://127.0.0.1:1"
_APP = re.compile(r"app:([a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)", re.ASCII)


def app_of(kind: str) -> str:
    """The app of ``app:billing``; empty for every other kind."""
    found = _APP.fullmatch(kind)
    return found[1] if found else ""


def as_variable(name: str) -> str:
    """A name as the beginning of a variable's."""
    return name.upper().replace("-", "_")


def kind_of(name: str, place: str = "") -> Kind:
    """The kind of that name. Raises Invalid, led by ``place``, that says what there is."""
    if name in RESOURCE_KINDS:
        return RESOURCE_KINDS[name]
    if app := app_of(name):
        return Kind(name, f"the app {app}", ("http", "https"), f"{as_variable(app)}_URL", NOBODY)
    if name.startswith(APP):
        raise Invalid(
            f"{place + ': ' if place else ''}{name!r} names no app",
            hint="write app:NAME; the deploy of that app with the same name is meant",
        )
    near = difflib.get_close_matches(name.lower(), [*RESOURCE_KINDS, *ALIASES], n=1)
    meant = ALIASES.get(near[0], near[0]) if near else ""
    known = ", ".join(RESOURCE_KINDS)
    raise Invalid(
        f"{place + ': ' if place else ''}{name!r} is not a kind of resource",
        hint=f"did you mean {meant!r}? " * bool(meant)
        + f"Twelve makes {known}; anything else is attached by its URL",
    )


def kind_for_variable(variable: str) -> Kind | None:
    """The kind whose default variable this is, or nothing."""
    return next((kind for kind in RESOURCE_KINDS.values() if kind.variable == variable), None)


def kind_of_url(url: str) -> str:
    """The kind that understands a URL, else its scheme: ``postgres``, ``mysql``, ``https``.

    A text that is no URL may be a secret whole, so nothing of it is told.
    """
    scheme, mark, _ = url.partition("://")
    scheme = scheme.partition("+")[0].lower()
    if not mark or not scheme.isalnum():
        return "unknown"
    known = (kind.name for kind in RESOURCE_KINDS.values() if scheme in kind.schemes)
    return next(known, scheme)


ALIASES: dict[str, str] = {
    "postgresql": "postgres",
    "pg": "postgres",
    "valkey": "redis",
}
"""What people call them elsewhere; only for the hint, so that a manifest has one spelling."""
