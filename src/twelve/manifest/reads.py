"""Which variables a codebase reads, as its text shows: for ``twelve init`` to write them down."""

import re
from collections.abc import Iterable

from twelve.factors.config.names import RESERVED

_NAME = r"([A-Z][A-Z0-9_]+)"
_QUOTED = rf"""["']{_NAME}["']"""
_PATTERNS = (
    # os.environ["X"], os.environ.get("X", …), os.getenv("X")
    rf"environ(?:\.get|\.setdefault)?\s*[\[(]\s*{_QUOTED}\s*([,\])])",
    rf"getenv\s*\(\s*{_QUOTED}\s*([,)])",
    # django-environ, environs, decouple: env("X"), env.str("X"), config("X")
    rf"\b(?:env|config)(?:\.\w+)?\s*\(\s*{_QUOTED}\s*([,)])",
    # process.env.X, process.env["X"]
    rf"process\.env(?:\.{_NAME}\b|\[\s*{_QUOTED}\s*\])(\s*(?:\|\||\?\?))?",
)
_SOFT = re.compile(r"\.get\(|getenv")
"""Gives nothing instead of failing."""

_COMPILED = tuple(re.compile(pattern) for pattern in _PATTERNS)

STRANGERS = frozenset({"DJANGO_SETTINGS_MODULE", "NODE_ENV", "PYTHONPATH", "CI", "DEBUG", "PWD"})
"""Not config of a deploy: set by tools, or switches of development."""


def variables_read(texts: Iterable[str]) -> dict[str, bool]:
    """Name to whether it must be set: a read with a fallback, somewhere, makes it optional."""
    found: dict[str, bool] = {}
    for text in texts:
        for pattern in _COMPILED:
            for match in pattern.finditer(text):
                groups = [group for group in match.groups() if group is not None]
                name, after = groups[0], (groups[1] if len(groups) > 1 else "")
                required = after.strip() in {"", "]", ")"} and not _SOFT.search(match.group(0))
                if name not in RESERVED and name not in STRANGERS:
                    found[name] = found.get(name, True) and required
    return dict(sorted(found.items()))
