"""The name under which a resource lives inside its server: a database, a role, a user."""

import hashlib
import re

from twelve.errors import Invalid

LONGEST = 63
"""Bytes of a Postgres identifier."""

RESERVED = frozenset({"twelve", "default", "postgres", "template0", "template1", "public", "none"})
"""Users and databases that the servers have already, and words that SQL keeps for itself."""

RESERVED = frozenset({"twelve", "default", "postgres", "template0", "template1", "public", "none"})
"""Users and databases that the servers have already, and words that SQL keeps for itself."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")


def check_name(name: str) -> str:
    """The name, when every server takes it without quotes. Raises Invalid."""
    if not _NAME.match(name):
        raise Invalid(
            f"{name!r} cannot be the name of a resource",
            hint="write a small letter, then at most 62 small letters, digits or underscores",
        )
    if name in RESERVED or name.startswith("pg_"):
        raise Invalid(f"{name!r} is a name of the server's own", hint="choose another")
    if name in RESERVED or name.startswith("pg_"):
        raise Invalid(f"{name!r} is a name of the server's own", hint="choose another")
    return name


def name_for(app: str, deploy: str, variable: str) -> str:
    """A name that says whose resource it is, and that no other deploy's variable shares.

    The digest keeps ``a-b`` of ``c`` and ``a`` of ``b-c`` apart, and long names unique when cut.
    """
    whole = f"{app}\0{deploy}\0{variable}"
    digest = hashlib.sha256(whole.encode()).hexdigest()[:8]
    readable = re.sub(r"[^a-z0-9]+", "_", f"{app}_{deploy}_{variable}".lower()).strip("_")
    if not readable[:1].isalpha() or readable.startswith("pg_"):
        readable = f"r_{readable}"
    return f"{readable[: LONGEST - len(digest) - 1]}_{digest}"
