""".env.example: a contract that many codebases have already.

Its values are examples. They are seen by build hooks and never given to a process: a file that
says DEBUG=1 for a laptop must not say so for production.
"""

import re

from twelve.factors.config.contract import Declared
from twelve.factors.config.dotenv import Entry, read_dotenv
from twelve.factors.config.names import reserved_problem
from twelve.factors.config.secret import looks_secret
from twelve.factors.resources.kinds import RESOURCE_KINDS, Kind, kind_for_variable
from twelve.manifest.table import Faults

SOURCE = ".env.example"

_OPTIONAL = re.compile(r"^#+\s*[\[(]?optional\b", re.IGNORECASE | re.MULTILINE)
# What stands for a value that somebody has to fill in says no more than an empty one.
_TO_FILL_IN = re.compile(r"<.*>|(your|change|replace|insert)[-_ ]?.*|x{3,}|\.{3}|…", re.IGNORECASE)


def read_env_example(data: bytes, faults: Faults) -> dict[str, Declared]:
    """A contract: a key without a value, a secret or a resource is required, the rest is optional.

    A comment that begins with ``optional``, beside the key or above it, makes it so.
    """
    entries, problems = read_dotenv(data, SOURCE)
    faults.found.extend(problems)
    found = {}
    for entry in entries:
        if fault := reserved_problem(entry.name):
            faults.note(f"{SOURCE}:{entry.line}", f"{entry.name} {fault}")
        else:
            found[entry.name] = _declared(entry)
    return found


def _declared(entry: Entry) -> Declared:
    kind = _kind(entry)
    secret = kind is not None or looks_secret(entry.name, entry.value)
    example = "" if _TO_FILL_IN.fullmatch(entry.value) else entry.value
    optional = _OPTIONAL.search(entry.note) is not None
    return Declared(
        required=not optional and (secret or not example),
        secret=secret,
        # A hook must not reach for the server that an example names.
        build=kind.placeholder if kind else None,
        example=example,
        description=" ".join(line.lstrip("# ").strip() for line in entry.note.split("\n")).strip(),
        kind=kind.name if kind else "",
    )


def _kind(entry: Entry) -> Kind | None:
    """The kind of resource that could fill the variable: by the example's scheme, else its name."""
    scheme = entry.value.partition("://")[0].partition("+")[0] if "://" in entry.value else ""
    if not scheme:
        return kind_for_variable(entry.name) if not entry.value else None
    kinds = (kind for kind in RESOURCE_KINDS.values() if scheme.lower() in kind.schemes)
    # Any server may stand behind a unix socket: there the variable's name has the say.
    return next((k for k in kinds if scheme != "unix" or k.variable == entry.name), None)
